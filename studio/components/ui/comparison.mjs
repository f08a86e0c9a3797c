// Clips of one heart at chosen LVEFs, on screen side by side on one clock, with an M-mode line, differences and volume curves.

import { createPlot, sample, shades } from "./curves.mjs";
import { paintDifference } from "./difference.mjs";
import { address, button, followPointer, html, isPressed, press } from "./dom.mjs";
import { createLine } from "./line.mjs";
import { LINE, lengthOf, strip } from "./mmode.mjs";
import { createProgress } from "./progress.mjs";
import { bitmap, corner, greysOf } from "./reel.mjs";
import { createTransport } from "./transport.mjs";

const EMPTY = "Choose LVEFs and compare: the clips of one heart play here side by side.";

/** Mounts the comparison in a gr.HTML element; see `Comparison` for the value. */
export function mount({ element, props, watch }) {
  const { root, stage, empty, legend, difference, mmode, progress, message } = build();
  (element.querySelector(".comparison") ?? element).replaceChildren(root);

  let value = props.value;
  let cells = []; // {id, clip, source, shown, sheet, greys, decoded, order, handles, ...its parts} in the order of the value
  let line = LINE;
  let orders = 0;

  const ready = () => cells.filter((cell) => cell.shown);
  const lead = () => ready()[0]?.shown;
  const factual = () => ready().find(({ id }) => id === value.factual);
  const comparing = () => isPressed(difference) && Boolean(factual());

  const toggleDifference = () => difference.disabled || (press(difference, !isPressed(difference)), transport.draw());
  const toggleMMode = () => (press(mmode, !isPressed(mmode)), showLine(line));
  const transport = createTransport({
    element,
    stage,
    lead,
    paint,
    keys: { d: toggleDifference, m: toggleMMode },
    extras: [difference, mmode],
  });
  const seek = (seconds) => lead() && transport.show(Math.min(Math.round(seconds * lead().fps), lead().frames - 1));
  const plot = createPlot({ go: seek });
  stage.after(transport.node, plot.node);
  difference.addEventListener("click", toggleDifference);
  mmode.addEventListener("click", toggleMMode);

  // ---- clips

  function take(next) {
    const known = new Map(cells.map((cell) => [cell.id, cell]));
    cells = next.map((clip) => Object.assign(known.get(clip.id) ?? cellFor(clip.id), { clip }));
    for (const cell of known.values()) if (!cells.includes(cell)) cell.node.remove();
    cells.forEach(({ node }, i) => stage.children[i] !== node && stage.insertBefore(node, stage.children[i] ?? null));
    for (const cell of cells) {
      const { sprite, frames, columns, width, height } = cell.clip;
      const source = sprite ? JSON.stringify([address(sprite), frames, columns, width, height]) : null;
      if (source !== cell.source) {
        cell.source = source;
        if (source) load(cell, ++orders);
        else Object.assign(cell, { shown: null, decoded: null, order: ++orders }); // it waits for its pictures anew
      } else if (source && source === cell.decoded) {
        cell.shown = cell.clip;
      }
      tell(cell);
    }
    stage.style.setProperty("--count", cells.length);
    stage.dataset.count = cells.length;
    empty.hidden = cells.length > 0;
    showLine(line);
    showCurves();
  }

  function cellFor(id) {
    const handles = createLine({ move: showLine });
    const cell = { ...buildCell(id), id, handles, shown: null, source: null, decoded: null, order: 0 };
    cell.view.append(handles.node);
    cell.view.addEventListener("click", () => cell.shown && transport.toggle());
    followPointer(cell.wave, (event) => {
      if (!cell.shown) return;
      const { left, width } = cell.wave.getBoundingClientRect();
      const share = Math.min(Math.max((event.clientX - left) / width, 0), 0.999);
      seek(Math.floor(share * cell.shown.frames) / cell.shown.fps);
    });
    return cell;
  }

  /** Fetches a clip's sheet; the pictures on screen, and what is written beside them, stay until it is decoded. */
  async function load(cell, order) {
    const { clip, source } = cell;
    try {
      const sheet = await bitmap(clip.sprite);
      if (!cells.includes(cell) || cell.order > order) return;
      const current = cell.source === source ? cell.clip : clip; // what was said of these pictures meanwhile
      Object.assign(cell, { sheet, greys: greysOf(sheet, clip), order, decoded: source, shown: current });
      Object.assign(cell.canvas, { width: clip.width, height: clip.height });
      tell(cell);
      showLine(line);
      showCurves();
      transport.resume();
    } catch (error) {
      say(`The clip's pictures could not be loaded (${error.message}); compare again.`, "failed");
    }
  }

  /** What stands in words above and below a clip. */
  function tell(cell) {
    const clip = cell.shown ?? cell.clip;
    const { wanted, measured, width, height } = clip;
    const isFactual = cell.id === value.factual;
    const shade = shades(cells, value.factual)[cells.indexOf(cell)];
    cell.node.classList.toggle("shown", Boolean(cell.shown));
    cell.key.replaceChildren(sample(shade));
    cell.title.textContent = cell.title.title = clip.title ?? "";
    cell.note.textContent = clip.note ?? "";
    cell.draft.hidden = !(cell.shown && clip.preview);
    cell.mark.hidden = !isFactual;
    cell.wanted.textContent = Number.isFinite(wanted) ? `${Number(wanted.toFixed(1))} %` : "–";
    cell.view.style.setProperty("--shape", (width || 1) / (height || 1));
    cell.canvas.setAttribute("aria-label", clip.title || "Clip");
    cell.waiting.hidden = Boolean(cell.shown);
    const over = ["cancelled", "failed"].includes(value.status);
    cell.waiting.textContent = over ? "no clip" : "waiting…";
    const rows = measured ?? [{ name: "", kind: "none", words: over ? "not measured" : "measuring…" }];
    cell.measured.replaceChildren(
      ...rows.map(({ name, kind, words }) =>
        html("li", { "data-kind": kind }, html("span", { class: "name" }, name), html("span", { class: "words" }, words ?? "")),
      ),
    );
  }

  const showCurves = () => plot.show(cells.map((cell) => cell.shown ?? cell.clip), value.factual);

  // ---- drawing

  function paint({ frameOf, frame, playing }) {
    difference.disabled = !factual() || ready().length < 2;
    const reference = comparing() ? factual() : null;
    legend.hidden = !reference;
    for (const cell of ready()) {
      const at = frameOf(cell.shown);
      const context = cell.canvas.getContext("2d");
      if (reference && cell !== reference && sameShape(cell.shown, reference.shown)) {
        const image = context.createImageData(cell.shown.width, cell.shown.height);
        paintDifference(greysAt(cell, at), greysAt(reference, frameOf(reference.shown)), image.data);
        context.putImageData(image, 0, 0);
      } else {
        const { width, height } = cell.shown;
        context.drawImage(cell.sheet, ...corner(at, cell.shown), width, height, 0, 0, width, height);
      }
      cell.now.style.left = `${(100 * (at + 0.5)) / cell.shown.frames}%`;
    }
    plot.at(frameOf);
    Object.assign(root.dataset, {
      doc: value.doc, rev: value.rev, status: value.status, frame, frames: lead()?.frames ?? 0, clips: ready().length,
      playing: String(playing), difference: String(comparing()),
    });
  }

  const sameShape = (a, b) => a.width === b.width && a.height === b.height;
  const greysAt = ({ greys, shown: { width, height } }, frame) => greys.subarray(frame * width * height, (frame + 1) * width * height);

  /** Draws the line, and what lies along it, on all clips. */
  function showLine(next) {
    line = next;
    const on = isPressed(mmode);
    root.dataset.line = line.flat().map((share) => share.toFixed(3)).join(" ");
    root.classList.toggle("without-mmode", !on);
    cells.forEach((cell, i) => {
      cell.handles.show(line, cell.clip.title ?? "", i === 0);
      if (on && cell.shown) showStrip(cell);
    });
  }

  function showStrip({ wave, length, shown: clip, greys }) {
    const { width, height, greys: along } = strip(greys, clip, line);
    const canvas = wave.querySelector("canvas");
    Object.assign(canvas, { width, height });
    const image = new ImageData(width, height);
    along.forEach((grey, i) => image.data.set([grey, grey, grey, 255], 4 * i));
    canvas.getContext("2d").putImageData(image, 0, 0);
    const mm = lengthOf(line, clip);
    length.hidden = mm === null;
    length.firstChild.textContent = mm === null ? "" : `${mm.toFixed(0)} mm`;
  }

  function say(words, status) {
    message.textContent = words;
    message.classList.toggle("failed", status === "failed");
  }

  watch("value", () => {
    const next = props.value;
    if (!next || (next.doc === value.doc && next.rev < value.rev)) return;
    if (next.doc !== value.doc) say("");
    value = next;
    show();
  });

  function show() {
    take(value.clips ?? []);
    progress.show(value);
    transport.draw();
  }

  show();
  root.dataset.ready = "true";
}

/** Every element of the comparison but the transport and the plot, by name. */
function build() {
  const stage = html("div", { class: "row" });
  const empty = html("p", { class: "empty" }, EMPTY);
  const difference = button("difference", { picture: "difference", words: "Difference", hint: "Difference to the factual clip (D)", pressed: false });
  const mmode = button("mmode", { picture: "mmode", words: "M-mode", hint: "M-mode along the line (M)", pressed: true });
  const legend = html(
    "p", { class: "scale", hidden: "" }, "darker", html("span", { class: "ramp" }), "lighter than the factual clip",
  );
  const progress = createProgress();
  const message = html("p", { class: "message", role: "status" });
  const state = html("div", { class: "state" }, progress.node, message, legend);
  const root = html("div", { class: "comparison-root", "data-ready": "false" }, empty, stage, state);
  return { root, stage, empty, legend, difference, mmode, progress, message };
}

/** The cell of one clip, its parts by name. */
function buildCell(id) {
  const key = html("span", { class: "key" });
  const title = html("span", { class: "title" });
  const mark = html("span", { class: "badge", hidden: "" }, "factual");
  const wanted = html("strong", { class: "wanted" });
  const measured = html("ul", { class: "measured" });
  const asked = html("span", { class: "asked" }, html("span", { class: "unit" }, "LVEF"), wanted);
  const head = html("figcaption", {}, html("div", { class: "name-row" }, key, title, mark), html("div", { class: "lvefs" }, asked, measured));
  const canvas = html("canvas", { class: "frame", width: 1, height: 1, role: "img" });
  const draft = html("span", { class: "badge", hidden: "" }, "draft");
  const note = html("span", { class: "note" });
  const waiting = html("p", { class: "waiting" });
  const view = html("div", { class: "view" }, canvas, html("p", { class: "remarks" }, draft, note), waiting);
  const now = html("span", { class: "now" });
  const wave = html("div", { class: "wave" }, html("canvas", { "aria-hidden": "true" }), now);
  const length = html("span", { class: "length", hidden: "" }, html("span"));
  const strip = html("div", { class: "strip" }, wave, length);
  const node = html("figure", { class: "clip", "data-id": id }, head, view, strip);
  return { node, key, title, mark, draft, note, wanted, canvas, waiting, view, now, wave, length, strip, measured };
}
