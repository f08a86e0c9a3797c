// Pen strokes of the sketch: {points: [[x, y] mm, ...], pressure: [0..1, ...]}. Nothing here changes its arguments.

import { sample } from "./spline.mjs";

const SCRAP = 1; // mm, a shorter piece of an erased stroke is none
const FAINTEST = 1 / 3; // of the width is drawn at no pressure
const FIRM = 0.1; // of pressure may be lost to simplification
const CAP = 8; // corners of a round end

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
const mix = (a, b, share) => a + share * (b - a);

/** The contours as strokes, the same as `engine.anatomy.sketch.strokes_of`. */
export const fromContours = (contours) =>
  Object.values(contours).map((points) => {
    const curve = sample(points, 6);
    return { points: curve, pressure: curve.map(() => 0.5) };
  });

/**
 * What is left where an eraser of `radius` mm has been dragged along `path` (one point is a touch). Pieces shorter than 1 mm
 * vanish; strokes that the eraser has missed are the same objects.
 */
export function erase(strokes, path, radius) {
  return strokes.flatMap((stroke) => cut(stroke, path, radius));
}

function cut(stroke, path, radius) {
  const { points } = stroke;
  if (points.length === 1) return path.some((_, k) => erased(points[0], points[0], path, k, radius)) ? [] : [stroke];
  const spansOf = (a, b) => union(path.map((_, k) => erased(a, b, path, k, radius)).filter(Boolean));
  const gone = points.slice(1).map((point, i) => spansOf(points[i], point));
  if (gone.every((spans) => !spans.length)) return [stroke];
  const pieces = [];
  let piece = null;
  const add = (i, share) => {
    piece ??= { points: [], pressure: [] };
    const [a, b] = [points[i], points[i + 1]];
    piece.points.push(share === 0 ? a : share === 1 ? b : [mix(a[0], b[0], share), mix(a[1], b[1], share)]);
    piece.pressure.push(mix(stroke.pressure[i], stroke.pressure[i + 1], share));
  };
  const end = () => {
    if (piece && lengthOf(piece.points) >= SCRAP) pieces.push(piece);
    piece = null;
  };
  gone.forEach((spans, i) => {
    let from = 0;
    for (const [low, high] of [...spans, [1, null]]) {
      if (from < low) {
        if (!piece) add(i, from);
        add(i, low);
      }
      if (high === null) break;
      end();
      from = high;
    }
  });
  end();
  return pieces;
}

const lengthOf = (points) => points.slice(1).reduce((sum, point, i) => sum + distance(points[i], point), 0);

/** Spans [low, high] in order and apart. */
function union(spans) {
  const merged = [];
  for (const [low, high] of spans.sort((a, b) => a[0] - b[0])) {
    if (merged.length && low <= merged.at(-1)[1]) merged.at(-1)[1] = Math.max(merged.at(-1)[1], high);
    else merged.push([low, high]);
  }
  return merged;
}

/**
 * The span of the line a..b (shares 0..1) under the eraser on its way to `path[k]`, or null: a disc swept along a segment is
 * convex, so what its two discs and the strip between them hold is one span.
 */
function erased(a, b, path, k, radius) {
  const [from, to] = [path[Math.max(k - 1, 0)], path[k]];
  const spans = [inDisc(a, b, from, radius), inDisc(a, b, to, radius), inStrip(a, b, from, to, radius)].filter(Boolean);
  return spans.length ? [Math.min(...spans.map(([low]) => low)), Math.max(...spans.map(([, high]) => high))] : null;
}

function inDisc(a, b, [x, y], radius) {
  const [dx, dy, px, py] = [b[0] - a[0], b[1] - a[1], a[0] - x, a[1] - y];
  const [square, half, rest] = [dx * dx + dy * dy, px * dx + py * dy, px * px + py * py - radius * radius];
  if (!square) return rest < 0 ? [0, 1] : null;
  const root = half * half - square * rest;
  if (root <= 0) return null;
  const [low, high] = [Math.max((-half - Math.sqrt(root)) / square, 0), Math.min((-half + Math.sqrt(root)) / square, 1)];
  return low < high ? [low, high] : null;
}

function inStrip(a, b, from, to, radius) {
  const length = distance(from, to);
  if (!length) return null;
  const [ux, uy] = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const local = ([x, y]) => [(x - from[0]) * ux + (y - from[1]) * uy, (y - from[1]) * ux - (x - from[0]) * uy];
  const [p, q] = [local(a), local(b)];
  let span = [0, 1];
  for (const [axis, least, most] of [[0, 0, length], [1, -radius, radius]]) {
    const way = q[axis] - p[axis];
    if (!way && (p[axis] <= least || p[axis] >= most)) return null;
    if (!way) continue;
    const [low, high] = [(least - p[axis]) / way, (most - p[axis]) / way].sort((s, t) => s - t);
    span = [Math.max(span[0], low), Math.min(span[1], high)];
  }
  return span[0] < span[1] ? span : null;
}

/**
 * A stroke with fewer points (Douglas-Peucker): what is left out lies within `tolerance` mm of what stays, and within 0.1 of its
 * pressure. The ends stay.
 */
export function simplify(stroke, tolerance) {
  const { points, pressure } = stroke;
  if (points.length < 3) return stroke;
  const kept = new Set([0, points.length - 1]);
  const open = [[0, points.length - 1]];
  while (open.length) {
    const [first, last] = open.pop();
    let [worst, at] = [1, -1];
    for (let i = first + 1; i < last; i++) {
      const off = offLine(stroke, first, last, i, tolerance);
      if (off > worst) [worst, at] = [off, i];
    }
    if (at < 0) continue;
    kept.add(at);
    open.push([first, at], [at, last]);
  }
  const left = (list) => list.filter((_, i) => kept.has(i));
  return { points: left(points), pressure: left(pressure) };
}

/** How far a point is off the straight way between two others, in tolerances of place or pressure. */
function offLine({ points, pressure }, first, last, i, tolerance) {
  const [[ax, ay], [bx, by], [x, y]] = [points[first], points[last], points[i]];
  const square = (bx - ax) ** 2 + (by - ay) ** 2;
  const share = square ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0), 1) : 0;
  const away = Math.hypot(x - mix(ax, bx, share), y - mix(ay, by, share));
  return Math.max(away / tolerance, Math.abs(pressure[i] - mix(pressure[first], pressure[last], share)) / FIRM);
}

/**
 * The closed polygon around a stroke, round at its ends: `width` mm across at full pressure, a third of it at none. To be filled
 * by the nonzero rule.
 */
export function outline({ points, pressure }, width) {
  const line = points
    .map((point, i) => ({ point, half: (width / 2) * mix(FAINTEST, 1, pressure[i]) }))
    .filter(({ point }, i) => i === 0 || distance(point, points[i - 1]) > 0);
  const heading = (i) => {
    const [[ax, ay], [bx, by]] = [line[Math.max(i - 1, 0)].point, line[Math.min(i + 1, line.length - 1)].point];
    return Math.atan2(by - ay, bx - ax);
  };
  const rim = (i, angle) => {
    const { point: [x, y], half } = line[i];
    return [x + half * Math.cos(angle), y + half * Math.sin(angle)];
  };
  const cap = (i, from) => Array.from({ length: CAP + 1 }, (_, k) => rim(i, from + (Math.PI * k) / CAP));
  const inner = line.slice(1, -1).map((_, i) => i + 1);
  const last = line.length - 1;
  return [
    ...cap(0, heading(0) + Math.PI / 2),
    ...inner.map((i) => rim(i, heading(i) - Math.PI / 2)),
    ...cap(last, heading(last) - Math.PI / 2),
    ...inner.reverse().map((i) => rim(i, heading(i) + Math.PI / 2)),
  ];
}
