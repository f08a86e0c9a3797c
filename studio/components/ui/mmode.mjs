// M-mode: what lies along one line, frame after frame. A line is two points [x, y] in shares (0..1) of a picture's width and height.

/** Across both walls of an apical LV at its middle. */
export const LINE = [[0.25, 0.45], [0.75, 0.45]];

const SHORTEST = 0.05; // of the picture, between the ends
const within = (value, low, high) => Math.min(Math.max(value, low), high);
const distance = ([x0, y0], [x1, y1]) => Math.hypot(x1 - x0, y1 - y0);

/** The line with one end (0 or 1) at a point, kept in the picture; the line as it was when too little would be left of it. */
export function moveEnd(line, end, [x, y]) {
  const moved = line.with(end, [within(x, 0, 1), within(y, 0, 1)]);
  return distance(...moved) < SHORTEST ? line : moved;
}

/** The line moved as a whole, as far as the picture reaches. */
export function moveLine(line, by) {
  const shift = [0, 1].map((axis) => {
    const places = line.map((point) => point[axis]);
    return within(by[axis], -Math.min(...places), 1 - Math.max(...places));
  });
  return line.map((point) => point.map((value, axis) => value + shift[axis]));
}

/** The line's length in mm by the clip's scale [y, x], or null where it tells none. */
export function lengthOf([[x0, y0], [x1, y1]], { width, height, mm_per_pixel: scale }) {
  return scale ? Math.hypot((x1 - x0) * width * scale[1], (y1 - y0) * height * scale[0]) : null;
}

/** Where a line is sampled: [x, y] in pixels, whose centres have integer coordinates; as many as the line has pixels, both ends among them. */
export function places(line, { width, height }) {
  const [from, to] = line.map(([x, y]) => [within(x * width - 0.5, 0, width - 1), within(y * height - 0.5, 0, height - 1)]);
  const steps = Math.max(Math.round(distance(from, to)), 1);
  return Array.from({ length: steps + 1 }, (_, i) => from.map((value, axis) => value + (i / steps) * (to[axis] - value)));
}

/**
 * The M-mode of a clip's grey levels (frames x height x width bytes): {width, height, greys}, a column for each frame and a row for
 * each place along the line, interpolated bilinearly.
 */
export function strip(greys, clip, line) {
  const { width, height, frames } = clip;
  const samples = places(line, clip).map(([x, y]) => {
    const [left, top] = [Math.min(Math.floor(x), Math.max(width - 2, 0)), Math.min(Math.floor(y), Math.max(height - 2, 0))];
    const [right, down] = [width > 1 ? 1 : 0, height > 1 ? width : 0];
    return { at: top * width + left, right, down, fx: x - left, fy: y - top };
  });
  const rows = new Uint8ClampedArray(samples.length * frames);
  samples.forEach(({ at, right, down, fx, fy }, row) => {
    for (let frame = 0; frame < frames; frame++) {
      const i = frame * height * width + at;
      const above = (1 - fx) * greys[i] + fx * greys[i + right];
      const below = (1 - fx) * greys[i + down] + fx * greys[i + down + right];
      rows[row * frames + frame] = (1 - fy) * above + fy * below;
    }
  });
  return { width: frames, height: samples.length, greys: rows };
}
