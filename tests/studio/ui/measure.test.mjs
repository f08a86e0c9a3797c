import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { area, laVolume, longAxis, lvef, lvLength, simpson, thickness, wallThickness } from "../../../studio/components/ui/measure.mjs";

const { hearts } = JSON.parse(readFileSync(new URL("geometry.json", import.meta.url)));

const measure = ({ lv_endo, lv_epi, la }) => ({
  simpson: simpson(lv_endo),
  lv_length: lvLength(lv_endo),
  la_volume: laVolume(la),
  ...wallThickness(lv_endo, lv_epi),
});

test("the browser measures what the engine measures, to a millionth", () => {
  assert.ok(Object.keys(hearts).length >= 12);
  for (const [name, { contours, measures: { wall, ...others } }] of Object.entries(hearts)) {
    for (const [key, wanted] of Object.entries({ ...others, ...wall })) {
      const got = measure(contours)[key];
      if (wanted === null) assert.ok(Number.isNaN(got), `${name}: ${key} is ${got}`);
      else assert.ok(Math.abs(got - wanted) <= 1e-6 * Math.abs(wanted) + 1e-9, `${name}: ${key} is ${got}, not ${wanted}`);
    }
  }
});

test("volumes grow with the cube of the size, lengths with the size", () => {
  const { contours } = hearts.normal;
  const twice = Object.fromEntries(Object.entries(contours).map(([name, points]) => [name, points.map(([x, y]) => [2 * x, 2 * y])]));
  const [small, large] = [measure(contours), measure(twice)];
  for (const [key, power] of Object.entries({ simpson: 3, la_volume: 3, lv_length: 1, septal: 1, lateral: 1, thinnest: 1 })) {
    assert.ok(Math.abs(large[key] / small[key] - 2 ** power) < 1e-9, key);
  }
});

test("a square, its ejection fraction and its long axis", () => {
  assert.equal(area([[0, 0], [3, 0], [3, 2], [0, 2]]), 6);
  assert.equal(lvef(120, 48), 60);
  const { apex, base } = longAxis([[-10, 50], [-8, 20], [0, 0], [8, 20], [10, 50]]);
  assert.deepEqual([apex, base], [[0, 0], [0, 50]]);
});

test("no wall where the endocardium lies outside, no LA volume where there is no LA", () => {
  assert.ok(thickness(hearts["crossed walls"].contours.lv_endo, hearts["crossed walls"].contours.lv_epi).includes(0));
  assert.equal(laVolume([[-10, 0], [-4, 1], [4, 1], [10, 0]]), 0);
});
