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
