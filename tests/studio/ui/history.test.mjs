import assert from "node:assert/strict";
import test from "node:test";

import { EMPTY, record, redo, undo } from "../../../studio/components/ui/history.mjs";

test("every change can be undone and redone in order", () => {
  let history = EMPTY;
  for (let state = 0; state < 5; state++) history = record(history, state);
  let now = 5;
  const seen = [];
  for (let move; (move = undo(history, now)); ) [history, now] = [move.history, (seen.push(move.state), move.state)];
  assert.deepEqual(seen, [4, 3, 2, 1, 0]);
  for (let move; (move = redo(history, now)); ) [history, now] = [move.history, (seen.push(move.state), move.state)];
  assert.deepEqual(seen.slice(5), [1, 2, 3, 4, 5]);
});

test("a new change forgets what had been undone", () => {
  const move = undo(record(record(EMPTY, "a"), "b"), "c");
  assert.equal(redo(record(move.history, move.state), "d"), null);
});

test("there is nothing to undo at first, and the past is bounded", () => {
  assert.equal(undo(EMPTY, 0), null);
  let history = EMPTY;
  for (let state = 0; state < 1000; state++) history = record(history, state);
  assert.equal(history.past.length, 200);
  assert.equal(history.past.at(-1), 999);
});

test("changes of one kind in quick succession are one step, until a pause, another kind or an undo", () => {
  let history = EMPTY;
  const change = (before, kind, at) => (history = record(history, before, { kind, at }));
  for (let i = 0; i < 50; i++) change(`slider ${i}`, "lvef", 1000 + 500 * i);
  assert.deepEqual(history.past, ["slider 0"]);
  change("nudge", "nudge", 25600);
  change("again", "lvef", 25700);
  change("later", "lvef", 26500);
  assert.deepEqual(history.past, ["slider 0", "nudge", "again", "later"]);
  const back = undo(history, "now");
  history = back.history;
  change(back.state, "lvef", 26600);
  assert.deepEqual(history, { past: ["slider 0", "nudge", "again", "later"], future: [], latest: { kind: "lvef", at: 26600 } });
  assert.deepEqual(record(record(history, "x"), "y").past.slice(-2), ["x", "y"]);
});

test("going on with a change forgets what had been undone, too, and the past stays bounded", () => {
  let history = EMPTY;
  for (let i = 0; i < 500; i++) history = record(history, i, { kind: "drag", at: 1000 * i });
  assert.equal(history.past.length, 200);
  const more = record({ ...history, future: ["x"] }, 500, { kind: "drag", at: 499 * 1000 + 799 });
  assert.deepEqual([more.past.at(-1), more.future], [499, []]);
});
