import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { createDocument } from "../../../studio/components/ui/document.mjs";

const [{ drawing }] = JSON.parse(readFileSync(new URL("drawing.json", import.meta.url)));
const FRAME = { width: 256, height: 256, mm_per_pixel: [0.6, 0.6], apex: [127.5, 8] };

/** A document on a page that notes what it is told. */
function page(t, more = {}) {
  let time = 0;
  t.mock.method(performance, "now", () => time);
  const value = { doc: "a", rev: 0, drawing: { ...drawing, sketch: [], directions: {} }, frame: FRAME, backdrop: null, model: "m", question: null, ...more };
  const props = { value };
  const [edits, taken, said, asked] = [[], [], [], []];
  let [restored, drawn] = [0, 0];
  const doc = createDocument({
    props,
    trigger: (_, edit) => edits.push(edit),
    take: (before, atEd) => taken.push({ before, atEd, now: doc.value() }),
    draw: () => drawn++,
    restore: () => restored++,
    wait() {},
    ask: (question) => asked.push(question),
    say: (sentences) => said.push(...sentences),
  });
  const set = (change) => ({ ...doc.value().drawing, ...change });
  const send = (change) => doc.receive({ ...doc.value(), ...change });
  return {
    doc, props, edits, taken, said, asked, value, set, send,
    restored: () => restored, drawn: () => drawn, pass: (ms) => (time += ms), past: () => doc.steps().past.length,
  };
}

test("a change is one revision and one step, told once; what changes nothing is none", (t) => {
  const p = page(t);
  p.doc.put("pen", p.set({ start: 0.25 }));
  assert.deepEqual(p.edits, [{ kind: "pen", rev: 1 }]);
  assert.deepEqual([p.props.value.rev, p.props.value.drawing.start, p.past()], [1, 0.25, 1]);
  p.doc.put("pen", p.set({}));
  assert.deepEqual([p.edits.length, p.taken.length, p.past(), p.restored()], [1, 1, 1, 1]);
});

test("there and back again is the same document, at ever higher revisions", (t) => {
  const p = page(t);
  for (const start of [0.1, 0.2, 0.3]) p.doc.put("pen", p.set({ start }));
  for (const [way, start] of [["undo", 0.2], ["undo", 0.1], ["redo", 0.2], ["undo", 0.1]]) {
    p.doc.travel(way);
    assert.equal(p.props.value.drawing.start, start);
  }
  p.doc.travel("undo");
  assert.deepEqual({ ...p.props.value, rev: 0 }, p.value);
  p.doc.travel("undo");
  assert.deepEqual([p.edits.at(-1), p.edits.length], [{ kind: "undo", rev: 8 }, 8]);
});

test("a slider's moves on the page are one step as long as they follow each other", (t) => {
  const p = page(t);
  for (const [lvef, ms, steps] of [[48, 0, 1], [45, 700, 1], [40, 700, 1], [35, 900, 2]]) {
    p.pass(ms);
    p.send({ rev: p.doc.value().rev + 1, drawing: p.set({ lvef }) });
    assert.deepEqual([p.doc.value().drawing.lvef, p.past()], [lvef, steps]);
  }
  p.send({ rev: p.doc.value().rev + 1, drawing: p.set({ heart_rate: 99 }) });
  assert.equal(p.past(), 3);
  assert.deepEqual(p.edits, []);
});

test("of what Python sends the late is left out, of the simultaneous only the picture is taken, another drawing starts anew", (t) => {
  const p = page(t);
  p.doc.put("pen", p.set({ start: 0.5 }));
  const shown = p.doc.value();
  p.send({ rev: 0, drawing: p.value.drawing });
  assert.ok(p.doc.value() === shown && p.props.value === shown);
  p.send({ rev: 1, drawing: p.value.drawing, backdrop: "picture" });
  assert.deepEqual([p.doc.value().drawing, p.doc.value().backdrop, p.drawn()], [shown.drawing, "picture", 1]);
  p.send({ rev: 1, frame: { ...FRAME, width: 200 }, backdrop: "another" });
  assert.deepEqual([p.doc.value().frame, p.doc.value().backdrop, p.taken.length], [FRAME, "picture", 1]);
  p.send({ doc: "b", rev: 0, drawing: p.value.drawing });
  assert.deepEqual([p.past(), p.taken.at(-1).atEd, p.taken.at(-1).before.doc], [0, true, "a"]);
});

test("a question is asked once", (t) => {
  const p = page(t);
  for (const [rev, token] of [[1, "x"], [1, "x"], [2, "x"], [3, "y"]]) p.send({ rev, question: { token } });
  assert.deepEqual(p.asked, [{ token: "x" }, { token: "y" }]);
});

test("what the server made is one step; the page's sliders go on meanwhile, unless it is another heart", async (t) => {
  for (const [kind, lvef] of [["sketch", 33], ["heart", 60], ["paint", 60], ["find", 33]]) {
    const p = page(t);
    let answer;
    const adopted = p.doc.adopt(kind, new Promise((resolve) => (answer = resolve)));
    assert.ok(p.doc.isBusy());
    p.doc.put("pen", p.set({ start: 0.5 }));
    assert.equal(p.edits.length, 0);
    p.send({ rev: 1, drawing: p.set({ lvef: 33 }) });
    answer({ drawing: { ...p.value.drawing, lvef: 60, sketch: [{ points: [[0, 0]], pressure: [1] }] } });
    await adopted;
    const made = p.doc.value().drawing;
    assert.deepEqual([p.doc.isBusy(), p.edits, made.lvef, made.sketch.length], [false, [{ kind, rev: 2 }], lvef, 1], kind);
    assert.equal(p.taken.at(-1).atEd, kind === "heart" || kind === "find");
  }
});

test("an answer that is refused, too much, too late or never comes is told and changes nothing", async (t) => {
  const stroke = { points: [[0, 0]], pressure: [1] };
  const large = { ...drawing, directions: {}, sketch: Array(501).fill(stroke) };
  for (const [answer, words] of [[{ message: "No heart." }, /^No heart/], [null, /does not answer/], [new Error(), /does not answer/], [{ drawing: large }, /no room/]]) {
    const p = page(t);
    await p.doc.adopt("sketch", answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer));
    assert.match(p.said.join(), words);
    assert.deepEqual([p.doc.value(), p.doc.isBusy(), p.past()], [p.value, false, 0]);
  }
  const p = page(t);
  const adopted = p.doc.adopt("sketch", Promise.resolve({ drawing: { ...p.value.drawing, sketch: [stroke] } }));
  p.send({ rev: 1, drawing: p.set({ directions: { septal_leaflet: [[0, 0], [1, 1]] } }) });
  await adopted;
  assert.match(p.said.join(), /changed meanwhile/);
  assert.deepEqual([p.edits, p.doc.value().drawing.sketch], [[], []]);
});

test("a drawing with more than it may hold is refused with a sentence, and what is kept comes back", (t) => {
  const p = page(t);
  p.doc.put("drag", p.set({ keys: Array.from({ length: 17 }, (_, i) => ({ phase: (i + 1) / 20, offsets: {} })) }));
  assert.match(p.said.join(), /16 instants/);
  assert.deepEqual([p.restored(), p.edits, p.props.value], [1, [], p.value]);
});
