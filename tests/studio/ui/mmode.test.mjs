import assert from "node:assert/strict";
import test from "node:test";

import { LINE, lengthOf, moveEnd, moveLine, places, strip } from "../../../studio/components/ui/mmode.mjs";

const SIZE = { width: 16, height: 12 };
const centre = (x, y, { width, height } = SIZE) => [(x + 0.5) / width, (y + 0.5) / height]; // of a pixel, in shares
const near = (got, wanted) => got.forEach((value, i) => assert.ok(Math.abs(value - wanted[i]) < 1e-9, `${got} is not ${wanted}`));

/** A clip whose grey at (x, y) of a frame is level(x, y, frame). */
function clipOf(frames, level, { width, height } = SIZE) {
  const greys = new Uint8ClampedArray(frames * height * width);
  for (let i = 0; i < greys.length; i++) {
    greys[i] = level(i % width, Math.floor(i / width) % height, Math.floor(i / (width * height)));
  }
  return [greys, { frames, width, height }];
}

let seed = 7;
const random = () => ((seed = (seed * 16807) % 2147483647), seed / 2147483647);

test("along a row or a column of pixels the samples are those pixels, in every frame", () => {
  const [greys, clip] = clipOf(3, (x, y, frame) => 10 * x + y + 50 * frame);
  const row = strip(greys, clip, [centre(2, 5), centre(9, 5)]);
  assert.deepEqual([row.width, row.height], [3, 8]);
  for (let i = 0; i < 8; i++) {
    for (let frame = 0; frame < 3; frame++) assert.equal(row.greys[3 * i + frame], 10 * (2 + i) + 5 + 50 * frame);
  }
  const column = strip(greys, clip, [centre(4, 11), centre(4, 0)]);
  assert.deepEqual([...column.greys].filter((_, i) => i % 3 === 0), Array.from({ length: 12 }, (_, i) => 40 + 11 - i));
});

test("between pixels it is interpolated bilinearly: exact for greys that grow evenly", () => {
  const [greys, clip] = clipOf(1, (x, y) => 8 * x + 4 * y);
  for (let run = 0; run < 200; run++) {
    const line = [centre(15 * random(), 11 * random()), centre(15 * random(), 11 * random())];
    const { greys: got, height } = strip(greys, clip, line);
    const where = places(line, clip);
    assert.equal(height, where.length);
    where.forEach(([x, y], i) => assert.ok(Math.abs(got[i] - (8 * x + 4 * y)) <= 0.5 + 1e-9));
  }
});

test("a line has as many samples as pixels, evenly from end to end", () => {
  const where = places([centre(1, 1), centre(7, 9)], SIZE); // 6 and 8: a length of 10
  assert.equal(where.length, 11);
  near(where[0], [1, 1]);
  near(where[5], [4, 5]);
  near(where[10], [7, 9]);
});

test("at the edge of the picture, and on pictures of one row, it stays inside", () => {
  const [greys, clip] = clipOf(1, (x, y) => 10 * x + y);
  assert.deepEqual([...strip(greys, clip, [[0, 0], [1, 0]]).greys], Array.from({ length: 16 }, (_, x) => 10 * x));
  assert.equal(strip(greys, clip, [[1, 0], [1, 1]]).greys.at(-1), 161);
  const flat = { width: 5, height: 1 };
  const [one, thin] = clipOf(2, (x, y, frame) => x + 10 * frame, flat);
  assert.deepEqual([...strip(one, thin, [[0, 0.5], [1, 0.5]]).greys], [0, 10, 1, 11, 2, 12, 3, 13, 4, 14]);
});

test("its length in mm follows the scale of each direction", () => {
  assert.equal(lengthOf([[0.25, 0.5], [0.75, 0.5]], { width: 112, height: 100, mm_per_pixel: [9, 1.5] }), 84);
  assert.equal(lengthOf([[0, 0], [0.3, 0.8]], { width: 100, height: 100, mm_per_pixel: [0.5, 1] }), 50);
  assert.equal(lengthOf(LINE, { width: 112, height: 112, mm_per_pixel: null }), null);
});

test("an end goes where it is put, held in the picture; the other stays", () => {
  near(moveEnd(LINE, 0, [0.1, 0.9])[0], [0.1, 0.9]);
  assert.deepEqual(moveEnd(LINE, 1, [3, -2]), [LINE[0], [1, 0]]);
});

test("a line is never pulled to nothing", () => {
  assert.equal(moveEnd(LINE, 0, [0.74, 0.46]), LINE);
  assert.equal(moveEnd([[0.98, 0.98], [0.5, 0.5]], 1, [9, 9])[1][0], 0.5);
});

test("moved as a whole it keeps length and direction, and stops at the picture's edge", () => {
  for (let run = 0; run < 200; run++) {
    const line = [[random(), random()], [random(), random()]];
    const moved = moveLine(line, [3 * random() - 1.5, 3 * random() - 1.5]);
    near(moved[1].map((value, i) => value - moved[0][i]), line[1].map((value, i) => value - line[0][i]));
    for (const value of moved.flat()) assert.ok(value >= -1e-12 && value <= 1 + 1e-12);
  }
  const shifted = moveLine(LINE, [0.1, -0.2]);
  near(shifted.flat(), [0.35, 0.25, 0.85, 0.25]);
  near(moveLine(LINE, [9, 0]).flat(), [0.5, 0.45, 1, 0.45]);
});
