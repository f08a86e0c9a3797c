// Brushes, points and whole structures: how a drawn heart changes its shape. Contours are {name: [[x, y] mm, ...]}; nothing
// here changes its arguments.

import { PLACES, mapStructure, mapValues, shares } from "./drag.mjs";
import { distanceTo, longAxis, thickness } from "./measure.mjs";
import { beziers, inside, pointAt, sample } from "./spline.mjs";

/** How few and how many control points a contour may have: `engine.anatomy.heart.LIMITS`. */
export const FEWEST = { lv_endo: 5, lv_epi: 5, la: 4, septal_leaflet: 3, lateral_leaflet: 3 };
export const MOST = 200;

const SPACING = 0.7; // of a brush's radius, at most between the points that it finds
const CLOSEST = 1.5; // mm between an inserted point and any other
const UNEVEN = 2.2; // a longer segment than this times its inserted neighbour would overshoot
const THINNEST = 1; // mm that thinning leaves of a wall
const SLACK = 0.2; // mm by which control points keep back from it, for the curve between them to keep it too
const STEP = 0.125; // of a brush's radius; a step below 0.65 is invertible, for the falloff is no steeper than 1.54 / radius

const distance = ([ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by);

/** How much (0..1) of a brush reaches a point: (1 - (d/r)^2)^2. */
const falloff = (centre, radius, point) => Math.max(0, 1 - (distance(point, centre) / radius) ** 2) ** 2;

// ---- brushes

/**
 * Pushes the plane under a brush by `delta` mm: a soft field that carries neighbouring walls along. It goes on until walls
 * would cross, and stops there. What is one place of the annulus stays one place; the wall's foot goes with it.
 */
export function push(contours, centre, delta, radius) {
  if (!(radius > 0)) return contours;
  const steps = Math.ceil(Math.hypot(...delta) / (STEP * radius));
  return advance(contours, steps, soundness(contours), (now, k) => {
    const at = [0, 1].map((i) => centre[i] + (delta[i] * k) / steps);
    const weigh = (point) => falloff(at, radius, point) / steps;
    return mapValues(now, (points, name) =>
      points.map((point, i) => {
        const foot = name === "lv_epi" && (i === 0 || i === points.length - 1);
        const weight = foot ? Math.max(weigh(point), weigh(now.lv_endo.at(i && -1))) : weigh(point);
        return weight ? [point[0] + weight * delta[0], point[1] + weight * delta[1]] : point;
      }),
    );
  });
}

/**
 * Thickens (mm > 0) or thins the wall under a brush: the border nearer to `centre` moves along its normal, away from the other
 * or towards it, where 1 mm is left. The ends at the annulus stay.
 */
export function thicken(contours, centre, mm, radius) {
  if (!(radius > 0)) return contours;
  const [endo, epi] = [contours.lv_endo, contours.lv_epi].map((points) => distanceTo(sample(points), centre));
  const [border, other] = endo <= epi ? ["lv_endo", "lv_epi"] : ["lv_epi", "lv_endo"];
  const opposite = sample(contours[other]);
  const walls = soundness(contours);
  const before = thickness(contours.lv_endo, contours.lv_epi);
  const sound = (next) =>
    walls(next) && (mm > 0 || thickness(next.lv_endo, next.lv_epi).every((wall, i) => wall >= Math.min(before[i], THINNEST)));
  const steps = Math.ceil(Math.abs(mm) / Math.min(STEP * radius, 1));
  return advance(contours, steps, sound, (now) => {
    const points = now[border];
    const sign = (border === "lv_endo" ? 1 : -1) * Math.sign(turning(points)) * Math.sign(mm);
    const moved = points.map((point, i) => {
      const weight = i && i < points.length - 1 ? falloff(centre, radius, point) : 0;
      if (!weight) return point;
      const room = mm > 0 ? Infinity : Math.max(0, distanceTo(opposite, point) - THINNEST - SLACK);
      const way = Math.min((weight * Math.abs(mm)) / steps, room);
      const [[ax, ay], [bx, by]] = [points[i - 1], points[i + 1]];
      const scale = (sign * way) / (Math.hypot(bx - ax, by - ay) || 1);
      return [point[0] - scale * (by - ay), point[1] + scale * (bx - ax)];
    });
    return { ...now, [border]: moved };
  });
}

/** Twice the signed area of a closed polygon. */
function turning(polygon) {
  return polygon.reduce((sum, [x, y], i) => {
    const [px, py] = polygon.at(i - 1);
    return sum + px * y - py * x;
  }, 0);
}

/** `step` (contours, k) `steps` times over, or as many times as leave the heart sound. */
function advance(contours, steps, sound, step) {
  const path = [contours];
  for (let k = 0; k < steps; k++) path.push(step(path[k], k));
  let [good, bad] = sound(path[steps]) ? [steps, steps + 1] : [0, steps];
  while (bad - good > 1) {
    const half = (good + bad) >> 1;
    if (sound(path[half])) good = half;
    else bad = half;
  }
  return path[good];
}

/** The outline of the LV with its wall, its feet at the annulus: [[x, y], ...], closed. */
export const outerWall = ({ lv_endo: endo, lv_epi: epi }) => [...sample(epi), endo.at(-1), endo[0]];

/**
 * Whether contours keep what holds of `start`: endocardium inside epicardium, LA and LV apart, no border across itself. What
 * is otherwise at the start, as a septal defect is, may stay so.
 */
function soundness(start) {
  const look = (contours) => {
    const [endo, epi, la] = ["lv_endo", "lv_epi", "la"].map((name) => sample(contours[name]));
    const wall = outerWall(contours);
    // the ends lie on the border of another contour, neither in nor out
    const faults = (line, polygon, fault) => line.slice(1, -1).map((point) => inside(polygon, point) === fault);
    return [
      ...faults(endo, wall, false), ...faults(la, wall, true), ...faults(la, endo, true), ...faults(endo, la, true),
      ...[endo, epi, la].map(crossesItself),
    ];
  };
  const before = look(start);
  return (contours) => look(contours).every((fault, i) => !fault || before[i]);
}

/** Whether an open polyline crosses itself. */
export function crossesItself(line) {
  const side = ([ax, ay], [bx, by], [x, y]) => (bx - ax) * (y - ay) - (by - ay) * (x - ax);
  for (let i = 1; i < line.length; i++) {
    const [a, b] = [line[i - 1], line[i]];
    const [left, right] = a[0] < b[0] ? [a[0], b[0]] : [b[0], a[0]];
    const [top, bottom] = a[1] < b[1] ? [a[1], b[1]] : [b[1], a[1]];
    for (let j = i + 2; j < line.length; j++) {
      const [c, d] = [line[j - 1], line[j]];
      if ((c[0] < left && d[0] < left) || (c[0] > right && d[0] > right)) continue;
      if ((c[1] < top && d[1] < top) || (c[1] > bottom && d[1] > bottom)) continue;
      if (side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0) return true;
    }
  }
  return false;
}

// ---- points

/**
 * Where points must be inserted, one after the other, for a brush to find control points close enough together under its disc:
 * [{contour, segment, u}] for `insertPoint`. Beside the disc segments grow gradually.
 */
export function refine(contours, centre, radius) {
  return Object.entries(contours).flatMap(([contour, start]) => {
    const inserts = [];
    let points = start;
    let inserted = points.slice(1).map(() => false); // by segment
    for (let next; points.length < MOST && (next = coarsest(points, inserted, centre, radius)); ) {
      inserts.push({ contour, ...next });
      points = insertPoint(points, next.segment, next.u);
      inserted = [...inserted.slice(0, next.segment), true, true, ...inserted.slice(next.segment + 1)];
    }
    return inserts;
  });
}

/** The longest segment to be halved, {segment, u}, or null. */
function coarsest(points, inserted, centre, radius) {
  const curves = beziers(points);
  const length = curves.map(([a, , , d]) => distance(a, d));
  const order = length.map((_, i) => i).sort((i, j) => length[j] - length[i]);
  for (const segment of order) {
    const outgrown = [segment - 1, segment + 1].some((i) => inserted[i] && length[segment] > UNEVEN * length[i]);
    const long = length[segment] > SPACING * radius;
    if (!outgrown && !(long && distanceTo(sampled(curves[segment]), centre) <= radius)) continue;
    const u = halfway(curves[segment]);
    const point = pointAt(curves[segment], u);
    if (points.every((other) => distance(other, point) >= CLOSEST)) return { segment, u };
  }
  return null;
}

const TWELFTHS = Array.from({ length: 13 }, (_, i) => i / 12);
const sampled = (curve) => TWELFTHS.map((u) => pointAt(curve, u));

/** The u in the middle of a segment: as far from its one end as from the other. */
function halfway(curve) {
  const lopsided = (u) => Math.abs(distance(pointAt(curve, u), curve[0]) - distance(pointAt(curve, u), curve[3]));
  return TWELFTHS.reduce((best, u) => (lopsided(u) < lopsided(best) ? u : best), 0.5);
}

/**
 * The points with one more, on their curve at `u` (0..1) of a segment; as they are when 200 are there. Linear in the points:
 * offsets take the same insertion.
 */
export function insertPoint(points, segment, u) {
  if (points.length >= MOST) return points;
  return [...points.slice(0, segment + 1), pointAt(beziers(points)[segment], u), ...points.slice(segment + 1)];
}

/** The points without one; as they are when it is an end or no more than `fewest` are there. */
export function deletePoint(points, index, fewest = 3) {
  const inner = index > 0 && index < points.length - 1;
  return inner && points.length > fewest ? points.filter((_, i) => i !== index) : points;
}

/** The place on a curve nearest to a point, {contour, segment, u}, or null when none is within `radius` mm. */
export function nearestOnCurve(contours, [x, y], radius) {
  let best = null;
  for (const [contour, points] of Object.entries(contours)) {
    const curve = sample(points);
    for (let i = 0; i < curve.length - 1; i++) {
      const [[ax, ay], [bx, by]] = [curve[i], curve[i + 1]];
      const square = (bx - ax) ** 2 + (by - ay) ** 2;
      const share = square ? Math.min(Math.max(((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / square, 0), 1) : 0;
      const far = Math.hypot(x - ax - share * (bx - ax), y - ay - share * (by - ay));
      if (far <= (best?.far ?? radius)) best = { contour, segment: Math.floor(i / 12), u: ((i % 12) + share) / 12, far };
    }
  }
  return best && { contour: best.contour, segment: best.segment, u: best.u };
}

// ---- structures

/**
 * Scales (one number, or [sx, sy] along the screen), turns (radians, clockwise on screen) and moves (mm) a structure about a
 * point, in this order. Structures are those of `mapStructure`.
 */
export function transform(contours, structure, { rotate = 0, scale = 1, move = [0, 0], about = [0, 0] }) {
  const [sx, sy] = Array.isArray(scale) ? scale : [scale, scale];
  const [c, s] = [Math.cos(rotate), Math.sin(rotate)];
  return mapStructure(contours, structure, (point) => {
    const [x, y] = [sx * (point[0] - about[0]), sy * (point[1] - about[1])];
    return [about[0] + c * x - s * y + move[0], about[1] + s * x + c * y + move[1]];
  });
}

const PARTS = { lv: (name) => name !== "la", la: (name) => name === "la", all: () => true };

/** The box around a structure's curves in mm, {x, y, width, height}. */
export function bounds(contours, structure) {
  const curves = Object.entries(contours).flatMap(([name, points]) => (PARTS[structure](name) ? sample(points) : []));
  const [[x, right], [y, bottom]] = [0, 1].map((k) => {
    const values = curves.map((point) => point[k]);
    return [Math.min(...values), Math.max(...values)];
  });
  return { x, y, width: right - x, height: bottom - y };
}

/** The mirror image about the LV's long axis: walls and leaflets change sides, while septal stays where septal was. */
export function mirror(contours) {
  const { apex, base } = longAxis(contours.lv_endo);
  const length = distance(apex, base);
  const [ax, ay] = [(base[0] - apex[0]) / length, (base[1] - apex[1]) / length];
  const flip = (points) =>
    points.map(([x, y]) => {
      const along = 2 * ((x - apex[0]) * ax + (y - apex[1]) * ay);
      return [2 * apex[0] + along * ax - x, 2 * apex[1] + along * ay - y];
    });
  return {
    ...mapValues(contours, (points) => flip(points).reverse()),
    septal_leaflet: flip(contours.lateral_leaflet),
    lateral_leaflet: flip(contours.septal_leaflet),
  };
}

/** Brings the LA's ends and the leaflets' hinges onto the annulus, the ends of the LV: leaflets as a whole, the LA softly. */
export function snapAnnulus(contours) {
  return PLACES.reduce((now, [[endo, end], , [la, laEnd], [leaflet]]) => {
    const place = now[endo].at(end);
    const all = now[leaflet].map(() => 1);
    const near = shares(now[la], laEnd === 0 ? 0 : now[la].length - 1, true);
    return { ...now, [la]: drawTo(now[la], laEnd, place, near), [leaflet]: drawTo(now[leaflet], 0, place, all) };
  }, contours);
}

/** The points with their `end` at a place, each following by its share. */
function drawTo(points, end, place, share) {
  const [x, y] = points.at(end);
  const moved = points.map((point, i) => [point[0] + share[i] * (place[0] - x), point[1] + share[i] * (place[1] - y)]);
  moved[end === 0 ? 0 : points.length - 1] = place; // exactly, whatever was rounded
  return moved;
}
