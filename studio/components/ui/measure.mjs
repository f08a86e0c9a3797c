// What a drawn heart measures: the same definitions as `engine.anatomy.volumes`. Contours are control points in mm.

import { inside, sample } from "./spline.mjs";

const DISCS = 20;
const NO_CHAMBER = 100; // mm^2, a smaller LA holds no volume

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);
const middle = ([ax, ay], [bx, by]) => [(ax + bx) / 2, (ay + by) / 2];

/** The long axis of an open curve: its point farthest from the middle of its two ends, where that is, and its length. */
function axis(curve) {
  const base = middle(curve[0], curve.at(-1));
  let [at, length] = [0, 0];
  curve.forEach((point, i) => {
    const far = distance(point, base);
    if (far > length) [at, length] = [i, far];
  });
  return { base, at, length };
}

/** (points, 2) mm to (z, r): along the long axis from the apex, and across it. */
function aboutAxis(curve, { base, at, length }) {
  const apex = curve[at];
  const [ax, ay] = [(base[0] - apex[0]) / length, (base[1] - apex[1]) / length];
  return curve.map(([x, y]) => [(x - apex[0]) * ax + (y - apex[1]) * ay, (y - apex[1]) * ax - (x - apex[0]) * ay]);
}

/** The apex of the LV and the middle of its annulus, in mm. */
export function longAxis(endo) {
  const curve = sample(endo);
  const { base, at } = axis(curve);
  return { apex: curve[at], base };
}

/** LV volume in mL by single-plane Simpson: 20 discs across the long axis, V = pi/4 * sum(d_i^2) * L/20. */
export function simpson(endo) {
  const curve = sample(endo);
  const along = axis(curve);
  const points = aboutAxis(curve, along);
  let sum = 0;
  for (let disc = 0; disc < DISCS; disc++) {
    const height = ((disc + 0.5) / DISCS) * along.length;
    let [low, high] = [Infinity, -Infinity];
    for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
      const [[z0, r0], [z1, r1]] = [points[j], points[i]];
      if (z0 <= height === z1 <= height) continue;
      const hit = r0 + ((height - z0) / (z1 - z0)) * (r1 - r0);
      low = Math.min(low, hit);
      high = Math.max(high, hit);
    }
    if (high > low) sum += (high - low) ** 2;
  }
  return ((Math.PI / 4) * sum * along.length) / DISCS / 1000;
}

/** Ejection fraction in percent. */
export const lvef = (edv, esv) => (100 * (edv - esv)) / edv;

/** The LV's length in mm, apex to the middle of the annulus. */
export const lvLength = (endo) => axis(sample(endo)).length;

/** LA volume in mL by area-length, 8 A^2 / (3 pi L); 0 where the area is less than 100 mm^2. */
export function laVolume(la) {
  const curve = sample(la);
  const size = area(curve);
  return size < NO_CHAMBER ? 0 : (8 * size ** 2) / (3 * Math.PI * axis(curve).length) / 1000;
}

/** Area of a closed polygon in mm^2. */
export function area(polygon) {
  let twice = 0;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    twice += polygon[j][0] * polygon[i][1] - polygon[j][1] * polygon[i][0];
  }
  return Math.abs(twice) / 2;
}

/** The wall at each sample of the endocardium: mm to the epicardium, 0 where the sample lies outside of it. */
export function thickness(endo, epi) {
  const outer = sample(epi);
  return sample(endo).map((point) => (inside(outer, point) ? distanceTo(outer, point) : 0));
}

/** mm from a point to the nearest place of an open polyline. */
export function distanceTo(line, [x, y]) {
  let best = Infinity;
  for (let i = 1; i < line.length; i++) {
    const a = line[i - 1]; // destructuring is slow, and this is the innermost loop
    const b = line[i];
    const [dx, dy, px, py] = [b[0] - a[0], b[1] - a[1], x - a[0], y - a[1]];
    const square = dx * dx + dy * dy;
    const share = square ? Math.min(Math.max((px * dx + py * dy) / square, 0), 1) : 0;
    best = Math.min(best, (px - share * dx) ** 2 + (py - share * dy) ** 2);
  }
  return Math.sqrt(best);
}

/**
 * The wall in mm: the median of each side between 0.35 and 0.75 of the long axis (0 apex, 1 annulus), and the thinnest
 * place up to 0.9. NaN where no sample lies there.
 */
export function wallThickness(endo, epi) {
  const curve = sample(endo);
  const along = axis(curve);
  const share = aboutAxis(curve, along).map(([z]) => z / along.length);
  const wall = thickness(endo, epi);
  const side = (belongs) => median(wall.filter((_, i) => belongs(i) && share[i] >= 0.35 && share[i] <= 0.75));
  return {
    septal: side((i) => i < along.at),
    lateral: side((i) => i > along.at),
    thinnest: Math.min(...wall.filter((_, i) => share[i] <= 0.9)),
  };
}

function median(values) {
  const [sorted, half] = [[...values].sort((a, b) => a - b), values.length >> 1];
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
