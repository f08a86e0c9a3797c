import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { area, distanceTo } from "../../../studio/components/ui/measure.mjs";
import { inside, sample } from "../../../studio/components/ui/spline.mjs";
import { erase, fromContours, outline, simplify } from "../../../studio/components/ui/strokes.mjs";

const { hearts } = JSON.parse(readFileSync(new URL("geometry.json", import.meta.url)));

function seeded(seed) {
  return () => ((seed = (seed * 16807) % 2147483647), seed / 2147483647);
}

/** A wandering stroke of `count` points. */
function wandering(random, count) {
  let [x, y] = [60 * random(), 60 * random()];
  const points = Array.from({ length: count }, () => [(x += 6 * random() - 3), (y += 6 * random() - 2)]);
  return { points, pressure: points.map(() => random()) };
}

const length = ({ points }) => points.slice(1).reduce((sum, [x, y], i) => sum + Math.hypot(x - points[i][0], y - points[i][1]), 0);
/** mm to a polyline, which may be one point. */
const away = (line, point) => distanceTo(line.length > 1 ? line : [line[0], line[0]], point);

test("a line is cut exactly where the eraser's disc begins and ends", () => {
  const line = { points: [[0, 0], [100, 0]], pressure: [0, 1] };
  const [left, right] = erase([line], [[40, 3]], 5);
  assert.deepEqual(left.points, [[0, 0], [36, 0]]);
  assert.deepEqual(right.points, [[44, 0], [100, 0]]);
  assert.ok(Math.abs(left.pressure[1] - 0.36) < 1e-12 && Math.abs(right.pressure[0] - 0.44) < 1e-12);
  const swept = erase([line], [[40, -50], [40, 50]], 5); // fast, so that no event lies near the line
  assert.deepEqual(swept.map(({ points }) => points), [[[0, 0], [35, 0]], [[45, 0], [100, 0]]]);
});

test("nothing is left under the eraser and all that is elsewhere stays, over random strokes and paths", () => {
  const random = seeded(3);
  for (let run = 0; run < 60; run++) {
    const strokes = [2, 9, 40].map((count) => wandering(random, count));
    const frozen = JSON.stringify(strokes);
    const path = wandering(random, 1 + Math.floor(4 * random())).points;
    const radius = 1 + 8 * random();
    const left = erase(strokes, path, radius);
    for (const stroke of left) {
      assert.equal(stroke.points.length, stroke.pressure.length);
      for (const point of sample(stroke.points, 1)) assert.ok(away(path, point) >= radius - 1e-6);
      for (let i = 1; i < stroke.points.length; i++) {
        const [a, b] = [stroke.points[i - 1], stroke.points[i]];
        assert.ok(away(path, [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]) >= radius - 1e-6);
      }
      assert.ok(strokes.includes(stroke) || length(stroke) >= 1);
      assert.ok(stroke.pressure.every((value) => value >= 0 && value <= 1));
    }
    // every place that is far from the eraser is still drawn, but for scraps
    for (const { points } of strokes) {
      for (const point of points) {
        if (away(path, point) > radius + 1.01) assert.ok(left.some((stroke) => away(stroke.points, point) < 1e-6));
      }
    }
    assert.equal(JSON.stringify(strokes), frozen);
  }
});

test("strokes that are missed are the same objects, scraps and touched dots vanish", () => {
  const [far, dot] = [{ points: [[0, 0], [0.4, 0]], pressure: [1, 1] }, { points: [[50, 50]], pressure: [1] }];
  assert.deepEqual(erase([far, dot], [[20, 20], [22, 20]], 5).map((stroke) => stroke === far || stroke === dot), [true, true]);
  assert.deepEqual(erase([far, dot], [[51, 50]], 5), [far]);
  const short = { points: [[0, 0], [10, 0]], pressure: [1, 1] };
  assert.deepEqual(erase([short], [[5, 0]], 4.5), []);
  assert.deepEqual(erase([short], [], 5), [short]);
  const still = { points: [[0, 0], [0, 0], [10, 0]], pressure: [1, 1, 1] };
  assert.deepEqual(erase([still], [[10, 0]], 4)[0].points.at(-1), [6, 0]);
});

test("a simpler stroke keeps its ends, its way and its pressure", () => {
  const random = seeded(4);
  for (let run = 0; run < 40; run++) {
    const stroke = wandering(random, 120);
    stroke.pressure = stroke.points.map((_, i) => 0.5 + 0.4 * Math.sin(i / 9));
    const tolerance = 0.2 + 3 * random();
    const simple = simplify(stroke, tolerance);
    assert.deepEqual([simple.points[0], simple.points.at(-1)], [stroke.points[0], stroke.points.at(-1)]);
    assert.equal(simple.points.length, simple.pressure.length);
    assert.ok(simple.points.length <= stroke.points.length);
    for (const point of stroke.points) assert.ok(distanceTo(simple.points, point) <= tolerance + 1e-9);
    simple.points.forEach((point, i) => assert.equal(simple.pressure[i], stroke.pressure[stroke.points.indexOf(point)]));
  }
  const straight = { points: Array.from({ length: 50 }, (_, i) => [i, 2 * i]), pressure: Array(50).fill(0.5) };
  assert.deepEqual(simplify(straight, 0.1).points, [[0, 0], [49, 98]]);
  const pressed = { ...straight, pressure: straight.pressure.map((_, i) => (i === 25 ? 1 : 0.5)) };
  assert.ok(simplify(pressed, 0.1).pressure.includes(1));
});

test("an outline is as wide as the pen was pressed, and round at its ends", () => {
  const round = (width) => (Math.PI / 4) * width ** 2;
  for (const [pressure, width] of [[1, 6], [0.5, 4], [0, 2]]) {
    const line = { points: [[0, 0], [10, 0], [30, 0]], pressure: [pressure, pressure, pressure] };
    const polygon = outline(line, 6);
    assert.ok(Math.abs(area(polygon) - (30 * width + round(width))) < 0.03 * round(width) + 1e-9);
    assert.deepEqual([inside(polygon, [15, 0.49 * width]), inside(polygon, [15, 0.51 * width])], [true, false]);
    assert.ok(Math.abs(Math.min(...polygon.map(([x]) => x)) + width / 2) < 1e-9);
  }
  const dot = outline({ points: [[5, 5], [5, 5]], pressure: [1, 1] }, 2);
  assert.ok(Math.abs(area(dot) - Math.PI) < 0.1 && inside(dot, [5, 5]));
  const random = seeded(5);
  for (let run = 0; run < 20; run++) assert.ok(outline(wandering(random, 30), 3).flat().every(Number.isFinite));
});

test("the contours as strokes are the curves on screen", () => {
  const { contours } = hearts.normal;
  const strokes = fromContours(contours);
  assert.equal(strokes.length, 5);
  assert.deepEqual(strokes[0].points, sample(contours.lv_endo, 6));
  for (const { points, pressure } of strokes) assert.equal(points.length, pressure.length);
});
