// The drawing table on screen: its state, the history of it, and the way between the pointer, the tools and the server.
// Geometry is in spline.mjs, drag.mjs, deform.mjs and measure.mjs; the document in drawing.mjs; the tools in tools.mjs.

import { addPoint, alike, ED, edited, excess, keyAt, mirrored, nameOf, reset, samePhase, STANDING, withoutPoint, withPoint } from "./drawing.mjs";
import { bounds, nearestOnCurve, refine, snapAnnulus } from "./deform.mjs";
import { createGallery, createKeys, createMapping } from "./dialogs.mjs";
import { button, html, isTyping } from "./dom.mjs";
import { movePoint } from "./drag.mjs";
import { clampPoint, panView, whole, zoomOf, zoomView } from "./frame.mjs";
import * as history from "./history.mjs";
import { createLive } from "./live.mjs";
import { createNumbers, measured } from "./numbers.mjs";
import { createPalette, TOOLS } from "./palette.mjs";
import { createStage, STRUCTURES } from "./stage.mjs";
import { fromContours } from "./strokes.mjs";
import { createTimeline } from "./timeline.mjs";
import { GESTURES, grip } from "./tools.mjs";

const GRAB = { mouse: 14, pen: 16, touch: 24 }; // CSS pixels around a control point that take hold of it
const NUDGE = { fine: 0.5, coarse: 2 }; // mm
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SLIDERS = ["lvef", "heart_rate", "frames", "fps", "start"]; // of the drawing, on the page around
const WINDOW = { opacity: 1, level: 128, window: 255 };
const RETRY = 3000; // ms
const MEANWHILE = "The drawing was changed meanwhile, so the answer to the earlier one is left out; ask again.";
const LATE = "The beat of this drawing is still being made; pull again in a moment.";
const OFFLINE = "The studio does not answer; what you draw stays here, and follows when it is back.";

const KEYS = [
  ["Ctrl Z", "undo; with Shift redo"],
  ...Object.values(TOOLS).map(([, words, key]) => [key.toUpperCase(), words]),
  ["1 2 3", "ED, ES, valve open"],
  [", .", "one instant back, one on"],
  ["K", "let the contours beat"],
  ["[ ]", "select another point"],
  ["← ↑ → ↓", "move the selected point by 0.5 mm, with Shift by 2 mm"],
  ["Insert Delete", "add or delete a point"],
  ["- +", "a smaller or larger brush"],
  ["Escape", "let go without a change"],
  ["Wheel", "zoom; a pinch does too; double-click shows all"],
  ["Space ← → M L", "the clip: play, step, overlay, loop"],
  ["?", "this panel"],
];
const DESCRIPTION = "Arrow keys nudge the selected point, with Shift further. [ and ] select another point. Ctrl+Z undoes. ? tells all keys.";

/** Mounts the table in a gr.HTML element; see `ContourEditor` for the value, the events and the server's functions. */
export function mount({ element, trigger, props, server, watch }) {
  let value = props.value;
  let phase = ED; // the instant on screen
  let contours = value.drawing.contours; // as on screen
  let poses = { phases: [ED], beat: [contours], volumes: [0], of: value.drawing };
  let placed = null; // the drawing whose contours were put on screen by hand
  let draft = null; // the drawing while a gesture changes it
  let past = history.EMPTY;
  let view = whole(value.frame);
  let tool = "points";
  let selected = null; // {contour, index}
  let hovered = null;
  let held = null; // names the arrow key's press
  let gesture = null; // {run, from, moved} while the pointer drags; run is null while it moves the view
  let busy = false; // the server is making something of the drawing
  let beating = null; // when the contours began to beat
  let asked = null; // token of the last question that was shown
  const look = { ...WINDOW };
  const pointers = new Map();
  const dispose = new AbortController();

  const stage = createStage(DESCRIPTION);
  const palette = createPalette({ choose: chooseTool, change: drawTool, act });
  const timeline = createTimeline({ go, reset: resetKey, play });
  const keys = createKeys(KEYS);
  const mapping = createMapping((token, meant) => adopt("map", server.mapped({ token, meant, drawing: value.drawing })));
  const parts = build(stage, palette, timeline);
  const { root } = parts;
  let numbers = createNumbers({});
  let gallery = null;
  root.append(keys.node, mapping.node);
  parts.numbers.append(numbers.node);
  (element.querySelector(".contour-editor") ?? element).replaceChildren(root);

  const live = createLive({
    ask: (request) => server.preview(request),
    show: (clip, { since }) => document.dispatchEvent(new CustomEvent("echo-preview", { detail: { ...clip, since } })),
  });

  // ---- what is on screen

  const drawing = () => draft ?? value.drawing;
  const atEd = () => samePhase(phase, ED);
  /** Whether the contours on screen are those of the drawing, and not still on their way. */
  const isFresh = () => atEd() || [poses.of, placed].includes(value.drawing);

  function drawContours() {
    stage.showContours(contours);
    stage.showGhost(atEd() ? null : drawing().contours);
    stage.showBox(tool === "transform" ? bounds(contours, palette.options.structure) : null);
    stage.markHandles(selected, hovered);
    drawNumbers();
  }

  function drawNumbers() {
    const { lvef, view: name } = drawing();
    const es = poses.phases.findIndex((each) => samePhase(each, STANDING.ES));
    // what the beat really reaches, where that is known; while something is pulled, what is asked
    const esv = lvef !== null && poses.of === drawing() ? poses.volumes[es] : undefined;
    const found = measured(drawing().contours, lvef, contours, esv);
    numbers.show(found, name, atEd() ? "ed" : samePhase(phase, STANDING.ES) ? "es" : null);
    const index = Math.max(poses.phases.findIndex((each) => samePhase(each, phase)), 0);
    timeline.show({
      phases: poses.phases, volumes: poses.volumes, at: index, drawing: drawing(), seconds: 60 / drawing().heart_rate,
      live: atEd() ? found.edv : NaN,
    });
    const hand = keyAt(drawing(), phase);
    stage.instant.textContent = atEd() ? "ED" : `${nameOf(phase)}${hand ? " · by hand" : ""}`;
    Object.assign(root.dataset, { phase, fresh: String(isFresh()) });
  }

  function drawTool() {
    palette.show(tool);
    palette.allow({ selected: Boolean(selected), image: Boolean(value.backdrop), sketch: value.drawing.sketch.length > 0 });
    root.dataset.tool = tool;
    parts.hint.textContent = TOOLS[tool][3];
    if (!GESTURES[tool].ring) stage.showRing(null);
    drawContours();
  }

  function drawValue() {
    stage.showFrame(value);
    stage.showWindow(look);
    stage.showSketch(value.drawing.sketch);
    stage.showArrows(value.drawing.directions);
    parts.image.hidden = parts.find.hidden = !value.backdrop;
    parts.layers.image.disabled = !value.backdrop;
    showLayers();
    drawTool();
    drawView();
    state();
  }

  function drawView() {
    stage.showView(view, contours);
    parts.fit.hidden = zoomOf(view, value.frame) < 1.001;
    stage.showArrows(drawing().directions);
    stage.showBox(tool === "transform" ? bounds(contours, palette.options.structure) : null);
  }

  function showLayers() {
    for (const [name, box] of Object.entries(parts.layers)) root.classList.toggle(`hide-${name}`, !box.checked || box.disabled);
  }

  function state() {
    Object.assign(root.dataset, { doc: value.doc, rev: value.rev, dragging: String(Boolean(gesture?.run)), undo: past.past.length });
    parts.undo.disabled = !past.past.length;
    parts.redo.disabled = !past.future.length;
  }

  function say(sentences) {
    parts.message.replaceChildren(...sentences.map((sentence) => html("span", {}, sentence)));
    parts.message.classList.toggle("warning", sentences.length > 0);
    parts.hint.hidden = sentences.length > 0;
  }

  // ---- the server's part: the beat and the warnings. One call at a time; the latest drawing wins.

  let asking = false;
  let stale = false;

  async function refresh() {
    stale = true;
    if (asking) return;
    asking = true;
    try {
      while (stale) {
        stale = false;
        const of = drawing();
        const answer = await server.pose({ drawing: unsketched(of) });
        if (answer?.beat) pose({ ...answer, of });
        else refused(answer);
      }
    } finally {
      asking = false;
    }
  }

  /** A drawing that has no beat is shown at ED; a server that does not answer is asked again. */
  function refused(answer) {
    say([answer?.message ?? OFFLINE]);
    if (!answer) setTimeout(() => element.isConnected && refresh(), RETRY);
    else if (!gesture?.run) go(ED);
  }

  function pose(answer) {
    poses = answer;
    say(answer.warnings);
    if (!gesture?.run && beating === null) {
      const away = poses.phases.map((each) => Math.abs(each - phase));
      phase = poses.phases[away.indexOf(Math.min(...away))];
      settle();
    }
    drawContours();
  }

  /** The contours on screen become those of the drawing at its instant. */
  function settle() {
    const index = poses.phases.findIndex((each) => samePhase(each, phase));
    if (atEd()) contours = value.drawing.contours;
    else if (poses.of === value.drawing && index >= 0) contours = poses.beat[index];
    if (selected && !contours[selected.contour][selected.index]) selected = hovered = null;
  }

  /** No beat and no clip needs the sketch, which may be the most of a drawing. */
  const unsketched = (whole) => ({ ...whole, sketch: [] });

  const follow = () => {
    refresh();
    if (parts.live.value === "off") return;
    const model = parts.live.value === "model" ? value.model : "phantom";
    live.want({ drawing: unsketched(drawing()), model, since: performance.now() });
  };

  // ---- changes

  const now = () => ({ drawing: value.drawing, frame: value.frame, backdrop: value.backdrop });

  /** One finished change of the drawing. Changes of one `run` (a held key's) in quick succession are one step of the history. */
  function put(kind, next, run) {
    if (busy || alike(next, value.drawing)) return settle(), drawContours();
    const tooMuch = excess(next);
    if (tooMuch) return settle(), drawValue(), say([tooMuch]);
    past = history.record(past, now(), run && { kind: run, at: performance.now() });
    give({ ...value, drawing: next }, kind);
  }

  function commit(kind, { drawing: base, before, after }, run) {
    contours = after;
    const was = value;
    put(kind, edited(base, phase, before, after), run);
    if (value !== was) placed = value.drawing; // its contours are on screen before the server has said so
  }

  function travel(step, kind) {
    const move = gesture || busy ? null : step(past, now());
    if (!move) return;
    past = move.history;
    const { drawing: next, frame, backdrop } = move.state;
    // in the same sector the backdrop stays, for it may show another frame of the recording by now
    give({ ...value, drawing: next, frame, backdrop: alike(frame, value.frame) ? value.backdrop : backdrop }, kind);
  }

  /** Shows a change that was made here, gives it to Python and announces it. */
  function give(next, kind) {
    take({ ...next, rev: value.rev + 1, question: null });
    props.value = value;
    trigger("edit", { kind, rev: value.rev });
  }

  function take(next) {
    const moved = !alike(next.drawing, value.drawing) || next.model !== value.model;
    if (!alike(next.frame, value.frame)) view = whole(next.frame);
    value = next;
    draft = null;
    settle();
    drawValue();
    if (moved) follow();
    else refresh();
  }

  /**
   * What the server made of the drawing becomes one step; what it refused is said. Meanwhile the table waits, but the page's
   * sliders do not: what they said since stays said, unless the answer is another heart.
   */
  async function adopt(kind, asking_) {
    const [asked_, doc] = [value.drawing, value.doc];
    busy = true;
    root.dataset.busy = "true";
    let answer;
    try {
      answer = await asking_;
    } finally {
      busy = false;
      root.dataset.busy = "false";
      stage.showSwath(null);
    }
    if (!answer) return say([OFFLINE]);
    if (!answer.drawing) return say([answer.message]);
    const slid = Object.fromEntries(SLIDERS.map((name) => [name, value.drawing[name]]));
    if (doc !== value.doc || !alike({ ...asked_, ...slid }, value.drawing)) return say([MEANWHILE]);
    const drawn = kind === "heart" ? answer.drawing : { ...answer.drawing, ...slid, ...(kind === "paint" ? { lvef: answer.drawing.lvef } : {}) };
    const tooMuch = excess(drawn);
    if (tooMuch) return say([tooMuch]);
    const frame = answer.frame ?? value.frame;
    if (alike(drawn, value.drawing) && alike(frame, value.frame)) return;
    past = history.record(past, now());
    if (kind === "heart" || kind === "map" || kind === "find") go(ED);
    give({ ...value, drawing: drawn, frame, backdrop: alike(frame, value.frame) ? value.backdrop : null }, kind);
  }

  watch("value", () => {
    const next = props.value;
    if (!next || next === value) return;
    if (next.doc === value.doc && next.rev < value.rev) {
      props.value = value; // late: Python goes on reading what is on screen
      return;
    }
    const another = next.doc !== value.doc;
    if (!another && next.rev === value.rev) {
      // What was drawn here since stays; of what came only the picture behind it is new, if it has the same place.
      value = { ...next, drawing: value.drawing, frame: value.frame, backdrop: alike(next.frame, value.frame) ? next.backdrop : value.backdrop };
      props.value = value;
      drawValue();
    } else {
      if (another) {
        past = history.EMPTY;
        selected = hovered = null;
        view = whole(next.frame);
        phase = ED;
      } else if (!alike(next.drawing, value.drawing)) {
        const changed = Object.keys(next.drawing).filter((name) => !alike(next.drawing[name], value.drawing[name]));
        const slid = changed.every((name) => SLIDERS.includes(name)) && { kind: changed.join(), at: performance.now() };
        past = history.record(past, now(), slid || undefined);
      }
      drop();
      if (next.backdrop && !value.backdrop) phase = ED; // a recording is opened at its first frame
      take(next);
    }
    if (next.question && next.question.token !== asked) {
      asked = next.question.token;
      mapping.open(next.question);
    }
  });

  // ---- the instant on screen

  function go(next) {
    if (gesture?.run) return;
    beat(false);
    phase = next;
    settle();
    drawContours();
  }

  function resetKey() {
    put("reset", reset(value.drawing, phase));
  }

  function play(on) {
    if (gesture) return;
    beat(on);
  }

  function beat(on) {
    timeline.showPlaying(on);
    if (!on) {
      if (beating !== null) (beating = null), settle(), drawContours();
      return;
    }
    const first = (beating = performance.now() - phase * (60_000 / drawing().heart_rate));
    const tick = (time) => {
      if (beating !== first || !element.isConnected) return;
      const index = timeline.near((((time - first) * drawing().heart_rate) / 60_000) % 1);
      phase = poses.phases[index];
      contours = poses.beat[index];
      drawContours();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  // ---- gestures

  const mmAt = (event) => stage.toMm(clampPoint(value.frame, stage.toFrame(event)));

  /** What the tools work on; see tools.mjs. */
  const table = {
    stage,
    options: palette.options,
    drawing: () => value.drawing,
    phase: () => phase,
    contours: () => contours,
    mm: mmAt,
    reach: (event) => (GRAB[event.pointerType] ?? GRAB.mouse) * stage.mmPerUnit(),
    show(change) {
      draft = edited(change.drawing, phase, change.before, change.after);
      contours = change.after;
      drawContours();
      follow();
    },
    commit,
    put,
    showSketch: stage.showSketch,
    showArrows: stage.showArrows,
    ring: (to) => stage.showRing(to, palette.options.radius * GESTURES[tool].ring),
    select(point) {
      selected = point;
      palette.allow({ selected: Boolean(selected), image: Boolean(value.backdrop), sketch: value.drawing.sketch.length > 0 });
    },
    choose: (structure) => palette.pick("structure", structure),
    async paint(path) {
      const { radius, region } = palette.options;
      let [drawn, before] = [value.drawing, contours];
      for (const centre of path) {
        // so that the outline has points enough to follow the brush
        for (const place of refine(before, centre, radius)) [drawn, before] = [withPoint(drawn, place), addPoint(before, place)];
      }
      const painted = server.paint({ drawing: { ...drawn, contours: before }, path, radius, region });
      await adopt("paint", painted.then((answer) => answer?.contours ? { drawing: edited(drawn, phase, before, answer.contours) } : answer));
    },
  };

  function down(event) {
    if (event.button > 1) return;
    stage.stage.focus({ preventScroll: true });
    stage.stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, stage.toFrame(event));
    if (pointers.size === 2) return cancel(); // a second finger means a pinch
    if (pointers.size > 2 || busy) return;
    event.preventDefault();
    beat(false);
    if (!isFresh()) return say([LATE]);
    const at = mmAt(event);
    gesture = { run: null, at, from: stage.toFrame(event), moved: false };
    if (event.button !== 1) gesture.run = GESTURES[tool].begin(table, at, event);
    stage.stage.classList.add("grabbing");
    stage.markHandles(selected, hovered);
    state();
  }

  function move(event) {
    if (pointers.has(event.pointerId) && pointers.size === 2) return pinch(event);
    if (!gesture) return hover(event);
    if (!gesture.run) {
      const [x, y] = stage.toFrame(event);
      view = panView(view, value.frame, [gesture.from[0] - x, gesture.from[1] - y]);
      return drawView();
    }
    const to = mmAt(event);
    if (!gesture.moved && Math.hypot(to[0] - gesture.at[0], to[1] - gesture.at[1]) < 2 * stage.mmPerUnit()) return; // a click is no drag
    gesture.moved = true;
    gesture.run.move(to, event);
  }

  function up(event) {
    pointers.delete(event.pointerId);
    const done = gesture;
    gesture = null;
    stage.stage.classList.remove("grabbing");
    if (done?.run) {
      const touched = tool === "wall" || tool === "brush" || tool === "eraser";
      if (done.moved || touched) done.run.up(mmAt(event), event);
      draft = null;
      if (!busy) settle();
      drawTool();
    }
    state();
    hover(event);
  }

  /** Ends a gesture as if it had never begun. */
  function cancel() {
    const was = gesture;
    drop();
    was?.run?.cancel?.();
    if (was?.run) {
      settle();
      drawTool();
      follow();
    }
    state();
  }

  function drop() {
    gesture = draft = null;
    stage.stage.classList.remove("grabbing");
  }

  function pinch(event) {
    const spread = ([a, b]) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    const middle = ([a, b]) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    const before = [...pointers.values()];
    pointers.set(event.pointerId, stage.toFrame(event));
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
    if (event.pointerType === "touch") return stage.showRing(null);
    const gone = event.type === "pointerleave";
    const at = mmAt(event);
    const { ring } = GESTURES[tool];
    stage.showRing(gone || !ring ? null : at, palette.options.radius * ring);
    const over = gone || tool !== "points" ? { kind: "pan" } : grip(table, at, event);
    const next = over.kind === "point" ? { contour: over.contour, index: over.index } : null;
    if (next?.contour !== hovered?.contour || next?.index !== hovered?.index) {
      hovered = next;
      stage.markHandles(selected, hovered);
    }
    const zoomed = zoomOf(view, value.frame) > 1.001;
    stage.stage.dataset.over = tool === "points" ? (over.kind === "pan" && !zoomed ? "nothing" : over.kind) : tool;
  }

  function zoom(event) {
    const zoomed = zoomOf(view, value.frame) > 1.001;
    if (event.deltaY >= 0 && !zoomed) return; // at full view the page may scroll on
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    view = zoomView(view, value.frame, stage.toFrame(event), Math.exp(-0.0015 * lines * event.deltaY));
    drawView();
  }

  function resetView() {
    view = whole(value.frame);
    drawView();
  }

  function doubleClick(event) {
    const place = tool === "points" && isFresh() ? nearestOnCurve(contours, mmAt(event), table.reach(event)) : null;
    if (place) insert(place);
    else resetView();
  }

  // ---- single actions

  function insert(place) {
    contours = addPoint(contours, place);
    table.select({ contour: place.contour, index: place.segment + 1 });
    put("insert", withPoint(value.drawing, place));
  }

  function act(name) {
    if (gesture || busy || !isFresh()) return;
    const { contour, index } = selected ?? {};
    if (name === "add-point" && selected) insert({ contour, segment: Math.min(index, contours[contour].length - 2), u: 0.5 });
    else if (name === "delete-point" && selected) {
      const next = withoutPoint(value.drawing, selected);
      if (alike(next, value.drawing)) return say(["The ends of a contour stay, and so does the least number of points that it needs."]);
      table.select(null);
      put("delete", next);
    } else if (name === "mirror") {
      go(ED);
      put("mirror", mirrored(value.drawing));
    } else if (name === "snap") {
      go(ED);
      put("snap", edited(value.drawing, ED, contours, snapAnnulus(contours)));
    } else if (name === "sketch-contours") put("sketch", { ...value.drawing, sketch: [...value.drawing.sketch, ...fromContours(contours)] });
    else if (name === "sketch-image") adopt("sketch", server.edges({ drawing: value.drawing, backdrop: value.backdrop }));
    else if (name === "sketch-clear") put("sketch", { ...value.drawing, sketch: [] });
  }

  function pickHeart(name) {
    if (busy) return;
    const about = { drawing: value.drawing, behind: Boolean(value.backdrop) };
    adopt("heart", name ? server.preset({ ...about, name }) : server.random_patient({ ...about, seed: Math.floor(Math.random() * 400_000) }));
  }

  function chooseTool(name) {
    if (gesture) return;
    tool = name;
    table.select(null);
    stage.showRing(null);
    drawTool();
  }

  // ---- keys

  function nudge(event) {
    if (busy || !isFresh()) return;
    const [dx, dy] = ARROWS[event.key];
    const step = event.shiftKey ? NUDGE.coarse : NUDGE.fine;
    const after = movePoint(contours, selected.contour, selected.index, [dx * step, dy * step], palette.options.soft);
    if (!event.repeat) held = `nudge ${performance.now()}`; // held down is one step
    commit("nudge", { drawing: value.drawing, before: contours, after }, held);
  }

  function selectNext(by) {
    const all = Object.keys(STRUCTURES).flatMap((contour) => contours[contour].map((_, index) => ({ contour, index })));
    const at = selected ? all.findIndex(({ contour, index }) => contour === selected.contour && index === selected.index) : by > 0 ? -1 : 0;
    table.select(all.at((at + by) % all.length));
    stage.markHandles(selected, hovered);
  }

  const byKey = {
    ...Object.fromEntries(Object.entries(TOOLS).map(([name, [, , key]]) => [key, () => chooseTool(name)])),
    ...Object.fromEntries(Object.values(STANDING).map((each, i) => [String(i + 1), () => go(each)])),
    ",": () => go(poses.phases.at(timeline.near(phase) - 1)),
    ".": () => go(poses.phases[(timeline.near(phase) + 1) % poses.phases.length]),
    k: () => play(beating === null),
    "-": () => palette.resize(palette.options.radius - 2),
    "+": () => palette.resize(palette.options.radius + 2),
    "?": () => keys.open(),
    Insert: () => act("add-point"),
    Delete: () => act("delete-point"),
    Escape: () => (cancel(), table.select(null), drawTool()),
    "]": () => selectNext(1),
    "[": () => selectNext(-1),
  };

  function onPageKey(event) {
    if (!element.isConnected) return dispose.abort();
    const mine = element.contains(event.target) || event.target === document.body;
    if (!mine || isTyping(event.target) || event.altKey || !root.checkVisibility() || root.querySelector("dialog[open]")) return;
    const key = event.key.length > 1 ? event.key : event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return;
      if (key === "y" || event.shiftKey) travel(history.redo, "redo");
      else travel(history.undo, "undo");
    } else if (key in ARROWS && selected && !gesture && event.target === stage.stage) {
      nudge(event);
    } else if (byKey[key] && !(event.target.matches("select, input") && key.length === 1)) {
      byKey[key]();
    } else return;
    event.preventDefault();
  }

  const on = (node, name, run, how) => node.addEventListener(name, run, how);
  on(stage.stage, "pointerdown", down);
  on(stage.stage, "pointermove", move);
  on(stage.stage, "pointerup", up);
  on(stage.stage, "pointercancel", (event) => (pointers.delete(event.pointerId), cancel()));
  on(stage.stage, "pointerleave", (event) => gesture || hover(event));
  on(stage.stage, "wheel", zoom, { passive: false });
  on(stage.stage, "dblclick", doubleClick);
  on(document, "keydown", onPageKey, { signal: dispose.signal });
  on(parts.undo, "click", () => travel(history.undo, "undo"));
  on(parts.redo, "click", () => travel(history.redo, "redo"));
  on(parts.fit, "click", resetView);
  on(parts.help, "click", keys.open);
  on(parts.hearts, "click", () => gallery?.open(value.drawing.view));
  on(parts.find, "click", () => busy || adopt("find", server.propose({ drawing: value.drawing, backdrop: value.backdrop })));
  on(parts.live, "change", () => {
    if (parts.live.value !== "off") return follow();
    live.stop();
    document.dispatchEvent(new CustomEvent("echo-preview-end"));
  });
  for (const box of Object.values(parts.layers)) on(box, "change", showLayers);
  on(document, "pointerdown", ({ target }) => parts.shows.contains(target) || (parts.shows.open = false), { signal: dispose.signal });
  for (const [name, slider] of Object.entries(parts.sliders)) {
    on(slider, "input", () => {
      look[name] = Number(slider.value);
      stage.showWindow(look);
    });
  }
  new ResizeObserver(() => element.isConnected && drawView()).observe(stage.canvas);

  async function fillGallery() {
    const answer = await server.hearts();
    if (!element.isConnected) return;
    if (!answer) return setTimeout(fillGallery, RETRY);
    numbers = createNumbers(answer.normal);
    parts.numbers.replaceChildren(numbers.node);
    gallery = createGallery(answer.hearts, pickHeart);
    root.append(gallery.node);
    drawNumbers();
    parts.hearts.disabled = false;
  }

  fillGallery();
  drawValue();
  follow();
  root.dataset.ready = "true";
}

function layer(name, words) {
  const box = html("input", { type: "checkbox", name });
  box.checked = true;
  return [box, html("label", { class: `layer-${name}` }, box, html("span", {}, words))];
}

/** Every element round the stage, by name. */
function build(stage, palette, timeline) {
  const hearts = button("hearts", { words: "Hearts …", hint: "Start from a heart: presets and random patients" });
  hearts.disabled = true;
  const undo = button("undo", { picture: "undo", hint: "Undo (Ctrl+Z)" });
  const redo = button("redo", { picture: "redo", hint: "Redo (Ctrl+Shift+Z)" });
  const fit = button("fit", { picture: "fit", hint: "Show the whole sector (double click)" });
  fit.hidden = true;
  const help = button("help", { words: "?", hint: "Keys and gestures (?)" });
  const found = { labels: layer("labels", "Labels"), image: layer("image", "Image"), points: layer("points", "Points"), sketch: layer("sketch", "Sketch") };
  const layers = Object.fromEntries(Object.entries(found).map(([name, [box]]) => [name, box]));
  const live = html(
    "select", { class: "live", title: "The clip that follows the drawing", "aria-label": "Live clip" },
    html("option", { value: "phantom" }, "Live: simulation"), html("option", { value: "model" }, "Live: trained model"), html("option", { value: "off" }, "Live: off"),
  );
  const find = button("find", { words: "Find contours", hint: "Let the segmentation network propose the contours of this image" });
  const shows = html("details", { class: "shows" }, html("summary", {}, "Show"), html("div", {}, ...Object.values(found).map(([, label]) => label)));
  const bar = html(
    "div", { class: "toolbar bar", role: "toolbar", "aria-label": "Drawing" },
    hearts, undo, redo, shows, find, html("span", { class: "gap" }), live, help,
  );
  const slider = (name, words, min, max, step, start) => {
    const input = html("input", { type: "range", class: name, min, max, step, value: start, "aria-label": words });
    return [input, html("label", { class: "size" }, words, input)];
  };
  const shown = {
    opacity: slider("opacity", "Opacity", 0, 1, 0.05, WINDOW.opacity),
    level: slider("level", "Level", 0, 255, 1, WINDOW.level),
    window: slider("window", "Window", 10, 400, 1, WINDOW.window),
  };
  const sliders = Object.fromEntries(Object.entries(shown).map(([name, [input]]) => [name, input]));
  const image = html("div", { class: "image toolbar", role: "toolbar", "aria-label": "Image" }, ...Object.values(shown).map(([, label]) => label));
  const numbers = html("div", { class: "numbers-row" });
  const hint = html("p", { class: "hint" });
  const message = html("p", { class: "message", role: "status" });
  stage.stage.append(fit);
  const root = html(
    "div", { class: "editor-root", "data-ready": "false", "data-dragging": "false" },
    bar, html("div", { class: "desk" }, palette.node, stage.stage), numbers, timeline.node, palette.row, image, hint, message,
  );
  return { root, numbers, hearts, undo, redo, fit, help, shows, layers, live, sliders, find, image, hint, message };
}
