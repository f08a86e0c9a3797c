import assert from "node:assert/strict";
import test from "node:test";

import { clampPoint, panView, sectorPath, toMm, toPixels, whole, zoomOf, zoomView } from "../../../studio/components/ui/frame.mjs";

const frame = { width: 256, height: 256, mm_per_pixel: [0.61, 0.55], apex: [127.5, 7.68] };

test("millimetres and pixels are each other's inverse", () => {
  for (const point of [[0, 0], [-33.3, 71.2], [50, 150]]) {
    toMm(frame, toPixels(frame, point)).forEach((value, k) => assert.ok(Math.abs(value - point[k]) < 1e-9));
  }
  assert.deepEqual(toPixels(frame, [0, 0]), frame.apex);
});

test("zooming keeps the pixel under the pointer, and stays inside the frame", () => {
  const view = zoomView(whole(frame), frame, [100, 60], 2);
  assert.equal(zoomOf(view, frame), 2);
  const fraction = (value, start, length) => (value - start) / length;
  assert.ok(Math.abs(fraction(100, view.x, view.width) - fraction(100, -0.5, 256)) < 1e-9);
  assert.deepEqual(zoomView(view, frame, [100, 60], 0.01), whole(frame));
  assert.equal(zoomOf(zoomView(view, frame, [100, 60], 1e6), frame), 12);
  const panned = panView(view, frame, [1e4, -1e4]);
  assert.deepEqual([panned.x + panned.width, panned.y], [255.5, -0.5]);
});

test("points stay on the frame", () => {
  assert.deepEqual(clampPoint(frame, [-5, 300]), [0, 255]);
  assert.deepEqual(clampPoint(frame, [5, 30]), [5, 30]);
});

test("the sector's outline starts at the probe and is as wide as its opening", () => {
  const d = sectorPath({ ...frame, mm_per_pixel: [1, 1], apex: [0, 0] }, { depth: 100, opening: 60 });
  const [corner] = d.match(/L(-?[\d.]+ -?[\d.]+)/).slice(1);
  const [x, y] = corner.split(" ").map(Number);
  assert.ok(d.startsWith("M0 0") && Math.abs(x + 50) < 1e-6 && Math.abs(y - 86.6025) < 1e-3);
});
