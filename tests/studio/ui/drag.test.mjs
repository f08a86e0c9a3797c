import assert from "node:assert/strict";
import test from "node:test";

import { PLACES, movePoint, moveStructure, nearest, rounded, shares, structureAt } from "../../../studio/components/ui/drag.mjs";

/** A small heart of random proportions whose annulus is shared, as every drawn heart's is. */
function heart(random) {
  const [w, l] = [30 + 30 * random(), 60 + 40 * random()];
  const arch = (width, length, base, count) =>
    Array.from({ length: count }, (_, i) => {
      const angle = Math.PI * (i / (count - 1));
      return [(-width / 2) * Math.cos(angle), base - length * Math.sin(angle)];
    });
  const base = 110;
  return {
    lv_endo: arch(w, l, base, 9),
    lv_epi: arch(w + 18, l + 8, base, 9),
    la: arch(w, -40, base, 7).reverse(),
    septal_leaflet: [[-w / 2, base], [-w / 4, base - 4], [-1, base - 5]],
    lateral_leaflet: [[w / 2, base], [w / 4, base - 4], [1, base - 5]],
  };
}

function seeded(seed) {
  return () => ((seed = (seed * 16807) % 2147483647), seed / 2147483647);
}

const near = (a, b, tolerance = 1e-9) => assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1]) <= tolerance, `${a} is not ${b}`);
const moved = (before, after, name, i) => [after[name].at(i)[0] - before[name].at(i)[0], after[name].at(i)[1] - before[name].at(i)[1]];

test("the dragged point follows exactly, and the annulus stays one place, over random hearts and pulls", () => {
  const random = seeded(7);
  for (let run = 0; run < 300; run++) {
    const before = heart(random);
    const frozen = JSON.stringify(before);
    const names = Object.keys(before);
    const name = names[Math.floor(random() * names.length)];
    const index = Math.floor(random() * before[name].length);
    const delta = [20 * random() - 10, 20 * random() - 10];
    const after = movePoint(before, name, index, delta, random() < 0.5);
    near(moved(before, after, name, index), delta);
    for (const place of PLACES) {
      const shared = place.filter(([contour]) => contour !== "lv_epi");
      for (const [contour, end] of shared) near(after[contour].at(end), after[shared[0][0]].at(shared[0][1]));
      if (name !== "lv_epi") near(moved(before, after, "lv_epi", place[1][1]), moved(before, after, "lv_endo", place[0][1]));
    }
    assert.equal(JSON.stringify(before), frozen);
    for (const contour of names) assert.equal(after[contour].length, before[contour].length);
  }
});

test("a hard pull moves one point and nothing else", () => {
  const before = heart(seeded(1));
  const after = movePoint(before, "lv_endo", 4, [3, 2], false);
  assert.deepEqual({ ...after, lv_endo: null }, { ...before, lv_endo: null });
  after.lv_endo.forEach((point, i) => near(moved(before, after, "lv_endo", i), i === 4 ? [3, 2] : [0, 0]));
});

test("a soft pull takes the neighbours along, less with every point, alike on both sides", () => {
  const line = Array.from({ length: 9 }, (_, i) => [0, 20 * i]);
  const share = shares(line, 4, true);
  assert.equal(share[4], 1);
  assert.ok(share[5] > 0.3 && share[5] < 0.6);
  for (let i = 4; i < 8; i++) {
    assert.ok(share[i + 1] <= share[i]);
    assert.ok(Math.abs(share[i + 1] - share[7 - i]) < 1e-12);
  }
  assert.deepEqual(shares(line, 4, false), [0, 0, 0, 0, 1, 0, 0, 0, 0]);
});

test("pulling the epicardium thickens the wall and leaves the annulus", () => {
  const before = heart(seeded(2));
  const after = movePoint(before, "lv_epi", 0, [-5, 0], true);
  assert.deepEqual({ ...after, lv_epi: null }, { ...before, lv_epi: null });
});

test("a structure moves as a whole", () => {
  const before = heart(seeded(3));
  const all = moveStructure(before, "all", [4, -3]);
  for (const name of Object.keys(before)) before[name].forEach((_, i) => near(moved(before, all, name, i), [4, -3]));
  const lv = moveStructure(before, "lv", [4, -3]);
  for (const name of Object.keys(before)) {
    before[name].forEach((_, i) => {
      const still = name === "la" && i > 0 && i < before.la.length - 1;
      near(moved(before, lv, name, i), still ? [0, 0] : [4, -3]);
    });
  }
  const la = moveStructure(before, "la", [4, -3]);
  assert.deepEqual({ ...la, la: null }, { ...before, la: null });
  before.la.forEach((_, i) => near(moved(before, la, "la", i), i > 0 && i < before.la.length - 1 ? [4, -3] : [0, 0]));
});

test("a place on the stage belongs to the structure whose body holds it", () => {
  const drawn = heart(seeded(4));
  assert.equal(structureAt(drawn, [0, 85]), "lv");
  assert.equal(structureAt(drawn, [0, 120]), "la");
  assert.equal(structureAt(drawn, [0, 200]), null);
  const wall = [(drawn.lv_endo[1][0] + drawn.lv_epi[1][0]) / 2, (drawn.lv_endo[1][1] + drawn.lv_epi[1][1]) / 2];
  assert.equal(structureAt(drawn, wall), "lv");
});

test("the nearest control point within reach is taken", () => {
  const drawn = heart(seeded(5));
  const [x, y] = drawn.lv_epi[3];
  assert.deepEqual(nearest(drawn, [x + 1, y - 1], 3), { contour: "lv_epi", index: 3 });
  assert.equal(nearest(drawn, [200, 200], 3), null);
});

test("stored points have three decimals", () => {
  assert.deepEqual(rounded({ la: [[1.23456, -0.00049]] }).la[0].map((value) => value + 0), [1.235, 0]);
});
