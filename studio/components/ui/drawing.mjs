// The drawing, as one JSON document, and what changes it. Knows nothing of the page; nothing here changes its arguments.

import { deletePoint, FEWEST, insertPoint, mirror } from "./deform.mjs";
import { mapValues, rounded } from "./drag.mjs";
import { longAxis, lvef, simpson } from "./measure.mjs";

/** Phases of the beat, as shares of it. */
export const ED = 0;
export const ES = 0.375;
export const OPEN = 0.54;
/** The key frames that every beat has, by name. */
export const STANDING = { ED, ES, "Valve open": OPEN };

const LVEF = [5, 85]; // percent
const NEAR = 1e-6;
const STILL = 1e-4; // mm: less is no change

export const samePhase = (a, b) => Math.abs(a - b) < NEAR;

/** The correction by hand at a phase, or undefined. */
export const keyAt = (drawing, phase) => drawing.keys.find((key) => samePhase(key.phase, phase));

/** The name of a phase, as a person says it. */
export const nameOf = (phase) => Object.keys(STANDING).find((name) => samePhase(STANDING[name], phase)) ?? `${Math.round(100 * phase)} % of the beat`;

const byPhase = (keys) => [...keys].sort((a, b) => a.phase - b.phase);

/**
 * The drawing after its contours at a phase were changed from `before` to `after`. At ED that is the heart itself, anywhere
 * else a key frame. An end-systole drawn by hand says how much the heart ejects, so the LVEF follows it.
 */
export function edited(drawing, phase, before, after) {
  if (samePhase(phase, ED)) return { ...drawing, contours: rounded(after) };
  const moves = (name) => after[name].map(([x, y], i) => [x - before[name][i][0], y - before[name][i][1]]);
  const moved = Object.keys(after).filter((name) => moves(name).some(([dx, dy]) => Math.hypot(dx, dy) >= STILL));
  if (!moved.length) return drawing;
  const offsets = { ...(keyAt(drawing, phase)?.offsets ?? takenOver(drawing.keys, phase)) };
  for (const name of moved) {
    const old = offsets[name] ?? after[name].map(() => [0, 0]);
    offsets[name] = moves(name).map(([dx, dy], i) => [old[i][0] + dx, old[i][1] + dy]);
  }
  const keys = byPhase([...without(drawing, phase), { phase, offsets: rounded(offsets) }]);
  const drawn = samePhase(phase, ES) && moved.includes("lv_endo") ? { lvef: ejected(drawing.contours, after) } : {};
  return { ...drawing, keys, ...drawn };
}

/**
 * What the other corrections add at a phase, by contour, until it has one of its own: they are gone at the keys beside them
 * (`cycle.weight`), so that a new one takes it over. Those of ES and of the open leaflets reach past any key.
 */
function takenOver(keys, phase) {
  const taken = {};
  for (const key of keys) {
    if (samePhase(key.phase, ES)) continue;
    const others = [ED, ES, 1, ...keys.map((each) => each.phase).filter((each) => each !== key.phase)];
    const before = Math.max(...others.filter((each) => each < key.phase));
    const after = Math.min(...others.filter((each) => each > key.phase));
    const share = phase < key.phase ? (phase - before) / (key.phase - before) : (after - phase) / (after - key.phase);
    if (share <= 0) continue;
    const weight = share * share * (3 - 2 * share);
    for (const [name, moves] of Object.entries(key.offsets)) {
      // of an open leaflet only what its hinge does ends there
      const ending = samePhase(key.phase, OPEN) && name.endsWith("leaflet") ? moves.map(() => moves[0]) : moves;
      taken[name] = ending.map(([dx, dy], i) => [weight * dx + (taken[name]?.[i][0] ?? 0), weight * dy + (taken[name]?.[i][1] ?? 0)]);
    }
  }
  return taken;
}

/** The drawing without the correction at a phase. */
export const reset = (drawing, phase) => ({ ...drawing, keys: without(drawing, phase) });

const without = (drawing, phase) => drawing.keys.filter((key) => !samePhase(key.phase, phase));

/** LVEF in percent from the contours at ED and ES, as the slider has it: to a tenth, within its limits. */
export function ejected(ed, es) {
  const share = lvef(simpson(ed.lv_endo), simpson(es.lv_endo));
  return Math.min(Math.max(Math.round(10 * share) / 10, LVEF[0]), LVEF[1]);
}

const inContour = (drawing, name, change) => ({
  ...drawing,
  contours: { ...drawing.contours, [name]: change(drawing.contours[name]) },
  keys: drawing.keys.map((key) =>
    key.offsets[name] ? { ...key, offsets: { ...key.offsets, [name]: change(key.offsets[name]) } } : key,
  ),
});

/** A control point more on a contour, at ED and in every correction; `place` is {contour, segment, u}. */
export const withPoint = (drawing, { contour, segment, u }) => inContour(drawing, contour, (points) => insertPoint(points, segment, u));

/** A control point less. */
export const withoutPoint = (drawing, { contour, index }) => inContour(drawing, contour, (points) => deletePoint(points, index, FEWEST[contour]));

/** The same point more in contours that are on screen. */
export const addPoint = (contours, { contour, segment, u }) => ({ ...contours, [contour]: insertPoint(contours[contour], segment, u) });

/** The most of what one drawing may hold: `engine.anatomy.keys.LARGEST`, `engine.anatomy.drawing.STROKES` and `STROKE_POINTS`. */
export const LIMITS = { keys: 16, strokes: 500, strokePoints: 20_000 };

/** What is too much in a drawing, in a sentence, or null. */
export function excess({ keys, sketch }) {
  if (keys.length > LIMITS.keys) return `No more than ${LIMITS.keys} instants can be corrected by hand; reset one of them first.`;
  const points = sketch.reduce((sum, stroke) => sum + stroke.points.length, 0);
  if (sketch.length <= LIMITS.strokes && points <= LIMITS.strokePoints) return null;
  return `The sketch has no room for more than ${LIMITS.strokes} strokes or ${LIMITS.strokePoints} points; erase some of it first.`;
}

/** The drawing with the corrections of some contours turned and scaled: `linear` takes and gives [dx, dy]. */
export const turned = (drawing, names, linear) => ({
  ...drawing,
  keys: drawing.keys.map((key) => ({
    ...key,
    offsets: mapValues(key.offsets, (moves, name) => (names.includes(name) ? rounded({ moves: moves.map(linear) }).moves : moves)),
  })),
});

/** The drawing with its left and right walls swapped about the long axis, and their motion and arrows with them. */
export function mirrored(drawing) {
  const { apex, base } = longAxis(drawing.contours.lv_endo);
  const length = Math.hypot(base[0] - apex[0], base[1] - apex[1]);
  const [ax, ay] = [(base[0] - apex[0]) / length, (base[1] - apex[1]) / length];
  const flip = ([dx, dy]) => {
    const along = 2 * (dx * ax + dy * ay);
    return [along * ax - dx, along * ay - dy];
  };
  const other = { septal_leaflet: "lateral_leaflet", lateral_leaflet: "septal_leaflet" };
  const swapped = (offsets) =>
    Object.fromEntries(
      Object.entries(offsets).map(([name, moves]) => (other[name] ? [other[name], moves.map(flip)] : [name, moves.map(flip).reverse()])),
    );
  const keys = drawing.keys.map((key) => ({ ...key, offsets: rounded(swapped(key.offsets)) }));
  const reflect = ([x, y]) => flip([x - apex[0], y - apex[1]]).map((value, k) => value + apex[k]);
  const arrows = Object.entries(drawing.directions).map(([name, arrow]) => [other[name], arrow.map(reflect)]);
  const directions = rounded(Object.fromEntries(arrows));
  const sketch = drawing.sketch.map((stroke) => ({ ...stroke, ...rounded({ points: stroke.points.map(reflect) }) }));
  return { ...drawing, contours: rounded(mirror(drawing.contours)), keys, directions, sketch };
}

/** Whether two drawings are the same document. */
export const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);
