// The frame that the stage shows: millimetres to pixels, and the part of it in view. Pixel centres have integer coordinates.

const MAX_ZOOM = 12;

export const toPixels = ({ mm_per_pixel: [my, mx], apex }, [x, y]) => [x / mx + apex[0], y / my + apex[1]];
export const toMm = ({ mm_per_pixel: [my, mx], apex }, [x, y]) => [(x - apex[0]) * mx, (y - apex[1]) * my];

/** The whole frame as a view. */
export const whole = ({ width, height }) => ({ x: -0.5, y: -0.5, width, height });

export const zoomOf = (view, frame) => frame.width / view.width;

/** A view that stays inside the frame. */
export function clampView(view, frame) {
  const { x, y, width, height } = whole(frame);
  const within = (value, low, high) => Math.min(Math.max(value, low), high);
  return { ...view, x: within(view.x, x, x + width - view.width), y: within(view.y, y, y + height - view.height) };
}

/** Magnifies by `factor` around the pixel [x, y], which stays where it is on screen. */
export function zoomView(view, frame, [x, y], factor) {
  const zoom = Math.min(Math.max(zoomOf(view, frame) * factor, 1), MAX_ZOOM);
  const [width, height] = [frame.width / zoom, frame.height / zoom];
  const [fx, fy] = [(x - view.x) / view.width, (y - view.y) / view.height];
  return clampView({ x: x - fx * width, y: y - fy * height, width, height }, frame);
}

export const panView = (view, frame, [dx, dy]) => clampView({ ...view, x: view.x + dx, y: view.y + dy }, frame);

/** The point [x, y] pixels, or the nearest one inside the frame. */
export const clampPoint = ({ width, height }, [x, y]) => [
  Math.min(Math.max(x, 0), width - 1),
  Math.min(Math.max(y, 0), height - 1),
];

/** The `d` of the sector's outline. */
export function sectorPath(frame, { depth, opening }) {
  const half = (opening / 360) * Math.PI;
  const corner = (angle) => toPixels(frame, [depth * Math.sin(angle), depth * Math.cos(angle)]);
  const [my, mx] = frame.mm_per_pixel;
  return `M${frame.apex.join(" ")}L${corner(-half).join(" ")}A${depth / mx} ${depth / my} 0 0 0 ${corner(half).join(" ")}Z`;
}
