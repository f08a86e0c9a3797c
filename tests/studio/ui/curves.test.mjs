import assert from "node:assert/strict";
import test from "node:test";

import { axes, curve, shades, ticks } from "../../../studio/components/ui/curves.mjs";

test("ticks are round, begin at 0 and reach what is shown", () => {
  assert.deepEqual(ticks(101, 4), [0, 40, 80, 120]);
  assert.deepEqual(ticks(120, 4), [0, 40, 80, 120]);
  assert.deepEqual(ticks(0.8, 7), [0, 0.2, 0.4, 0.6, 0.8]);
  for (let high = 0.013; high < 900; high *= 1.07) {
    for (const most of [2, 4, 7]) {
      const all = ticks(high, most);
      assert.ok(all.length <= most && all.length >= 2, `${all} for ${high}`);
      assert.ok(all.at(-1) >= high * (1 - 1e-9) && all.at(-2) < high);
    }
  }
});

test("the axes span the longest clip and the largest volume, and clicks go back to the time they mean", () => {
  const clips = [{ volumes: [100, 40, null], fps: 10 }, { volumes: [90, 50, 60, 80, 90], fps: 20 }, { volumes: [7, 119], fps: 25 }];
  const { x, y, seconds, last, yTicks } = axes(clips, 456, 142);
  assert.equal(last, 0.2);
  assert.equal(yTicks.at(-1), 120);
  assert.deepEqual([x(0), x(0.1), x(0.2)], [46, 246, 446]);
  assert.deepEqual([y(120), y(60), y(0)], [8, 58, 108]);
  for (const time of [0, 0.03, 0.11, 0.2]) assert.ok(Math.abs(seconds(x(time)) - time) < 1e-12);
  assert.deepEqual([seconds(-50), seconds(9999)], [0, 0.2]);
});

test("clips of nothing, or of one frame, still have axes", () => {
  for (const volumes of [[null], [0], [50]]) {
    const { x, y } = axes([{ volumes, fps: 30 }], 400, 140);
    for (const value of [x(0), y(0), y(50)]) assert.ok(Number.isFinite(value));
  }
});

test("a curve passes through its volumes, with a gap where one is unknown", () => {
  const axis = { x: (time) => 100 * time, y: (volume) => 200 - volume };
  assert.equal(curve({ volumes: [100, 50.26, 75], fps: 10 }, axis), "M0.0 100.0L10.0 149.7L20.0 125.0");
  assert.equal(curve({ volumes: [null, 50, 60, null, null, 70], fps: 10 }, axis), "M10.0 150.0L20.0 140.0M50.0 130.0");
  assert.equal(curve({ volumes: [null, null], fps: 10 }, axis), "");
});

test("two to six clips have a shade each, the factual one its own", () => {
  for (let count = 1; count <= 6; count++) {
    const clips = Array.from({ length: count }, (_, i) => ({ id: `clip${i}` }));
    for (const factual of [null, "clip0", `clip${count - 1}`]) {
      const all = shades(clips, factual);
      assert.equal(new Set(all).size, count, all.join());
      clips.forEach(({ id }, i) => assert.equal(all[i] === "shade-factual", id === factual));
      assert.ok(all.every((shade) => /^shade-([0-5]|factual)$/.test(shade)));
    }
  }
});
