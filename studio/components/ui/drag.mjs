// How a drawn heart answers to a pull. Contours are {name: [[x, y] mm, ...]}; nothing here changes its arguments.

import { inside, sample } from "./spline.mjs";

/** The two anatomical places that several contours share; each entry is [contour, index of its end]. */
export const PLACES = [
  [["lv_endo", 0], ["lv_epi", 0], ["la", -1], ["septal_leaflet", 0]],
  [["lv_endo", -1], ["lv_epi", -1], ["la", 0], ["lateral_leaflet", 0]],
];

const REACH = 10; // mm, the least standard deviation of a soft pull along a contour
const FAINT = 0.05; // a smaller share of the pull is none at all

/** Which share (0..1) of a pull at `index` each point of a contour follows. */
export function shares(points, index, soft) {
  const along = [0];
  for (let i = 1; i < points.length; i++) {
    along.push(along[i - 1] + Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
  }
  // wide enough for the next point to feel it, yet the short leaflets bend over a shorter way
  const reach = Math.min(Math.max(REACH, (0.8 * along.at(-1)) / (points.length - 1)), 0.3 * along.at(-1)) || REACH;
  return points.map((_, i) => {
    if (i === index) return 1;
    const share = soft ? Math.exp(-0.5 * ((along[i] - along[index]) / reach) ** 2) : 0;
    return share < FAINT ? 0 : share;
  });
}

const shift = (points, [dx, dy], share) =>
  points.map(([x, y], i) => (share[i] ? [x + share[i] * dx, y + share[i] * dy] : [x, y]));

/**
 * Pulls one control point by `delta` mm. A soft pull takes its neighbours along. The annulus is one place: whatever hangs on
 * it follows, the ends of the epicardium too; but pulling the epicardium changes the wall alone.
 */
export function movePoint(contours, name, index, delta, soft) {
  const pulled = { [name]: shares(contours[name], index, soft) };
  const places = PLACES.map((place) => {
    const own = name === "lv_epi" ? undefined : place.find(([contour]) => contour === name);
    return { share: own ? pulled[name].at(own[1]) : 0, others: place.filter(([contour]) => contour !== name) };
  });
  for (const { share, others } of places) {
    for (const [other, end] of share ? others : []) {
      const spread = shares(contours[other], end === 0 ? 0 : contours[other].length - 1, soft);
      pulled[other] = spread.map((s, i) => Math.max(s * share, pulled[other]?.[i] ?? 0));
    }
  }
  for (const { share, others } of places) {
    for (const [other, end] of others) if (pulled[other]) pulled[other][end === 0 ? 0 : pulled[other].length - 1] = share;
  }
  return { ...contours, ...mapValues(pulled, (share, contour) => shift(contours[contour], delta, share)) };
}

export const mapValues = (object, change) =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]));

/**
 * Changes the points of a structure: "lv" (with the valve and the annulus, to which the LA's ends belong), "la" (up to the
 * annulus) or "all". `change` takes and gives [x, y].
 */
export function mapStructure(contours, structure, change) {
  const belongs = (name, i) => {
    if (structure === "all" || name !== "la") return structure !== "la";
    return (i === 0 || i === contours.la.length - 1) === (structure === "lv");
  };
  return mapValues(contours, (points, name) => points.map((point, i) => (belongs(name, i) ? change(point) : point)));
}

/** Moves a structure as a whole. */
export const moveStructure = (contours, structure, [dx, dy]) => mapStructure(contours, structure, ([x, y]) => [x + dx, y + dy]);

/** The structure whose body holds a point: "lv" (cavity and wall), "la" or null. */
export function structureAt(contours, point) {
  if (inside(sample(contours.lv_endo), point)) return "lv";
  if (inside(sample(contours.la), point)) return "la";
  return inside(sample(contours.lv_epi), point) ? "lv" : null;
}

/** The control point nearest to a point, {contour, index}, or null when none is within `radius` mm. */
export function nearest(contours, [x, y], radius) {
  let best = null;
  for (const [contour, points] of Object.entries(contours)) {
    points.forEach((point, index) => {
      const distance = Math.hypot(point[0] - x, point[1] - y);
      if (distance <= (best?.distance ?? radius)) best = { contour, index, distance };
    });
  }
  return best && { contour: best.contour, index: best.index };
}

/** The contours as they are stored: rounded to 0.001 mm. */
export const rounded = (contours) =>
  mapValues(contours, (points) => points.map((point) => point.map((value) => Math.round(value * 1000) / 1000)));
