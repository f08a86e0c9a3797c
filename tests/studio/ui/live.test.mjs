import assert from "node:assert/strict";
import test from "node:test";

import { createLive } from "../../../studio/components/ui/live.mjs";

/** Everything that waits for a promise has gone on. */
const turn = () => new Promise((done) => setImmediate(done));

/** Time that passes only when it is told to, and a server that answers only when it is told to. */
function stage(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const [requests, shown] = [[], []];
  let most = 0;
  const live = createLive({
    ask(request) {
      const waiting = requests.filter((each) => !each.answered).length + 1;
      most = Math.max(most, waiting);
      return new Promise((resolve, reject) => requests.push({ ...request, resolve, reject }));
    },
    show: (clip, request) => shown.push({ clip, ...request }),
  });
  return {
    live,
    requests,
    shown,
    most: () => most,
    names: () => requests.map(({ drawing, draft }) => drawing + (draft ? "" : "!")),
    async answer(answer = { clip: "clip" }) {
      const open = requests.find((each) => !each.answered);
      open.answered = true;
      open.resolve(answer);
      await turn();
    },
    async fail() {
      const open = requests.find((each) => !each.answered);
      open.answered = true;
      open.reject(new Error("the server is gone"));
      await turn();
    },
    async pass(ms) {
      t.mock.timers.tick(ms);
      await turn();
    },
  };
}

test("a change is asked for at once as a draft, and once it has settled in full quality, once", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  assert.deepEqual(s.names(), ["a"]);
  await s.answer({ clip: 1 });
  assert.deepEqual(s.shown, [{ clip: 1, drawing: "a", draft: true }]);
  await s.pass(340);
  assert.deepEqual(s.names(), ["a"]);
  await s.pass(20);
  assert.deepEqual(s.names(), ["a", "a!"]);
  await s.answer({ clip: 2 });
  await s.pass(100_000);
  assert.deepEqual(s.names(), ["a", "a!"]);
  assert.deepEqual(s.shown.at(-1), { clip: 2, drawing: "a", draft: false });
});

test("where there is no better clip none is asked for, until the drawing or the model is another", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  await s.answer({ clip: 1, final: true });
  await s.pass(100_000);
  s.live.want({ drawing: "a" });
  await s.pass(100_000);
  assert.deepEqual(s.names(), ["a"]);
  s.live.want({ drawing: "a", model: "another" });
  await s.answer({ clip: 2 });
  await s.pass(400);
  assert.deepEqual(s.names(), ["a", "a", "a!"]);
  await s.answer({ clip: 3, final: true });
  s.live.want({ drawing: "a" });
  await s.answer({ clip: 4, final: true });
  await s.pass(100_000);
  assert.deepEqual(s.names(), ["a", "a", "a!", "a"]);
  assert.deepEqual(s.shown.map(({ clip }) => clip), [1, 2, 3, 4]);
});

test("the latest wins: what is superseded while the server works is never asked for", async (t) => {
  const s = stage(t);
  for (let i = 0; i < 50; i++) s.live.want({ drawing: `${i}` });
  assert.deepEqual(s.names(), ["0"]);
  await s.answer();
  assert.deepEqual(s.names(), ["0", "49"]);
  await s.answer();
  assert.deepEqual(s.shown.map(({ drawing }) => drawing), ["0", "49"]);
});

test("through any course of changes and answers never two are asked at once, and the last word is the last change in full", async (t) => {
  let seed = 3;
  const random = () => ((seed = (seed * 16807) % 2147483647), seed / 2147483647);
  for (let run = 0; run < 20; run++) {
    const s = stage(t);
    let last = "";
    for (let step = 0; step < 60; step++) {
      const dice = random();
      if (dice < 0.4) s.live.want({ drawing: (last = `${run}.${step}`) });
      else if (dice < 0.6) await s.pass(500 * random());
      else if (s.requests.some((each) => !each.answered)) await s.answer(random() < 0.3 ? { busy: true } : { clip: step });
    }
    s.live.want({ drawing: (last = `${run}.last`) });
    for (let step = 0; step < 10; step++) {
      if (s.requests.some((each) => !each.answered)) await s.answer();
      await s.pass(500);
    }
    assert.equal(s.most(), 1);
    assert.deepEqual(s.names().slice(-1), [`${last}!`]);
    assert.equal(s.names().filter((name) => name === `${last}!`).length, 1);
    assert.deepEqual([s.shown.at(-1).drawing, s.shown.at(-1).draft], [last, false]);
    t.mock.timers.reset();
  }
});

test("what changes nothing asks for no second draft, yet puts off full quality", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  await s.answer();
  await s.pass(300);
  s.live.want({ drawing: "a" });
  await s.pass(300);
  assert.deepEqual(s.names(), ["a"]);
  await s.pass(60);
  assert.deepEqual(s.names(), ["a", "a!"]);
  s.live.want({ drawing: "a", model: "another" });
  await s.answer();
  assert.deepEqual(s.names(), ["a", "a!", "a"]);
});

test("while changes go on there is no full quality", async (t) => {
  const s = stage(t);
  for (let i = 0; i < 20; i++) {
    s.live.want({ drawing: `${i}` });
    await s.answer();
    await s.pass(300);
  }
  assert.ok(s.names().every((name) => !name.endsWith("!")));
});

test("a busy device is asked again after a while, and not in between", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  await s.pass(400);
  await s.answer({ clip: 1 }); // the draft, late: full quality is what is wanted by now
  assert.deepEqual(s.names(), ["a", "a!"]);
  await s.answer({ busy: true });
  assert.deepEqual(s.names(), ["a", "a!"]);
  await s.pass(390);
  assert.deepEqual(s.names(), ["a", "a!"]);
  await s.pass(20);
  assert.deepEqual(s.names(), ["a", "a!", "a!"]);
  await s.answer({ clip: 2 });
  assert.deepEqual(s.shown.map(({ clip }) => clip), [1, 2]);
});

test("a change while the device is busy takes the place of what was to be asked again", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  await s.answer({ busy: true });
  s.live.want({ drawing: "b" });
  await s.pass(400);
  assert.equal(s.names().filter((name) => name.startsWith("a")).length, 1);
  assert.equal(s.names()[1][0], "b");
});

test("a refusal shows nothing, is not asked again as it is, and the next change is asked for", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  await s.answer({ message: "No." });
  await s.pass(100_000);
  await s.answer({ message: "No." });
  await s.pass(100_000);
  assert.deepEqual([s.names(), s.shown], [["a", "a!"], []]);
  s.live.want({ drawing: "b" });
  await s.answer();
  assert.equal(s.shown.length, 1);
});

test("stopped, nothing more is asked for, whatever the server still says", async (t) => {
  for (const late of [{ clip: 1 }, { busy: true }, { message: "No." }]) {
    const s = stage(t);
    s.live.want({ drawing: "a" });
    s.live.want({ drawing: "b" });
    s.live.stop();
    await s.answer(late);
    await s.pass(100_000);
    assert.deepEqual([s.names(), s.shown], [["a"], []], JSON.stringify(late));
    s.live.want({ drawing: "c" });
    await s.pass(1000);
    assert.equal(s.names()[1]?.[0], "c");
    t.mock.timers.reset();
  }
});

test("a server that is gone is asked again with the next change", async (t) => {
  const s = stage(t);
  s.live.want({ drawing: "a" });
  await s.fail();
  s.live.want({ drawing: "b" });
  s.live.want({ drawing: "c" });
  await s.fail();
  assert.deepEqual(s.names(), ["a", "b", "c"]);
  await s.answer();
  assert.deepEqual(s.shown.map(({ drawing }) => drawing), ["c"]);
});
