// What the drawing table shows: backdrop, label map, contours, sketch, arrows and the marks of the tools, in one SVG.

import { address, html, svg } from "./dom.mjs";
import { sectorPath, toMm, toPixels } from "./frame.mjs";
import { path } from "./spline.mjs";
import { outline } from "./strokes.mjs";

/** Contours from back to front, with the class of their colour. */
export const STRUCTURES = { la: "la", lv_epi: "myocardium", lv_endo: "lv", septal_leaflet: "leaflet", lateral_leaflet: "leaflet" };
export const LEAFLETS = ["septal_leaflet", "lateral_leaflet"];
const FILLS = { lv_epi: "myocardium", la: "la", lv_endo: "lv" }; // in the order in which a label map is painted
const GHOSTS = ["lv_endo", "la"];
const SIDES = { A4C: ["septal", "lateral"], A2C: ["inferior", "anterior"] };
const LEGEND = [["lv", "LV cavity"], ["myocardium", "Myocardium"], ["la", "Left atrium"], ["leaflet", "Mitral leaflets"]];
const INK = 1.2; // mm, the width of a pen stroke at full pressure

let mounted = 0;

/** The SVG and the functions that draw on it. All lengths are in mm but those of a view, which are frame pixels. */
export function createStage(description) {
  const id = `stage-${mounted++}`;
  const parts = build(id, description);
  const { canvas } = parts;
  const handles = new Map();
  let frame, sector, view;

  const px = (point) => toPixels(frame, point);
  const line = (points) => path(points.map(px));
  const polyline = (points, close = "") => `M${points.map((point) => px(point).map((v) => v.toFixed(2)).join(" ")).join("L")}${close}`;
  const unit = () => 1 / (canvas.getScreenCTM()?.a || 1); // frame pixels in a CSS pixel
  const mmPerUnit = () => unit() * frame.mm_per_pixel[1];

  function showFrame(value) {
    frame = value.frame;
    const { view: name, sector: shape } = value.drawing;
    sector = shape;
    const area = { x: -0.5, y: -0.5, width: frame.width, height: frame.height };
    for (const node of [parts.backdrop, parts.clip]) for (const [k, v] of Object.entries(area)) node.setAttribute(k, v);
    for (const node of [parts.sector, parts.tissue, parts.fan]) node.setAttribute("d", sectorPath(frame, sector));
    const picture = address(value.backdrop);
    if (picture) parts.backdrop.setAttribute("href", picture);
    else parts.backdrop.removeAttribute("href");
    [parts.left.textContent, parts.right.textContent] = SIDES[name];
    parts.view.textContent = name;
  }

  function showContours(contours) {
    for (const [name, points] of Object.entries(contours)) {
      const d = line(points);
      for (const stroke of parts.lines[name]) stroke.setAttribute("d", d);
      parts.fills[name]?.setAttribute("d", `${d}Z`);
    }
    parts.annulus.setAttribute("d", polyline([contours.lv_endo[0], contours.lv_endo.at(-1)]));
    placeHandles(contours);
  }

  /** The outlines at ED, behind those of another instant; null hides them. */
  function showGhost(contours) {
    parts.ghost.setAttribute("d", contours ? GHOSTS.map((name) => line(contours[name])).join("") : "");
  }

  function placeHandles(contours) {
    const scale = unit();
    const wanted = new Set();
    for (const contour of Object.keys(STRUCTURES)) {
      contours[contour].forEach((point, index) => {
        const key = `${contour}/${index}`;
        wanted.add(key);
        if (!handles.has(key)) handles.set(key, parts.handles.appendChild(handle(contour, index)));
        const [x, y] = px(point);
        handles.get(key).setAttribute("transform", `translate(${x.toFixed(3)} ${y.toFixed(3)}) scale(${scale.toFixed(5)})`);
      });
    }
    for (const [key, node] of handles) if (!wanted.has(key)) (node.remove(), handles.delete(key));
  }

  function markHandles(selected, hovered) {
    const is = (point, key) => point && key === `${point.contour}/${point.index}`;
    for (const [key, node] of handles) {
      node.classList.toggle("selected", Boolean(is(selected, key)));
      node.classList.toggle("hovered", Boolean(is(hovered, key)));
    }
  }

  function showSketch(strokes) {
    parts.sketch.setAttribute("d", strokes.map((stroke) => polyline(outline(stroke, INK), "Z")).join(""));
  }

  /** One arrow a leaflet; null hides it. */
  function showArrows(directions) {
    for (const name of LEAFLETS) {
      const arrow = directions[name];
      parts.arrows[name].setAttribute("d", arrow ? arrowPath(arrow.map(px), unit()) : "");
    }
  }

  /** The frame round a structure, with its grips: {box: {x, y, width, height}} in mm, or null. */
  function showBox(box) {
    parts.box.toggleAttribute("hidden", !box);
    if (!box) return;
    const scale = unit();
    parts.boxLine.setAttribute("d", polyline(corners(box), "Z"));
    for (const [name, point] of Object.entries(grips(box, scale * frame.mm_per_pixel[1]))) {
      const [x, y] = px(point);
      parts.grips[name].setAttribute("transform", `translate(${x.toFixed(3)} ${y.toFixed(3)}) scale(${scale.toFixed(5)})`);
    }
  }

  /** The circle within which a brush works; null hides it. */
  function showRing(centre, radius) {
    parts.ring.toggleAttribute("hidden", !centre);
    if (!centre) return;
    const [cx, cy] = px(centre);
    for (const [k, v] of Object.entries({ cx, cy, r: radius / frame.mm_per_pixel[1] })) parts.ring.setAttribute(k, v);
  }

  /** What a region brush has swept so far, in the colour of its class; null hides it. */
  function showSwath(points, radius, colour) {
    parts.swath.setAttribute("d", points ? polyline(points.length > 1 ? points : [points[0], points[0]]) : "");
    parts.swath.setAttribute("class", `swath ${colour ?? ""}`);
    if (points) parts.swath.setAttribute("stroke-width", (2 * radius) / frame.mm_per_pixel[1]);
  }

  function showView(next, contours) {
    view = next;
    canvas.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    placeHandles(contours);
    showScale();
  }

  /** Opacity 0..1; level (the grey that becomes middle grey) and window (the greys from black to white), both 0..255. */
  function showWindow({ opacity, level, window }) {
    parts.backdrop.setAttribute("opacity", opacity);
    const slope = 255 / Math.max(window, 1);
    for (const channel of parts.channels) {
      channel.setAttribute("slope", slope);
      channel.setAttribute("intercept", 0.5 - (slope * level) / 255);
    }
  }

  /** A tick for each centimetre of depth along the left edge, a longer one with its number for each fifth. */
  function showScale() {
    const box = canvas.getBoundingClientRect();
    const matrix = canvas.getScreenCTM();
    if (!matrix || !box.width) return;
    const scale = unit();
    const edge = new DOMPoint(box.left, box.top).matrixTransform(matrix.inverse()).x;
    const ticks = [];
    for (let cm = 0; cm * 10 <= sector.depth; cm++) {
      const y = px([0, cm * 10])[1];
      const length = (cm % 5 ? 5 : 10) * scale;
      ticks.push(svg("path", { d: `M${edge} ${y}H${edge + length}` }));
      if (cm % 5 === 0 && cm) {
        const label = svg("text", { transform: `translate(${edge + 13 * scale} ${y}) scale(${scale})`, dy: "0.35em" });
        label.textContent = `${cm} cm`;
        ticks.push(label);
      }
    }
    parts.scale.replaceChildren(...ticks);
  }

  const toFrame = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(canvas.getScreenCTM().inverse());
    return [x, y];
  };

  return {
    ...parts, unit, mmPerUnit, toFrame, toMm: (point) => toMm(frame, point),
    showFrame, showContours, showGhost, markHandles, showSketch, showArrows, showBox, showRing, showSwath, showView, showWindow,
  };
}

const corners = ({ x, y, width, height }) => [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];

/** Where a box is taken hold of: its corners scale it, what stands above it turns it. `unit` is the mm of a CSS pixel. */
export function grips(box, unit) {
  const [nw, ne, se, sw] = corners(box);
  return { nw, ne, se, sw, turn: [box.x + box.width / 2, box.y - 26 * unit] };
}

function arrowPath([[x0, y0], [x1, y1]], unit) {
  const angle = Math.atan2(y1 - y0, x1 - x0);
  const barb = (turn) => `${x1 - 9 * unit * Math.cos(angle + turn)} ${y1 - 9 * unit * Math.sin(angle + turn)}`;
  return `M${x0} ${y0}L${x1} ${y1}M${barb(0.5)}L${x1} ${y1}L${barb(-0.5)}`;
}

function handle(contour, index) {
  return svg(
    "g",
    { class: `handle ${STRUCTURES[contour]}`, "data-contour": contour, "data-index": index },
    svg("circle", { class: "target", r: 13 }),
    svg("circle", { class: "dot", r: 4.5 }),
  );
}

function build(id, description) {
  const clip = svg("rect");
  const fan = svg("path");
  const channels = ["R", "G", "B"].map((name) => svg(`feFunc${name}`, { type: "linear" }));
  const backdrop = svg("image", { class: "backdrop", preserveAspectRatio: "none", filter: `url(#${id}-window)` });
  const tissue = svg("path", { class: "tissue" });
  const sector = svg("path", { class: "sector" });
  const fills = Object.fromEntries(Object.entries(FILLS).map(([name, colour]) => [name, svg("path", { class: `fill ${colour}` })]));
  const labels = svg("g", { class: "labels", "clip-path": `url(#${id}-fan)` }, ...Object.values(fills));
  const ghost = svg("path", { class: "ghost" });
  const annulus = svg("path", { class: "annulus" });
  const lines = Object.fromEntries(
    Object.entries(STRUCTURES).map(([name, colour]) => [name, [svg("path", { class: "casing" }), svg("path", { class: `line ${colour}` })]]),
  );
  const sketch = svg("path", { class: "ink" });
  const arrows = Object.fromEntries(LEAFLETS.map((name) => [name, svg("path", { class: "arrow", "data-leaflet": name })]));
  const swath = svg("path", { class: "swath" });
  const ring = svg("circle", { class: "ring", hidden: "" });
  const boxLine = svg("path", { class: "box-line" });
  const gripNodes = Object.fromEntries(
    ["nw", "ne", "se", "sw", "turn"].map((name) => [name, svg("circle", { class: `grip ${name}`, r: 7, "data-grip": name })]),
  );
  const box = svg("g", { class: "box", hidden: "" }, boxLine, ...Object.values(gripNodes));
  const handles = svg("g", { class: "handles" });
  const scale = svg("g", { class: "scale" });
  const canvas = svg(
    "svg",
    { class: "canvas", preserveAspectRatio: "xMidYMid meet", "aria-hidden": "true" },
    svg(
      "defs", {},
      svg("clipPath", { id }, clip),
      svg("clipPath", { id: `${id}-fan` }, fan),
      svg("filter", { id: `${id}-window`, "color-interpolation-filters": "sRGB" }, svg("feComponentTransfer", {}, ...channels)),
    ),
    svg("g", { "clip-path": `url(#${id})` }, tissue, backdrop, labels, sector, swath),
    ghost, annulus, ...Object.values(lines).flat(), svg("g", { class: "sketch" }, sketch), ...Object.values(arrows), ring, handles, box, scale,
  );
  const view = html("strong", { class: "view" });
  const legend = html(
    "ul", { class: "legend" },
    html("li", {}, view),
    ...LEGEND.map(([colour, words]) => html("li", { class: colour }, html("span", { class: "swatch" }), words)),
  );
  const [left, right] = ["left", "right"].map((side) => html("span", { class: `side ${side}` }));
  const instant = html("p", { class: "instant" });
  const stage = html(
    "div", { class: "stage", tabindex: "0", role: "application", "aria-label": "Heart drawing", "aria-description": description },
    canvas, legend, instant, left, right,
  );
  return {
    stage, canvas, clip, fan, channels, backdrop, tissue, sector, fills, ghost, annulus, lines, sketch, arrows, swath, ring, box, boxLine,
    grips: gripNodes, handles, scale, view, left, right, instant,
  };
}
