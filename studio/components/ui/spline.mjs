// Uniform Catmull-Rom curves, the same definition as `engine.anatomy.contours.spline`.

const padded = (points) => {
  const mirror = ([ax, ay], [bx, by]) => [2 * ax - bx, 2 * ay - by];
  return [mirror(points[0], points[1]), ...points, mirror(points.at(-1), points.at(-2))];
};

/** One cubic Bezier for each pair of neighbours: [start, control, control, end]. */
export function beziers(points) {
  const p = padded(points);
  return points.slice(1).map((_, i) => {
    const [p0, p1, p2, p3] = p.slice(i, i + 4);
    return [
      p1,
      [p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6],
      [p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6],
      p2,
    ];
  });
}

/** The place on a cubic Bezier at u = 0..1. */
export function pointAt([a, b, c, d], u) {
  const v = 1 - u;
  return [0, 1].map((k) => v * v * v * a[k] + 3 * v * v * u * b[k] + 3 * v * u * u * c[k] + u * u * u * d[k]);
}

/** (n - 1) * perSegment + 1 points on the curve, the control points among them. */
export function sample(points, perSegment = 12) {
  const curve = beziers(points).flatMap((bezier) => Array.from({ length: perSegment }, (_, i) => pointAt(bezier, i / perSegment)));
  return [...curve, points.at(-1)];
}

const number = (value) => value.toFixed(2);
const pair = ([x, y]) => `${number(x)} ${number(y)}`;

/** The `d` of an SVG path along the curve. */
export function path(points) {
  return `M${pair(points[0])}` + beziers(points).map(([, b, c, d]) => `C${pair(b)} ${pair(c)} ${pair(d)}`).join("");
}

/** Whether a point lies inside a closed polygon (even-odd rule). */
export function inside(polygon, [x, y]) {
  let odd = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const a = polygon[i];
    const b = polygon[j];
    if (a[1] > y !== b[1] > y && x < ((b[0] - a[0]) * (y - a[1])) / (b[1] - a[1]) + a[0]) odd = !odd;
  }
  return odd;
}
