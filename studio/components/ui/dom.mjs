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
  move: "M8 2v12M2 8h12M8 2 6 4M8 2l2 2M8 14l-2-2M8 14l2-2M2 8l2-2M2 8l2 2M14 8l-2-2M14 8l-2 2",
  soft: "M2 12c3 0 3-8 6-8s3 8 6 8",
  fit: "M3 6V3h3M10 3h3v3M13 10v3h-3M6 13H3v-3",
  play: "M5 3.5v9l7-4.5z",
  pause: "M5 3.5v9M11 3.5v9",
  prev: "M11 3.5v9L5 8zM4 3.5v9",
  next: "M5 3.5v9L11 8zM12 3.5v9",
  loop: "M4 10V7a2 2 0 0 1 2-2h6M10 3l2 2-2 2M12 6v3a2 2 0 0 1-2 2H4M6 13l-2-2 2-2",
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

/** The address of a picture in a component's value, which is a string or what gradio makes of a file. */
export const address = (picture) => (picture ? new URL(picture.url ?? picture, document.baseURI).href : null);

export const isTyping = (target) =>
  target.isContentEditable || target.matches?.("textarea, select, input:not([type=range]):not([type=checkbox]):not([type=radio]):not([type=button])");
