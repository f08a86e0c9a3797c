import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { beziers, inside, path, sample } from "../../../studio/components/ui/spline.mjs";

const { curves } = JSON.parse(readFileSync(new URL("geometry.json", import.meta.url)));

test("the browser draws the curve that the engine rasterises", () => {
  assert.ok(curves.length > 5);
  for (const { points, per_segment, curve } of curves) {
    const drawn = sample(points, per_segment);
    assert.equal(drawn.length, curve.length);
    drawn.forEach(([x, y], i) => assert.ok(Math.hypot(x - curve[i][0], y - curve[i][1]) < 1e-6));
  }
});

test("a path starts and ends on the control points", () => {
  const points = [[0, 0], [10, 5], [20, -5]];
  assert.match(path(points), /^M0\.00 0\.00C.* 20\.00 -5\.00$/);
  assert.deepEqual(beziers(points).map((curve) => curve[3]), points.slice(1));
});

test("inside and outside of a square with a notch", () => {
  const notched = [[0, 0], [10, 0], [10, 10], [5, 2], [0, 10]];
  assert.equal(inside(notched, [1, 5]), true);
  assert.equal(inside(notched, [5, 5]), false);
  assert.equal(inside(notched, [11, 5]), false);
});
