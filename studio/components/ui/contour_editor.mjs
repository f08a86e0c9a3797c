// The contour editor on screen: state, gestures and drawing. Geometry is in drag.mjs, spline.mjs and frame.mjs.

import { address, button, html, isPressed, isTyping, press, svg } from "./dom.mjs";
import { movePoint, moveStructure, nearest, rounded, structureAt } from "./drag.mjs";
import { clampPoint, panView, sectorPath, toMm, toPixels, whole, zoomOf, zoomView } from "./frame.mjs";
import * as history from "./history.mjs";
import { path } from "./spline.mjs";

const GRAB = { mouse: 14, pen: 16, touch: 24 }; // CSS pixels around a control point that take hold of it
const NUDGE = { fine: 0.5, coarse: 2 }; // mm
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Contours from back to front, with the class of their colour. */
const STRUCTURES = { la: "la", lv_epi: "myocardium", lv_endo: "lv", septal_leaflet: "leaflet", lateral_leaflet: "leaflet" };
const LEGEND = [["lv", "LV cavity"], ["myocardium", "Myocardium"], ["la", "Left atrium"], ["leaflet", "Mitral leaflets"]];
const HINT = "Drag points to shape, chambers to move; scroll or pinch to zoom.";
const KEYS = "Arrow keys nudge the selected point, with Shift further. [ and ] select another point. Ctrl+Z undoes.";
const SIDES = { A4C: ["septal", "lateral"], A2C: ["inferior", "anterior"] };

/** Mounts the editor in a gr.HTML element; see `ContourEditor` for the value and the events. */
export function mount({ element, trigger, props, server, watch }) {
  const parts = build();
  const { root, stage, canvas } = parts;
  (element.querySelector(".contour-editor") ?? element).replaceChildren(root);

  let value = props.value;
  let contours = value.heart.contours;
  let past = history.EMPTY;
  let view = whole(value.frame);
  let selected = null; // {contour, index}
  let hovered = null;
  let gesture = null; // {start, origin, kind, ...} while the pointer drags
  const pointers = new Map();
  const handles = new Map();
  const dispose = new AbortController();

  // ---- drawing

  const key = ({ contour, index }) => `${contour}/${index}`;
  const same = (a, b) => a?.contour === b?.contour && a?.index === b?.index;
  const unit = () => 1 / (canvas.getScreenCTM()?.a || 1); // frame pixels in a CSS pixel

  function drawContours() {
    for (const [name, points] of Object.entries(contours)) {
      const line = path(points.map((point) => toPixels(value.frame, point)));
      for (const stroke of parts.lines[name]) stroke.setAttribute("d", line);
    }
    const [a, b] = [contours.lv_endo[0], contours.lv_endo.at(-1)].map((point) => toPixels(value.frame, point).join(" "));
    parts.annulus.setAttribute("d", `M${a}L${b}`);
    placeHandles();
  }

  function placeHandles() {
    const scale = unit();
    const wanted = new Set();
    for (const contour of Object.keys(STRUCTURES)) {
      contours[contour].forEach((point, index) => {
        const id = key({ contour, index });
        wanted.add(id);
        if (!handles.has(id)) handles.set(id, parts.handles.appendChild(handle(contour, index)));
        const [x, y] = toPixels(value.frame, point);
        handles.get(id).setAttribute("transform", `translate(${x.toFixed(3)} ${y.toFixed(3)}) scale(${scale.toFixed(5)})`);
      });
    }
    for (const [id, node] of handles) if (!wanted.has(id)) (node.remove(), handles.delete(id));
  }

  function drawMarks() {
    for (const [id, node] of handles) {
      node.classList.toggle("selected", selected !== null && id === key(selected));
      node.classList.toggle("hovered", hovered !== null && id === key(hovered));
    }
  }

  function drawView() {
    canvas.setAttribute("viewBox", `${view.x} ${view.y} ${view.width} ${view.height}`);
    parts.fit.hidden = zoomOf(view, value.frame) < 1.001;
    placeHandles();
    drawScale();
  }

  /** A tick for each centimetre of depth along the right edge, a longer one with its number for each fifth. */
  function drawScale() {
    const box = canvas.getBoundingClientRect();
    const matrix = canvas.getScreenCTM();
    if (!matrix || !box.width) return;
    const scale = unit();
    const edge = new DOMPoint(box.right, box.top).matrixTransform(matrix.inverse()).x;
    const ticks = [];
    for (let cm = 0; cm * 10 <= value.heart.sector.depth; cm++) {
      const y = toPixels(value.frame, [0, cm * 10])[1];
      const length = (cm % 5 ? 5 : 10) * scale;
      ticks.push(svg("path", { d: `M${edge - length} ${y}H${edge}` }));
      if (cm % 5 === 0 && cm) {
        const label = svg("text", { transform: `translate(${edge - 13 * scale} ${y}) scale(${scale})`, dy: "0.35em" });
        label.textContent = cm;
        ticks.push(label);
      }
    }
    parts.scale.replaceChildren(...ticks);
  }

  function drawValue() {
    const { frame, heart } = value;
    const area = { x: -0.5, y: -0.5, width: frame.width, height: frame.height };
    for (const node of [parts.backdrop, parts.labels, parts.clip]) for (const [k, v] of Object.entries(area)) node.setAttribute(k, v);
    for (const node of [parts.sector, parts.tissue]) node.setAttribute("d", sectorPath(frame, heart.sector));
    const backdrop = address(value.backdrop);
    if (backdrop) parts.backdrop.setAttribute("href", backdrop);
    else parts.backdrop.removeAttribute("href");
    parts.layers.backdrop.disabled = !backdrop;
    const [left, right] = SIDES[heart.view];
    parts.left.textContent = left;
    parts.right.textContent = right;
    parts.view.textContent = heart.view;
    showLayers();
    drawContours();
    drawMarks();
    drawView();
    state();
  }

  function showLayers() {
    const on = Object.fromEntries(Object.entries(parts.layers).map(([name, box]) => [name, box.checked && !box.disabled]));
    root.classList.toggle("hide-labels", !on.labels);
    root.classList.toggle("hide-backdrop", !on.backdrop);
    root.classList.toggle("hide-points", !on.points);
  }

  function state() {
    root.dataset.doc = value.doc;
    root.dataset.rev = value.rev;
    root.dataset.dragging = String(gesture !== null && gesture.kind !== "pan");
    parts.undo.disabled = !past.past.length;
    parts.redo.disabled = !past.future.length;
  }

  // ---- the server's part: label map, volumes, message. One call at a time; the latest drawing wins.

  let asking = false;
  let stale = false;

  async function refresh() {
    stale = true;
    if (asking) return;
    asking = true;
    try {
      while (stale) {
        stale = false;
        const doc = value.doc;
        const answer = await server.rasterise({ heart: { ...value.heart, contours: rounded(contours) }, lvef: value.lvef });
        if (answer && doc === value.doc) await show(answer);
      }
    } finally {
      asking = false;
    }
  }

  async function show({ png, edv, esv, message }) {
    if (png) {
      const picture = new Image(); // decoded before it is shown, else the label map would flicker
      picture.src = png;
      await picture.decode();
      parts.labels.setAttribute("href", png);
    } else {
      parts.labels.removeAttribute("href");
    }
    const millilitres = (volume) => (Number.isFinite(volume) ? `${Math.round(volume)} mL` : "–");
    parts.edv.textContent = millilitres(edv);
    parts.esv.textContent = millilitres(esv);
    parts.lvef.textContent = Number.isFinite(value.lvef) ? `${Math.round(value.lvef)} %` : "–";
    parts.message.textContent = message ?? HINT;
    parts.message.classList.toggle("warning", Boolean(message));
  }

  // ---- changes

  /** What undo brings back. */
  const drawing = ({ heart, frame, backdrop }) => ({ heart, frame, backdrop });
  const alike = (a, b) => JSON.stringify(a) === JSON.stringify(b);

  /** One finished change of the contours; `remember` is whether undo comes back to what was before. */
  function commit(next, kind, remember = true) {
    if (remember) past = history.record(past, drawing(value));
    give({ ...value, heart: { ...value.heart, contours: rounded(next) } }, kind);
  }

  function travel(step, kind) {
    const move = gesture ? null : step(past, drawing(value));
    if (!move) return;
    past = move.history;
    const { heart, frame, backdrop } = move.state;
    // in the same sector the backdrop stays, for it may show another frame of the recording by now
    give({ ...value, heart, frame, backdrop: alike(frame, value.frame) ? value.backdrop : backdrop }, kind);
  }

  /** Shows a change that was made here, gives it to Python and announces it. */
  function give(next, kind) {
    take({ ...next, rev: value.rev + 1 });
    props.value = value;
    trigger("edit", { kind, rev: value.rev });
  }

  function take(next) {
    if (!alike(next.frame, value.frame)) view = whole(next.frame);
    value = next;
    contours = value.heart.contours;
    if (selected && !contours[selected.contour][selected.index]) selected = hovered = null;
    drawValue();
    refresh();
  }

  watch("value", () => {
    const next = props.value;
    if (!next || next === value) return;
    if (next.doc === value.doc && next.rev < value.rev) {
      props.value = value; // late: Python goes on reading what is on screen
      return;
    }
    const another = next.doc !== value.doc;
    const dragging = gesture && !another && next.rev === value.rev;
    if (another) {
      past = history.EMPTY;
      selected = hovered = null;
      view = whole(next.frame);
    } else if (!alike(next.heart, value.heart)) {
      past = history.record(past, drawing(value));
    }
    if (dragging) {
      // the drag goes on, for only what surrounds the heart has changed
      value = { ...next, heart: value.heart };
      drawValue();
      refresh();
    } else {
      gesture = null;
      take(next);
    }
  });

  // ---- gestures

  const toFrame = (event) => {
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(canvas.getScreenCTM().inverse());
    return [x, y];
  };
  const mmAt = (event) => toMm(value.frame, clampPoint(value.frame, toFrame(event)));
  const reach = (event) => (GRAB[event.pointerType] ?? GRAB.mouse) * unit() * value.frame.mm_per_pixel[1];
  const soft = () => isPressed(parts.soft);

  function grip(event) {
    if (event.button === 1) return { kind: "pan" };
    const at = toMm(value.frame, toFrame(event));
    const whole = event.shiftKey || isPressed(parts.moveAll);
    const point = !whole && parts.layers.points.checked ? nearest(contours, at, reach(event)) : null;
    if (point) return { kind: "point", ...point };
    const structure = structureAt(contours, at);
    if (structure) return { kind: "structure", structure: whole ? "all" : structure };
    return { kind: "pan" };
  }

  function down(event) {
    if (event.button > 1) return;
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, toFrame(event));
    if (pointers.size === 2) return cancel(); // a second finger means a pinch
    if (pointers.size > 2) return;
    event.preventDefault();
    const grabbed = grip(event);
    selected = grabbed.kind === "point" ? { contour: grabbed.contour, index: grabbed.index } : null;
    gesture = { ...grabbed, start: contours, origin: mmAt(event), from: toFrame(event), moved: false };
    stage.classList.add("grabbing");
    drawMarks();
    state();
  }

  function move(event) {
    if (pointers.has(event.pointerId) && pointers.size === 2) return pinch(event);
    if (!gesture) return hover(event);
    if (gesture.kind === "pan") {
      const [x, y] = toFrame(event);
      view = panView(view, value.frame, [gesture.from[0] - x, gesture.from[1] - y]);
      return drawView();
    }
    const to = mmAt(event);
    const delta = [to[0] - gesture.origin[0], to[1] - gesture.origin[1]];
    if (!gesture.moved && Math.hypot(...delta) < 2 * unit() * value.frame.mm_per_pixel[1]) return; // a click is no drag
    gesture.moved = true;
    contours =
      gesture.kind === "point"
        ? movePoint(gesture.start, gesture.contour, gesture.index, delta, soft())
        : moveStructure(gesture.start, gesture.structure, delta);
    drawContours();
    refresh();
  }

  function up(event) {
    pointers.delete(event.pointerId);
    const done = gesture;
    gesture = null;
    stage.classList.remove("grabbing");
    if (done?.moved) commit(contours, "drag");
    state();
    hover(event);
  }

  /** Ends a drag as if it had never begun. */
  function cancel() {
    if (gesture?.moved) {
      contours = gesture.start;
      drawContours();
      refresh();
    }
    gesture = null;
    stage.classList.remove("grabbing");
    state();
  }

  function pinch(event) {
    const spread = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const before = [...pointers.values()];
    pointers.set(event.pointerId, toFrame(event));
    const after = [...pointers.values()];
    const [from, to] = [middle(before), middle(after)];
    const panned = panView(view, value.frame, [from[0] - to[0], from[1] - to[1]]);
    const moved = [panned.x - view.x, panned.y - view.y];
    const centre = [to[0] + moved[0], to[1] + moved[1]];
    const zoomed = zoomView(panned, value.frame, centre, spread(after) / Math.max(spread(before), 1e-3));
    // pointers are kept in frame pixels, so they follow the view
    const scale = zoomed.width / view.width;
    for (const [id, [x, y]] of pointers) pointers.set(id, [zoomed.x + (x - view.x) * scale, zoomed.y + (y - view.y) * scale]);
    view = zoomed;
    drawView();
  }

  function hover(event) {
    if (event.pointerType === "touch") return;
    const over = event.type === "pointerleave" ? { kind: "pan" } : grip({ ...pick(event), button: 0 });
    const next = over.kind === "point" ? { contour: over.contour, index: over.index } : null;
    if (!same(hovered, next)) {
      hovered = next;
      drawMarks();
    }
    const zoomed = zoomOf(view, value.frame) > 1.001;
    stage.dataset.over = over.kind === "pan" && !zoomed ? "nothing" : over.kind;
  }

  const pick = ({ clientX, clientY, shiftKey, pointerType }) => ({ clientX, clientY, shiftKey, pointerType });

  function zoom(event) {
    const zoomed = zoomOf(view, value.frame) > 1.001;
    if (event.deltaY >= 0 && !zoomed) return; // at full view the page may scroll on
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    view = zoomView(view, value.frame, toFrame(event), Math.exp(-0.0015 * lines * event.deltaY));
    drawView();
  }

  function resetView() {
    view = whole(value.frame);
    drawView();
  }

  // ---- keys

  function nudge(event) {
    const [dx, dy] = ARROWS[event.key];
    const step = event.shiftKey ? NUDGE.coarse : NUDGE.fine;
    commit(movePoint(contours, selected.contour, selected.index, [dx * step, dy * step], soft()), "nudge", !event.repeat);
  }

  function selectNext(by) {
    const all = Object.keys(STRUCTURES).flatMap((contour) => contours[contour].map((_, index) => ({ contour, index })));
    const at = selected ? all.findIndex((point) => same(point, selected)) : by > 0 ? -1 : 0;
    selected = all.at((at + by) % all.length);
    drawMarks();
  }

  function onStageKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS && selected && !gesture) nudge(event);
    else if (event.key === "Escape") (cancel(), (selected = null), drawMarks());
    else if (event.key === "]") selectNext(1);
    else if (event.key === "[") selectNext(-1);
    else return;
    event.preventDefault();
  }

  function onPageKey(event) {
    if (!element.isConnected) return dispose.abort();
    const mine = element.contains(event.target) || event.target === document.body;
    if (!mine || isTyping(event.target) || !(event.ctrlKey || event.metaKey) || !root.checkVisibility()) return;
    const letter = event.key.toLowerCase();
    if (letter !== "z" && letter !== "y") return;
    event.preventDefault();
    if (letter === "y" || event.shiftKey) travel(history.redo, "redo");
    else travel(history.undo, "undo");
  }

  stage.addEventListener("pointerdown", down);
  stage.addEventListener("pointermove", move);
  stage.addEventListener("pointerup", up);
  stage.addEventListener("pointercancel", (event) => (pointers.delete(event.pointerId), cancel()));
  stage.addEventListener("pointerleave", (event) => gesture || hover(event));
  stage.addEventListener("wheel", zoom, { passive: false });
  stage.addEventListener("dblclick", resetView);
  stage.addEventListener("keydown", onStageKey);
  document.addEventListener("keydown", onPageKey, { signal: dispose.signal });
  parts.undo.addEventListener("click", () => travel(history.undo, "undo"));
  parts.redo.addEventListener("click", () => travel(history.redo, "redo"));
  parts.fit.addEventListener("click", resetView);
  for (const toggle of [parts.soft, parts.moveAll]) toggle.addEventListener("click", () => press(toggle, !isPressed(toggle)));
  for (const box of Object.values(parts.layers)) box.addEventListener("change", showLayers);
  new ResizeObserver(() => element.isConnected && drawView()).observe(canvas);

  drawValue();
  refresh();
  root.dataset.ready = "true";
}

function handle(contour, index) {
  return svg(
    "g",
    { class: `handle ${STRUCTURES[contour]}`, "data-contour": contour, "data-index": index },
    svg("circle", { class: "target", r: 13 }),
    svg("circle", { class: "dot", r: 4.5 }),
  );
}

function layer(name, words) {
  const box = html("input", { type: "checkbox", name });
  box.checked = true;
  return [box, html("label", { class: `layer-${name}` }, box, html("span", {}, words))];
}

/** Every element of the editor, by name. */
function build() {
  const id = `frame-${Math.random().toString(36).slice(2)}`;
  const clip = svg("rect");
  const backdrop = svg("image", { class: "backdrop", preserveAspectRatio: "none" });
  const labels = svg("image", { class: "labels", preserveAspectRatio: "none" });
  const tissue = svg("path", { class: "tissue" });
  const sector = svg("path", { class: "sector" });
  const annulus = svg("path", { class: "annulus" });
  const lines = Object.fromEntries(
    Object.entries(STRUCTURES).map(([name, colour]) => [name, [svg("path", { class: "casing" }), svg("path", { class: `line ${colour}` })]]),
  );
  const handles = svg("g", { class: "handles" });
  const scale = svg("g", { class: "scale" });
  const framed = svg("g", { "clip-path": `url(#${id})` }, tissue, backdrop, labels, sector);
  const canvas = svg(
    "svg",
    { class: "canvas", preserveAspectRatio: "xMidYMid meet" },
    svg("clipPath", { id }, clip), framed, annulus, ...Object.values(lines).flat(), handles, scale,
  );

  const view = html("strong", { class: "view" });
  const legend = html(
    "ul", { class: "legend" },
    html("li", {}, view),
    ...LEGEND.map(([colour, words]) => html("li", { class: colour }, html("span", { class: "swatch" }), words)),
  );
  const [edv, esv, lvef] = ["edv", "esv", "lvef"].map((name) => html("dd", { class: name }, "–"));
  const volumes = html(
    "dl", { class: "volumes" }, html("dt", {}, "EDV"), edv, html("dt", {}, "ESV"), esv, html("dt", {}, "LVEF"), lvef,
  );
  const [left, right] = ["left", "right"].map((side) => html("span", { class: `side ${side}` }));
  const message = html("p", { class: "message", role: "status" }, HINT);
  const stage = html(
    "div", { class: "stage", tabindex: "0", role: "application", "aria-label": "Heart drawing", "aria-description": KEYS },
    canvas, legend, volumes, left, right,
  );

  const undo = button("undo", { picture: "undo", hint: "Undo (Ctrl+Z)" });
  const redo = button("redo", { picture: "redo", hint: "Redo (Ctrl+Shift+Z)" });
  const soft = button("soft", { picture: "soft", words: "Soft", hint: "Soft: a dragged point takes its neighbours along", pressed: true });
  const moveAll = button("move-all", { picture: "move", words: "Move all", hint: "Move the whole heart (Shift + drag)", pressed: false });
  const fit = button("fit", { picture: "fit", words: "Fit", hint: "Show the whole sector (double click)" });
  fit.hidden = true;
  const [[labelsBox, labelsLabel], [backdropBox, backdropLabel], [pointsBox, pointsLabel]] = [
    layer("labels", "Labels"), layer("backdrop", "Image"), layer("points", "Points"),
  ];
  const toolbar = html(
    "div", { class: "toolbar", role: "toolbar", "aria-label": "Drawing tools" },
    undo, redo, soft, moveAll, fit, html("span", { class: "gap" }), labelsLabel, backdropLabel, pointsLabel,
  );
  const root = html("div", { class: "editor-root", "data-ready": "false", "data-dragging": "false" }, stage, toolbar, message);
  const layers = { labels: labelsBox, backdrop: backdropBox, points: pointsBox };
  return {
    root, stage, canvas, clip, backdrop, labels, tissue, sector, annulus, lines, handles, scale, view, edv, esv, lvef, left, right,
    message, undo, redo, soft, moveAll, fit, layers,
  };
}
