import assert from "node:assert/strict";
import test from "node:test";

import { ES } from "../../../studio/components/ui/drawing.mjs";
import { createInstant } from "../../../studio/components/ui/instant.mjs";

const turn = () => new Promise((done) => setImmediate(done));

const drawing = (name) => ({ name, contours: `${name} at 0`, heart_rate: 60 });
const beatOf = ({ name }, phases = [0, 0.2, ES, 0.7]) => ({
  phases, beat: phases.map((phase) => `${name} at ${phase}`), volumes: phases.map(() => 1), warnings: [`${name} is odd.`],
});

/** A table that shows `a`, and a server that answers when it is told to. */
function table(t) {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const asked = [];
  const s = { asked, kept: drawing("a"), draft: null, held: false, warned: [] };
  const latest = () => s.draft ?? s.kept;
  s.instant = createInstant({
    kept: () => s.kept, latest, isHeld: () => s.held, isMounted: () => true,
    pose: (of) => new Promise((resolve, reject) => asked.push({ of, resolve, reject })),
    draw() {}, warn: (sentences) => (s.warned = sentences), showPlaying() {},
  });
  s.shown = () => [s.instant.contours(), s.instant.isFresh()];
  s.answer = async (answer = beatOf(asked[0].of)) => (asked.shift().resolve(answer), await turn());
  s.fail = async () => (asked.shift().reject(new Error("gone")), await turn());
  s.change = (name) => {
    s.kept = drawing(name);
    s.instant.settle();
    s.instant.refresh();
  };
  return s;
}

test("an instant is shown as soon as the beat of the drawing is known, end-diastole always", async (t) => {
  const s = table(t);
  s.instant.refresh();
  s.instant.go(ES);
  assert.deepEqual(s.shown(), ["a at 0", false]);
  await s.answer();
  assert.deepEqual([...s.shown(), s.warned], [`a at ${ES}`, true, ["a is odd."]]);
  s.instant.step(1);
  assert.deepEqual(s.shown(), ["a at 0.7", true]);
  s.instant.step(1);
  s.instant.step(-1);
  assert.deepEqual(s.shown(), ["a at 0.7", true]);
  s.change("b");
  assert.deepEqual(s.shown(), ["a at 0.7", false]);
  s.instant.go(0);
  assert.deepEqual(s.shown(), ["b at 0", true]);
});

test("the beat of a drawing that is no more is not taken for that of the drawing", async (t) => {
  const s = table(t);
  s.instant.refresh();
  s.instant.go(ES);
  for (const name of ["b", "c", "d"]) s.change(name);
  await s.answer();
  assert.equal(s.instant.isFresh(), false);
  assert.deepEqual(s.asked.map(({ of }) => of.name), ["d"]);
  await s.answer();
  assert.deepEqual([...s.shown(), s.asked.length], [`d at ${ES}`, true, 0]);
});

test("what is pulled stays on screen while it is, is fresh once it is kept, and goes again when it is not", async (t) => {
  const s = table(t);
  s.instant.refresh();
  await s.answer();
  s.instant.go(ES);
  for (const isKept of [true, false]) {
    s.held = true;
    s.draft = drawing("pulled");
    s.instant.hold("pulled at hand", s.draft);
    s.instant.refresh();
    await s.answer();
    s.instant.go(0);
    assert.deepEqual(s.shown(), ["pulled at hand", false]);
    s.held = false;
    if (isKept) s.kept = s.draft;
    s.draft = null;
    s.instant.settle();
    assert.equal(s.instant.isFresh(), isKept);
    s.instant.refresh();
    await s.answer();
    assert.deepEqual(s.shown(), [`pulled at ${ES}`, true]);
  }
});

test("another instant of what was pulled and kept is not fresh before its beat is known", async (t) => {
  const s = table(t);
  s.instant.refresh();
  await s.answer();
  s.instant.go(ES);
  s.kept = drawing("b");
  s.instant.hold("b at hand", s.kept);
  assert.equal(s.instant.isFresh(), true);
  s.instant.go(0.2);
  assert.equal(s.instant.isFresh(), false);
});

test("an instant that the beat has no more gives way to the nearest", async (t) => {
  const s = table(t);
  s.instant.refresh();
  await s.answer();
  s.instant.go(0.7);
  s.change("b");
  await s.answer(beatOf(s.kept, [0, 0.25, 0.5, 0.75]));
  assert.deepEqual([s.instant.phase(), ...s.shown()], [0.75, "b at 0.75", true]);
});

test("a refusal of what was pulled and let go is no word about the drawing", async (t) => {
  const s = table(t);
  s.instant.refresh();
  await s.answer();
  s.instant.go(ES);
  s.draft = drawing("too much");
  s.instant.hold("at hand", s.draft);
  s.instant.refresh();
  s.draft = null;
  s.instant.settle();
  s.instant.refresh();
  await s.answer({ message: "Too much." });
  await s.answer();
  assert.deepEqual([...s.shown(), s.warned], [`a at ${ES}`, true, ["a is odd."]]);
});

test("a drawing without a beat is shown at end-diastole, a server that is gone is asked again", async (t) => {
  const s = table(t);
  s.instant.refresh();
  s.instant.go(ES);
  await s.answer({ message: "No heart." });
  assert.deepEqual([s.instant.phase(), s.warned, ...s.shown()], [0, ["No heart."], "a at 0", true]);
  s.instant.refresh();
  await s.fail();
  assert.match(s.warned.join(), /does not answer/);
  assert.equal(s.asked.length, 0);
  t.mock.timers.tick(3000);
  await s.answer();
  assert.deepEqual(s.warned, ["a is odd."]);
});
