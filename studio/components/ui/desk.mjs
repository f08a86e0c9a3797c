// Everything that stands round the stage: the bar above it, the palette beside it, numbers, timeline, options and messages below.

import { button, html } from "./dom.mjs";

/** Of the image behind the drawing: opacity 0..1, level and window in grey levels (`stage.showWindow`). */
export const WINDOW = { opacity: 1, level: 128, window: 255 };

function layer(name, words) {
  const box = html("input", { type: "checkbox", name });
  box.checked = true;
  return [box, html("label", { class: `layer-${name}` }, box, html("span", {}, words))];
}

function slider(name, words, min, max, step) {
  const input = html("input", { type: "range", class: name, min, max, step, value: WINDOW[name], "aria-label": words });
  return [input, html("label", { class: "size" }, words, input)];
}

/** Pairs of (control, what shows it) by name, as controls by name and a list of the rest. */
const parted = (pairs) => [
  Object.fromEntries(Object.entries(pairs).map(([name, [control]]) => [name, control])),
  Object.values(pairs).map(([, shown]) => shown),
];

/** Every element by name; `root` holds them all. */
export function buildDesk(stage, palette, timeline) {
  const hearts = button("hearts", { words: "Hearts …", hint: "Start from a heart: presets and random patients" });
  hearts.disabled = true;
  const undo = button("undo", { picture: "undo", hint: "Undo (Ctrl+Z)" });
  const redo = button("redo", { picture: "redo", hint: "Redo (Ctrl+Shift+Z)" });
  const help = button("help", { words: "?", hint: "Keys and gestures (?)" });
  const find = button("find", { words: "Find contours", hint: "Let the segmentation network propose the contours of this image" });
  const fit = button("fit", { picture: "fit", hint: "Show the whole sector (double click)" });
  fit.hidden = true;
  stage.stage.append(fit);
  const [layers, boxes] = parted({
    labels: layer("labels", "Labels"), image: layer("image", "Image"), points: layer("points", "Points"), sketch: layer("sketch", "Sketch"),
  });
  const shows = html("details", { class: "shows" }, html("summary", {}, "Show"), html("div", {}, ...boxes));
  const live = html(
    "select", { class: "live", title: "The clip that follows the drawing", "aria-label": "Live clip" },
    html("option", { value: "phantom" }, "Live: simulation"), html("option", { value: "model" }, "Live: trained model"), html("option", { value: "off" }, "Live: off"),
  );
  const bar = html(
    "div", { class: "toolbar bar", role: "toolbar", "aria-label": "Drawing" },
    hearts, undo, redo, shows, find, html("span", { class: "gap" }), live, help,
  );
  const [sliders, rails] = parted({
    opacity: slider("opacity", "Opacity", 0, 1, 0.05), level: slider("level", "Level", 0, 255, 1), window: slider("window", "Window", 10, 400, 1),
  });
  const image = html("div", { class: "image toolbar", role: "toolbar", "aria-label": "Image" }, ...rails);
  const numbers = html("div", { class: "numbers-row" });
  const hint = html("p", { class: "hint" });
  const message = html("p", { class: "message", role: "status" });
  const root = html(
    "div", { class: "editor-root", "data-ready": "false", "data-dragging": "false" },
    bar, html("div", { class: "desk" }, palette.node, stage.stage), numbers, timeline.node, palette.row, image, hint, message,
  );
  return { root, numbers, hearts, undo, redo, fit, help, shows, layers, live, sliders, find, image, hint, message };
}
