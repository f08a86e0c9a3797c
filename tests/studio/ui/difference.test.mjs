import assert from "node:assert/strict";
import test from "node:test";

import { paintDifference } from "../../../studio/components/ui/difference.mjs";

const paint = (grey, factual) => {
  const rgba = new Uint8ClampedArray(4 * grey.length);
  paintDifference(Uint8ClampedArray.from(grey), Uint8ClampedArray.from(factual), rgba);
  return Array.from({ length: grey.length }, (_, i) => [...rgba.subarray(4 * i, 4 * i + 4)]);
};
const ALL = Array.from({ length: 256 }, (_, grey) => grey);

test("where both are equal stands a neutral grey, dimmer than the clip yet in its order", () => {
  const pixels = paint(ALL, ALL);
  pixels.forEach(([red, green, blue, alpha], grey) => {
    assert.deepEqual([green, blue, alpha], [red, red, 255]);
    assert.ok(grey === 0 ? red === 0 : red < grey && red >= pixels[grey - 1][0]);
  });
});

test("what is darker turns blue, what is lighter orange, the more the further apart", () => {
  const warmth = (grey, factual) => paint([grey], [factual])[0].reduce((sum, value, channel) => sum + [1, 0, -1, 0][channel] * value, 0);
  for (const grey of [10, 100, 200]) {
    const warmths = ALL.map((factual) => warmth(grey, factual));
    warmths.forEach((value, factual) => assert.equal(Math.sign(value), Math.sign(grey - factual), `${grey} over ${factual}`));
    assert.ok(warmths.every((value, i) => i === 0 || value <= warmths[i - 1]));
  }
});

test("a difference out of all range has the plain colour, whatever lies below", () => {
  assert.deepEqual(paint([0, 100], [255, 255]), [[72, 149, 255, 255], [72, 149, 255, 255]]);
  assert.deepEqual(paint([255, 100], [0, 0]), [[255, 147, 41, 255], [255, 147, 41, 255]]);
});
