// The drawing table on screen: its parts put together, and what they show of the drawing.
// The way of a change: the pointer (pointer.mjs) or a key (keyboard.mjs) moves a tool (tools.mjs) or gives a command
// (commands.mjs); the drawing (document.mjs) becomes another one; the instant on screen (instant.mjs) and the live clip follow.

import { createCamera } from "./camera.mjs";
import { createCommands } from "./commands.mjs";
import { bounds } from "./deform.mjs";
import { buildDesk, WINDOW } from "./desk.mjs";
import { createGallery, createKeys, createMapping } from "./dialogs.mjs";
import { createDocument } from "./document.mjs";
import { html } from "./dom.mjs";
import { alike, ED, edited, keyAt, nameOf, reset, samePhase, STANDING } from "./drawing.mjs";
import { clampPoint } from "./frame.mjs";
import { createInstant } from "./instant.mjs";
import { createKeyboard, DESCRIPTION, KEYS } from "./keyboard.mjs";
import { createLive } from "./live.mjs";
import { createNumbers, measured } from "./numbers.mjs";
import { createPalette, TOOLS } from "./palette.mjs";
import { createPointer } from "./pointer.mjs";
import { createStage } from "./stage.mjs";
import { createTimeline, near } from "./timeline.mjs";
import { GESTURES } from "./tools.mjs";

const GRAB = { mouse: 14, pen: 16, touch: 24 }; // CSS pixels around a control point that take hold of it
const RETRY = 3000; // ms

/** No beat and no clip needs the sketch, which may be the most of a drawing. */
const unsketched = (drawing) => ({ ...drawing, sketch: [] });

/** Mounts the table in a gr.HTML element; see `ContourEditor` for the value, the events and the server's functions. */
export function mount({ element, trigger, props, server, watch }) {
  let tool = "points";
  let selected = null; // {contour, index}
  let draft = null; // the drawing while a gesture changes it
  const told = { note: [], warnings: [] };
  const look = { ...WINDOW };
  const isMounted = () => element.isConnected;

  // ---- the parts

  const stage = createStage(DESCRIPTION);
  const palette = createPalette({ choose: chooseTool, change: drawTool, act: (name) => commands.act(name) });
  const timeline = createTimeline({ go: (phase) => instant.go(phase), reset: () => put("reset", reset(kept(), instant.phase())), play });
  const desk = buildDesk(stage, palette, timeline);
  const { root } = desk;
  const keys = createKeys(KEYS);
  const mapping = createMapping((token, meant) => doc.adopt("map", server.mapped({ token, meant, drawing: kept() })));
  let numbers = createNumbers({});
  let gallery = null;

  const doc = createDocument({ props, trigger, take, draw, restore, wait, ask: mapping.open, say });
  const kept = () => doc.value().drawing;
  const latest = () => draft ?? kept();
  const instant = createInstant({
    kept, latest, isMounted,
    isHeld: () => pointer.isDragging(),
    pose: (drawing) => server.pose({ drawing: unsketched(drawing) }),
    draw: drawContours,
    warn: (warnings) => tell({ warnings }),
    showPlaying: timeline.showPlaying,
  });
  const camera = createCamera({ frame: () => doc.value().frame, toFrame: stage.toFrame, draw: drawView });
  const live = createLive({
    ask: (request) => server.preview(request),
    show: (clip, { since }) => document.dispatchEvent(new CustomEvent("echo-preview", { detail: { ...clip, since } })),
  });

  /** What the tools, the commands, the pointer and the keyboard work on; see there. */
  const table = {
    stage, server, select, chooseTool, put, commit, show, say, over, ring,
    options: palette.options,
    drawing: kept,
    backdrop: () => doc.value().backdrop,
    phase: instant.phase,
    contours: instant.contours,
    selected: () => selected,
    tool: () => tool,
    isFresh: instant.isFresh,
    isBusy: doc.isBusy,
    isDragging: () => pointer.isDown(),
    isReady: () => !pointer.isDown() && !doc.isBusy() && instant.isFresh(),
    mm: (event) => stage.toMm(clampPoint(doc.value().frame, stage.toFrame(event))),
    reach: (event) => (GRAB[event.pointerType] ?? GRAB.mouse) * stage.mmPerUnit(),
    showSketch: stage.showSketch,
    showArrows: stage.showArrows,
    choose: (structure) => palette.pick("structure", structure),
    paint: (path) => commands.paint(path),
    adopt: doc.adopt,
    travel: (way) => pointer.isDown() || doc.travel(way),
    go: instant.go,
    stepBy: instant.step,
    play: () => play(!instant.isBeating()),
    rest: () => instant.play(false),
    showKeys: keys.open,
    letGo: () => (pointer.cancel(), select(null)),
  };
  const commands = createCommands(table);
  const pointer = createPointer({ stage, camera, commands, table, changed: drawState, mark: drawMarks });
  const answerKey = createKeyboard({ root, stage: stage.stage, palette, commands, table });

  // ---- changes

  /** One finished change of the drawing; `contours` are those that are on screen already. */
  function put(kind, next, contours) {
    if (contours) instant.hold(contours);
    doc.put(kind, next);
  }

  /** The same of the contours at the instant on screen; `run` names changes that are one step. */
  function commit(kind, { drawing, before, after }, run) {
    const next = edited(drawing, instant.phase(), before, after);
    instant.hold(after, next);
    doc.put(kind, next, run);
  }

  /** A change that a gesture has not finished. */
  function show({ drawing, before, after }) {
    draft = edited(drawing, instant.phase(), before, after);
    instant.hold(after, draft);
    drawContours();
    follow();
  }

  /** A gesture has ended: what of it was not kept goes from the screen. */
  function over() {
    const undone = draft !== null;
    draft = null;
    instant.settle();
    drawTool();
    if (undone) follow();
  }

  /** The drawing is on screen as it is kept. */
  function restore() {
    instant.settle();
    draw();
  }

  /** The value has become another one, whoever has made it. */
  function take(before, atEd) {
    const now = doc.value();
    draft = null;
    pointer.drop();
    say([]);
    if (now.doc !== before.doc) selected = null;
    if (atEd) {
      table.rest();
      instant.turn(ED);
    }
    restore();
    if (now.doc !== before.doc || !alike(now.frame, before.frame)) camera.reset();
    if (!alike(now.drawing, before.drawing) || now.model !== before.model) follow();
    else instant.refresh();
  }

  /** The beat and the live clip follow the drawing. */
  function follow() {
    instant.refresh();
    if (desk.live.value === "off") return;
    const model = desk.live.value === "model" ? doc.value().model : "phantom";
    live.want({ drawing: unsketched(latest()), model, since: performance.now() });
  }

  function select(point) {
    selected = point;
    drawMarks();
    allow();
  }

  function chooseTool(name) {
    if (pointer.isDown()) return;
    tool = name;
    select(null);
    stage.showRing(null);
    drawTool();
  }

  function play(on) {
    if (!pointer.isDown()) instant.play(on);
  }

  // ---- what is on screen

  function draw() {
    const { drawing, backdrop } = doc.value();
    stage.showFrame(doc.value());
    stage.showSketch(drawing.sketch);
    desk.image.hidden = desk.find.hidden = !backdrop;
    desk.layers.image.disabled = !backdrop;
    drawLayers();
    drawTool();
    drawView();
    drawState();
  }

  function drawState() {
    const { doc: name, rev } = doc.value();
    const { past, future } = doc.steps();
    Object.assign(root.dataset, { doc: name, rev, dragging: String(pointer.isDragging()), undo: past.length });
    desk.undo.disabled = !past.length;
    desk.redo.disabled = !future.length;
  }

  function drawTool() {
    palette.show(tool);
    allow();
    root.dataset.tool = tool;
    desk.hint.textContent = TOOLS[tool][3];
    drawContours();
  }

  function allow() {
    palette.allow({ selected: Boolean(selected), image: Boolean(doc.value().backdrop), sketch: kept().sketch.length > 0 });
  }

  function drawContours() {
    const contours = instant.contours();
    if (selected && !contours[selected.contour][selected.index]) select(null);
    stage.showContours(contours);
    stage.showGhost(instant.atEd() ? null : latest().contours);
    drawBox();
    drawMarks();
    drawNumbers();
  }

  function drawBox() {
    stage.showBox(tool === "transform" ? bounds(instant.contours(), palette.options.structure) : null);
  }

  function drawMarks() {
    stage.markHandles(selected, pointer.hovered());
  }

  function drawNumbers() {
    const [drawing, phase] = [latest(), instant.phase()];
    const { phases, volumes, of } = instant.beat();
    const { lvef, view, heart_rate } = drawing;
    // what the beat really reaches, where that is known; while something is pulled, what is asked
    const esv = lvef !== null && of === drawing ? volumes[phases.findIndex((each) => samePhase(each, STANDING.ES))] : undefined;
    const found = measured(drawing.contours, lvef, instant.contours(), esv);
    numbers.show(found, view, instant.atEd() ? "ed" : samePhase(phase, STANDING.ES) ? "es" : null);
    timeline.show({ phases, volumes, at: near(phases, phase), drawing, seconds: 60 / heart_rate, live: instant.atEd() ? found.edv : NaN });
    stage.instant.textContent = instant.atEd() ? "ED" : `${nameOf(phase)}${keyAt(drawing, phase) ? " · by hand" : ""}`;
    Object.assign(root.dataset, { phase, fresh: String(instant.isFresh()) });
  }

  function drawView() {
    stage.showView(camera.view(), instant.contours());
    stage.showArrows(latest().directions);
    desk.fit.hidden = !camera.isZoomed();
    drawBox();
  }

  function drawLayers() {
    for (const [name, box] of Object.entries(desk.layers)) root.classList.toggle(`hide-${name}`, !box.checked || box.disabled);
  }

  function ring(at) {
    const share = GESTURES[tool].ring;
    stage.showRing(share ? at : null, palette.options.radius * share);
  }

  function wait(on) {
    root.dataset.busy = String(on);
    if (!on) stage.showSwath(null);
  }

  /** A note stays until the next change or gesture, warnings until the next beat. */
  function tell(more) {
    const sentences = Object.values(Object.assign(told, more)).flat();
    desk.message.replaceChildren(...sentences.map((sentence) => html("span", {}, sentence)));
    desk.message.classList.toggle("warning", sentences.length > 0);
    desk.hint.hidden = sentences.length > 0;
  }

  function say(note) {
    tell({ note });
  }

  // ---- wiring

  const dispose = new AbortController();
  const on = (node, name, run, how) => node.addEventListener(name, run, how);
  on(document, "keydown", (event) => (isMounted() ? answerKey(event) : dispose.abort()), { signal: dispose.signal });
  on(document, "pointerdown", ({ target }) => desk.shows.contains(target) || (desk.shows.open = false), { signal: dispose.signal });
  on(desk.undo, "click", () => table.travel("undo"));
  on(desk.redo, "click", () => table.travel("redo"));
  on(desk.fit, "click", camera.reset);
  on(desk.help, "click", keys.open);
  on(desk.hearts, "click", () => gallery?.open(kept().view));
  on(desk.find, "click", commands.find);
  on(desk.live, "change", () => {
    if (desk.live.value !== "off") return follow();
    live.stop();
    document.dispatchEvent(new CustomEvent("echo-preview-end"));
  });
  for (const box of Object.values(desk.layers)) on(box, "change", drawLayers);
  for (const [name, slider] of Object.entries(desk.sliders)) {
    on(slider, "input", () => {
      look[name] = Number(slider.value);
      stage.showWindow(look);
    });
  }
  new ResizeObserver(() => isMounted() && drawView()).observe(stage.canvas);
  watch("value", () => doc.receive(props.value));

  async function fillGallery() {
    const answer = await server.hearts().catch(() => null);
    if (!isMounted()) return;
    if (!answer) return setTimeout(fillGallery, RETRY);
    numbers = createNumbers(answer.normal);
    desk.numbers.replaceChildren(numbers.node);
    gallery = createGallery(answer.hearts, commands.pickHeart);
    root.append(gallery.node);
    drawNumbers();
    desk.hearts.disabled = false;
  }

  root.append(keys.node, mapping.node);
  desk.numbers.append(numbers.node);
  (element.querySelector(".contour-editor") ?? element).replaceChildren(root);
  stage.showWindow(look);
  fillGallery();
  draw();
  follow();
  root.dataset.ready = "true";
}
