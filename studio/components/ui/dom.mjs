// Building elements. Text from outside only ever becomes a text node.

const SVG = "http://www.w3.org/2000/svg";

function build(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

export const html = (tag, attributes = {}, ...children) => build(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) => build(document.createElementNS(SVG, tag), attributes, children);

const ICONS = {
  undo: "M4 6h6a3.5 3.5 0 0 1 0 7H6M4 6l3-3M4 6l3 3",
  redo: "M12 6H6a3.5 3.5 0 0 0 0 7h4M12 6 9 3M12 6 9 9",
  points: "M3 12C5 3 11 3 13 12M3 12m-1.500 0a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0-3 0M11.500 12a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0-3 0M6.500 4.500a1.500 1.500 0 1 0 3 0a1.500 1.500 0 1 0-3 0",
  transform: "M4 5h8v8H4zM2.500 3.500h3v3h-3zM10.500 3.500h3v3h-3zM2.500 11.500h3v3h-3zM10.500 11.500h3v3h-3zM8 5V1.500M6.500 2.500 8 1l1.500 1.500",
  push: "M2 8h7M6.500 5.500 9 8l-2.500 2.500M11 2c3 3.500 3 8.500 0 12",
  wall: "M3 14C3 5 5 2 8 2s5 3 5 12M6 14c0-6 .6-8 2-8s2 2 2 8M8 2v4",
  brush: "M13.500 2.500 7 9M7 9c-2-1-4 .5-4 2.500S2 14 2 14s5 .8 5.800-2.200C8.200 10.500 8 9.700 7 9z",
  pen: "M3 13l1-3.500 7.500-7.500 2.500 2.500L6.500 12zM10 3.500 12.500 6",
  eraser: "M6 13.500 2.500 10l7-7L14 7.500l-6 6zM6 13.500h8M5.500 7 10 11.500",
  arrow: "M3 13 13 3M7 3h6v6",
  soft: "M2 12c3 0 3-8 6-8s3 8 6 8",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  play: "M5 3.5v9l7-4.5z",
  pause: "M5 3.5v9M11 3.5v9",
  prev: "M11 3.5v9L5 8zM4 3.5v9",
  next: "M5 3.5v9L11 8zM12 3.5v9",
  loop: "M4 10V7a2 2 0 0 1 2-2h6M10 3l2 2-2 2M12 6v3a2 2 0 0 1-2 2H4M6 13l-2-2 2-2",
  difference: "M8 2.500v11M3 8h3.500M4.750 6.250v3.500M9.500 8H13",
  mmode: "M2 5c2 0 2-2 4-2s2 2 4 2 2-2 4-2M2 11c2 0 2 2 4 2s2-2 4-2 2 2 4 2",
  masks: "M8 2.5 14 6 8 9.5 2 6zM2.5 9.5 8 12.7l5.500-3.200",
};

export const icon = (name) => svg("svg", { viewBox: "0 0 16 16", class: `icon icon-${name}`, "aria-hidden": "true" }, svg("path", { d: ICONS[name] }));

/** A button with an icon, words or both; `pressed` (true or false) makes it a toggle. */
export function button(name, { picture, words, hint, pressed } = {}) {
  const content = [picture && icon(picture), words && html("span", {}, words)].filter(Boolean);
  return html("button", { type: "button", class: name, title: hint, "aria-label": hint, "aria-pressed": pressed }, ...content);
}

export const isPressed = (toggle) => toggle.getAttribute("aria-pressed") === "true";
export const press = (toggle, on) => toggle.setAttribute("aria-pressed", String(on));

/** Calls `go(event)` where a pointer goes down on an element, and as long as it is dragged. */
export function followPointer(node, go) {
  node.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    node.setPointerCapture(event.pointerId);
    go(event);
  });
  node.addEventListener("pointermove", (event) => node.hasPointerCapture(event.pointerId) && go(event));
}

/** The address of a picture in a component's value, which is a string or what gradio makes of a file. */
export const address = (picture) => (picture ? new URL(picture.url ?? picture, document.baseURI).href : null);

export const isTyping = (target) =>
  target.isContentEditable || target.matches?.("textarea, select, input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=button])");
