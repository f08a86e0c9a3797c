// The M-mode line on a clip: drawn over it, taken by either end or in between, or moved by the arrow keys.

import { svg } from "./dom.mjs";
import { moveEnd, moveLine } from "./mmode.mjs";

const STEP = 0.01; // of the picture, with an arrow key; with shift five of them
const ARROWS = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
const ENDS = ["first", "second"]; // as marked on the strip: a disc, a square

/** The line; `move(line)` is called with what the user makes of it, and `show(line, title, inOrder)` draws it. */
export function createLine({ move }) {
  const casing = svg("line", { class: "casing" });
  const thread = svg("line", { class: "thread" });
  const reach = svg("line", { class: "reach" });
  const ends = [svg("circle", { class: "dot", r: 5 }), svg("rect", { class: "dot", width: 10, height: 10, transform: "translate(-5 -5)" })];
  const handles = ends.map((dot, end) => {
    const target = svg("circle", { class: "target", r: 15 });
    return svg("g", { class: "end", role: "slider", "data-end": end, "aria-valuemin": 0, "aria-valuemax": 100 }, target, dot);
  });
  const node = svg("svg", { class: "line", role: "group", "aria-label": "M-mode line" }, casing, thread, reach, ...handles);
  let line;

  /** `inOrder`: its ends can be reached by the tab key. */
  function show(next, title, inOrder) {
    line = next;
    const share = (value) => `${(100 * value).toFixed(2)}%`;
    for (const each of [casing, thread, reach]) {
      line.forEach(([x, y], i) => (each.setAttribute(`x${i + 1}`, share(x)), each.setAttribute(`y${i + 1}`, share(y))));
    }
    line.forEach(([x, y], end) => {
      const [target, dot] = handles[end].children;
      target.setAttribute("cx", share(x));
      target.setAttribute("cy", share(y));
      dot.setAttribute(end ? "x" : "cx", share(x));
      dot.setAttribute(end ? "y" : "cy", share(y));
      const [across, down] = [x, y].map((value) => Math.round(100 * value));
      const said = {
        tabindex: inOrder ? 0 : -1,
        "aria-label": `M-mode line, ${ENDS[end]} end, on ${title}`,
        "aria-valuenow": across,
        "aria-valuetext": `${across} % across, ${down} % down`,
      };
      for (const [name, text] of Object.entries(said)) handles[end].setAttribute(name, text);
    });
  }

  /** Where a pointer is, in shares of the picture. */
  function place(event) {
    const { left, top, width, height } = node.getBoundingClientRect();
    return [(event.clientX - left) / width, (event.clientY - top) / height];
  }

  /** Follows a pointer that takes hold of `grip`; `follow(by, begun)` is the line that was as `begun` before it was pulled `by`. */
  function drag(grip, follow) {
    let held = null;
    grip.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      grip.setPointerCapture(event.pointerId);
      held = { from: place(event), begun: line };
    });
    grip.addEventListener("pointermove", (event) => {
      if (!held || !grip.hasPointerCapture(event.pointerId)) return;
      const [x, y] = place(event);
      move(follow([x - held.from[0], y - held.from[1]], held.begun));
    });
    for (const name of ["pointerup", "pointercancel"]) grip.addEventListener(name, () => (held = null));
  }

  drag(reach, (by, begun) => moveLine(begun, by));
  handles.forEach((handle, end) => {
    drag(handle, ([dx, dy], begun) => moveEnd(begun, end, [begun[end][0] + dx, begun[end][1] + dy]));
    handle.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      event.stopPropagation(); // which is no step to another frame
      const [dx, dy] = way.map((part) => part * (event.shiftKey ? 5 : 1));
      move(moveEnd(line, end, [line[end][0] + dx, line[end][1] + dy]));
    });
  });
  node.addEventListener("click", (event) => event.target !== node && event.stopPropagation()); // which is no click on the clip

  return { node, show };
}
