// The part of the frame that is in view: wheel, pinch and pull.

import { panView, whole, zoomOf, zoomView } from "./frame.mjs";

const LINE = 33; // CSS pixels of a wheel's line
const PER_PIXEL = 0.0015; // of the zoom's logarithm for a pixel of the wheel
const AT_REST = 1.001;

const spread = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** `frame()` is the whole frame, `toFrame(event)` where a pointer is in it, in pixels; `draw()` is called after every change. */
export function createCamera({ frame, toFrame, draw }) {
  let view = whole(frame());
  const fingers = new Map(); // where each pointer that is down was last, in frame pixels

  const isZoomed = () => zoomOf(view, frame()) > AT_REST;

  function look(next) {
    // fingers are kept in frame pixels, so they follow the view
    const scale = next.width / view.width;
    for (const [id, [x, y]] of fingers) fingers.set(id, [next.x + (x - view.x) * scale, next.y + (y - view.y) * scale]);
    view = next;
    draw();
  }

  /** The point `from` of the frame comes to lie under the pointer. */
  function pull(from, event) {
    const [x, y] = toFrame(event);
    look(panView(view, frame(), [from[0] - x, from[1] - y]));
    fingers.set(event.pointerId, toFrame(event));
  }

  /** Two fingers move and zoom at once. */
  function pinch(event) {
    const before = [...fingers.values()];
    fingers.set(event.pointerId, toFrame(event));
    const after = [...fingers.values()];
    const [from, to] = [middle(before), middle(after)];
    const panned = panView(view, frame(), [from[0] - to[0], from[1] - to[1]]);
    const centre = [to[0] + panned.x - view.x, to[1] + panned.y - view.y];
    look(zoomView(panned, frame(), centre, spread(after) / Math.max(spread(before), 1e-3)));
  }

  function wheel(event) {
    if (event.deltaY >= 0 && !isZoomed()) return; // at full view the page may scroll on
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? LINE : 1;
    look(zoomView(view, frame(), toFrame(event), Math.exp(-PER_PIXEL * lines * event.deltaY)));
  }

  return {
    view: () => view,
    isZoomed,
    reset: () => look(whole(frame())),
    pull,
    wheel,
    /** A pointer went down; how many are. */
    press: (event) => fingers.set(event.pointerId, toFrame(event)).size,
    release: (event) => fingers.delete(event.pointerId),
    /** Whether a move belongs to a pinch, which it then does. */
    pinches: (event) => fingers.size === 2 && fingers.has(event.pointerId) && (pinch(event), true),
  };
}
