import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";

import { beziers, pointAt } from "../../../studio/components/ui/spline.mjs";
import { rounded } from "../../../studio/components/ui/drag.mjs";
import { longAxis, lvef, simpson } from "../../../studio/components/ui/measure.mjs";
import * as drawings from "../../../studio/components/ui/drawing.mjs";

const { ED, ES, OPEN, edited, ejected, keyAt, mirrored, reset, withPoint, withoutPoint } = drawings;
const { hearts } = JSON.parse(readFileSync(new URL("geometry.json", import.meta.url)));
const edits = JSON.parse(readFileSync(new URL("drawing.json", import.meta.url)));
const whole = edits.find(({ drawing }) => drawing.keys.length === 3).drawing;

function seeded(seed) {
  return () => ((seed = (seed * 16807) % 2147483647), seed / 2147483647);
}

const farthest = (a, b) => Math.max(...a.map(([x, y], i) => Math.hypot(x - b[i][0], y - b[i][1])));
const still = (points) => points.map(() => [0, 0]);
const pulled = (contours, name, [dx, dy]) => ({ ...contours, [name]: contours[name].map(([x, y]) => [x + dx, y + dy]) });

/** Runs `change` on a drawing that it must not change in place. */
function unharmed(drawing, change) {
  const before = JSON.stringify(drawing);
  const after = change(drawing);
  assert.equal(JSON.stringify(drawing), before);
  return after;
}

test("at end-diastole an edit is the heart itself, and leaves all else", () => {
  const after = pulled(whole.contours, "la", [1.00049, -2]);
  const made = unharmed(whole, (drawing) => edited(drawing, ED, whole.contours, after));
  assert.deepEqual(made, { ...whole, contours: rounded(after) });
});

for (const { name, drawing, phase, before, after, offsets, lvef: wanted } of edits) {
  test(`an edit is what the next pose shows: ${name}`, () => {
    const made = unharmed(drawing, (start) => edited(start, phase, before, after));
    const key = keyAt(made, phase);
    for (const [contour, moves] of Object.entries(offsets)) {
      const told = key.offsets[contour] ?? still(moves);
      assert.ok(farthest(told, moves) < 0.005, `${contour} is off by ${farthest(told, moves)} mm`);
    }
    assert.ok(Math.abs(made.lvef - wanted) < 0.11, `${made.lvef} is not ${wanted}`);
    assert.deepEqual(made.contours, drawing.contours);
    assert.deepEqual(made.keys.map((each) => each.phase), [...new Set([...drawing.keys.map((each) => each.phase), phase])].sort());
    for (const other of drawing.keys) if (other.phase !== phase) assert.deepEqual(keyAt(made, other.phase), other);
  });
}

test("what was not moved makes no key, and one contour moved makes offsets of no other", () => {
  const plain = { ...whole, keys: [] };
  assert.equal(edited(plain, 0.2, whole.contours, whole.contours), plain);
  const made = edited(plain, 0.2, whole.contours, pulled(whole.contours, "la", [1, 0]));
  assert.deepEqual(Object.keys(keyAt(made, 0.2).offsets), ["la"]);
  assert.equal(made.lvef, plain.lvef);
});

test("two edits at a phase are one key with the sum of both", () => {
  const plain = { ...whole, keys: [] };
  const first = pulled(whole.contours, "lv_endo", [1, 0]);
  const second = pulled(first, "lv_endo", [0.5, -2]);
  const made = edited(edited(plain, 0.2, whole.contours, first), 0.2 + 1e-9, first, second);
  assert.equal(made.keys.length, 1);
  assert.ok(farthest(made.keys[0].offsets.lv_endo, whole.contours.lv_endo.map(() => [1.5, -2])) < 1e-9);
});

test("keys lie in the order of the beat, and a reset takes one out", () => {
  let drawing = { ...whole, keys: [] };
  for (const phase of [0.9, ES, 0.1, OPEN]) drawing = edited(drawing, phase, whole.contours, pulled(whole.contours, "la", [1, 0]));
  assert.deepEqual(drawing.keys.map((key) => key.phase), [0.1, ES, OPEN, 0.9]);
  const made = unharmed(drawing, (start) => reset(start, ES));
  assert.deepEqual(made.keys.map((key) => key.phase), [0.1, OPEN, 0.9]);
  assert.deepEqual(reset(made, 0.3), made);
  assert.equal(keyAt(made, ES), undefined);
});

test("an end-systole drawn by hand says what is ejected: to a tenth, within the limits of the slider", () => {
  for (const share of [0.02, 0.5, 0.8, 0.9, 0.99, 1, 1.3]) {
    const endo = whole.contours.lv_endo;
    const [cx, cy] = [0, 1].map((k) => endo.reduce((sum, point) => sum + point[k], 0) / endo.length);
    const es = { ...whole.contours, lv_endo: endo.map(([x, y]) => [cx + share * (x - cx), cy + share * (y - cy)]) };
    const told = ejected(whole.contours, es);
    const exact = 100 * (1 - share ** 3);
    assert.ok(Math.abs(lvef(simpson(endo), simpson(es.lv_endo)) - exact) < 1e-6);
    assert.ok(Math.abs(told - Math.min(Math.max(exact, 5), 85)) <= 0.05 + 1e-9, `${told} of ${exact}`);
    assert.equal(edited({ ...whole, keys: [] }, ES, whole.contours, es).lvef, share === 1 ? whole.lvef : told);
  }
});

test("a point more is on the curve at end-diastole and at every key, and a point less takes it back", () => {
  const random = seeded(5);
  for (let run = 0; run < 60; run++) {
    const names = Object.keys(whole.contours);
    const contour = names[Math.floor(random() * names.length)];
    const place = { contour, segment: Math.floor(random() * (whole.contours[contour].length - 1)), u: random() };
    const made = unharmed(whole, (start) => withPoint(start, place));
    const index = place.segment + 1;
    assert.ok(farthest([made.contours[contour][index]], [pointAt(beziers(whole.contours[contour])[place.segment], place.u)]) < 1e-9);
    whole.keys.forEach((key, k) => {
      const shown = (drawing) => drawing.contours[contour].map(([x, y], i) => [x + drawing.keys[k].offsets[contour][i][0], y + drawing.keys[k].offsets[contour][i][1]]);
      assert.ok(farthest([shown(made)[index]], [pointAt(beziers(shown(whole))[place.segment], place.u)]) < 1e-9);
    });
    for (const name of names) if (name !== contour) assert.deepEqual(made.contours[name], whole.contours[name]);
    assert.deepEqual(withoutPoint(made, { contour, index }), whole);
    assert.deepEqual(drawings.addPoint(whole.contours, place), made.contours);
  }
});

test("keys keep as many points as their contours, at the fewest and the most there may be", () => {
  let drawing = { ...whole };
  for (let i = 0; i < 250; i++) drawing = withPoint(drawing, { contour: "la", segment: 2, u: 0.5 });
  for (const key of drawing.keys) assert.equal(key.offsets.la.length, drawing.contours.la.length);
  assert.equal(drawing.contours.la.length, 200);
  for (let i = 0; i < 250; i++) drawing = withoutPoint(drawing, { contour: "la", index: 1 });
  for (const key of drawing.keys) assert.equal(key.offsets.la.length, drawing.contours.la.length);
  assert.equal(drawing.contours.la.length, 4);
  const partial = { ...whole, keys: [{ phase: 0.2, offsets: { la: still(whole.contours.la) } }] };
  assert.deepEqual(withPoint(partial, { contour: "lv_endo", segment: 1, u: 0.5 }).keys, partial.keys);
});

test("mirrored twice is not mirrored, to rounding; once, its motion, arrows and sketch are mirrored too", () => {
  for (const name of ["normal", "dilated", "patient 3", "prolapse"]) {
    const contours = hearts[name].contours;
    const random = seeded(9);
    const moves = (points) => points.map(() => [6 * random() - 3, 6 * random() - 3]);
    const offsets = Object.fromEntries(Object.entries(contours).map(([each, points]) => [each, moves(points)]));
    const arrow = [[-5, 90], [-2, 75]];
    const sketch = [{ points: arrow, pressure: [0.2, 0.8] }];
    const drawing = { ...whole, contours, keys: [{ phase: 0.2, offsets: rounded(offsets) }], directions: { septal_leaflet: arrow }, sketch };
    const image = unharmed(drawing, mirrored);
    const twice = mirrored(image);
    for (const each of Object.keys(contours)) {
      assert.ok(farthest(twice.contours[each], contours[each]) < 0.004);
      assert.ok(farthest(twice.keys[0].offsets[each], offsets[each]) < 0.004);
    }
    const rest = { contours: 0, keys: 0, directions: 0, sketch: 0 };
    assert.deepEqual({ ...image, ...rest }, { ...drawing, ...rest });

    // What is shown at the key is the mirror image of what was shown there.
    const { apex, base } = longAxis(contours.lv_endo);
    const length = Math.hypot(base[0] - apex[0], base[1] - apex[1]);
    const [ax, ay] = [(base[0] - apex[0]) / length, (base[1] - apex[1]) / length];
    const reflect = ([x, y]) => {
      const across = (x - apex[0]) * ay - (y - apex[1]) * ax;
      return [x - 2 * across * ay, y + 2 * across * ax];
    };
    const shown = ({ contours: at, keys: [key] }, each) => at[each].map(([x, y], i) => [x + key.offsets[each][i][0], y + key.offsets[each][i][1]]);
    const other = { septal_leaflet: "lateral_leaflet", lateral_leaflet: "septal_leaflet" };
    for (const each of Object.keys(contours)) {
      const wanted = shown(drawing, each).map(reflect);
      assert.ok(farthest(shown(image, other[each] ?? each), other[each] ? wanted : wanted.reverse()) < 0.01, `${name}, ${each}`);
    }
    assert.deepEqual(Object.keys(image.directions), ["lateral_leaflet"]);
    assert.ok(farthest(image.directions.lateral_leaflet, arrow.map(reflect)) < 0.002);
    assert.ok(farthest(twice.directions.septal_leaflet, arrow) < 0.004);
    assert.ok(farthest(image.sketch[0].points, arrow.map(reflect)) < 0.002);
    assert.deepEqual(image.sketch[0].pressure, [0.2, 0.8]);
  }
});

test("a phase has the name that a person gives it", () => {
  assert.deepEqual([ED, ES, OPEN, 0.2, 0.375 + 1e-9].map(drawings.nameOf), ["ED", "ES", "Valve open", "20 % of the beat", "ES"]);
});

test("a heart that is turned takes the corrections of its own contours along", () => {
  const moves = [[1, 0], [0, 2]];
  const drawing = { ...whole, keys: [{ phase: 0.2, offsets: { lv_endo: moves, la: moves } }] };
  const quarter = ([dx, dy]) => [-dy, dx];
  const { keys: [key] } = drawings.turned(drawing, ["lv_endo"], quarter);
  assert.deepEqual(key.offsets.la, moves);
  assert.deepEqual(key.offsets.lv_endo.map((move) => move.map((v) => v + 0)), [[0, 1], [-2, 0]]);
});

test("the LVEF follows the cavity at ES and nothing else there", () => {
  const contours = hearts.normal.contours;
  const pulled = (name) => ({ ...contours, [name]: contours[name].map(([x, y], i) => (i === 3 ? [x, y - 6] : [x, y])) });
  assert.equal(edited({ ...whole, contours, keys: [], lvef: null }, ES, contours, pulled("la")).lvef, null);
  assert.notEqual(edited({ ...whole, contours, keys: [], lvef: null }, ES, contours, pulled("lv_endo")).lvef, null);
});

test("what a drawing cannot hold is a sentence", () => {
  const keys = (count) => Array.from({ length: count }, (_, i) => ({ phase: (i + 1) / 40, offsets: {} }));
  const strokes = (count, points) => Array.from({ length: count }, () => ({ points: Array(points).fill([0, 0]), pressure: [] }));
  assert.equal(drawings.excess({ keys: keys(16), sketch: strokes(500, 40) }), null);
  for (const [held, word] of [[{ keys: keys(17), sketch: [] }, /16 instants/], [{ keys: [], sketch: strokes(501, 1) }, /500 strokes/],
    [{ keys: [], sketch: strokes(2, 10_001) }, /20000 points/]]) assert.match(drawings.excess(held), word);
});
