// The cine player on screen: sprite sheets on canvases, all drawn from one clock (transport.mjs).

import { address, button, html, isPressed, press } from "./dom.mjs";
import { createProgress } from "./progress.mjs";
import { bitmap, corner } from "./reel.mjs";
import { createTransport } from "./transport.mjs";

const WAITING = "Generate a clip to watch it here.";

/** Mounts the player in a gr.HTML element; see `CinePlayer` for the value. */
export function mount({ element, props, watch }) {
  const parts = build();
  const { root, stage } = parts;
  (element.querySelector(".cine-player") ?? element).replaceChildren(root);

  let value = props.value;
  let clips = []; // {id, clip, cell, canvas, title, badge, sheet, masks, order, shown} in the order of the value
  let orders = 0;
  let told = 0; // when Python last said what to show
  let live = false; // what is shown follows the drawing, and is no clip to save
  const dispose = new AbortController();

  const ready = () => clips.filter(({ shown }) => shown);
  const transport = createTransport({
    element,
    stage,
    lead: () => ready()[0]?.shown,
    paint,
    keys: { m: () => parts.masks.disabled || overlay() },
    extras: [parts.masks],
  });
  stage.after(transport.node);
  stage.addEventListener("click", () => ready().length && transport.toggle());

  function overlay() {
    press(parts.masks, !isPressed(parts.masks));
    transport.draw();
  }

  // ---- clips

  function take(next) {
    const known = new Map(clips.map((entry) => [entry.id, entry]));
    clips = next.map((clip) => ({ ...(known.get(clip.id) ?? cellFor(clip.id)), clip }));
    const cells = clips.map(({ cell }) => cell);
    for (const { cell } of known.values()) if (!cells.includes(cell)) cell.remove();
    cells.forEach((cell, i) => parts.grid.children[i] !== cell && parts.grid.insertBefore(cell, parts.grid.children[i] ?? null));
    for (const entry of clips) {
      const source = JSON.stringify([address(entry.clip.sprite), address(entry.clip.masks), entry.clip.frames, entry.clip.columns]);
      if (source !== entry.cell.dataset.source) {
        entry.cell.dataset.source = source;
        load(entry.id, entry.clip, ++orders);
      } else if (entry.shown) {
        entry.title.textContent = entry.clip.title ?? "";
      }
    }
    parts.grid.dataset.count = clips.length;
  }

  function cellFor(id) {
    const canvas = html("canvas", { class: "frame", width: 1, height: 1 });
    const title = html("span", { class: "title" });
    const badge = html("span", { class: "badge", hidden: "" }, "draft");
    const cell = html("figure", { class: "clip", "data-id": id }, canvas, html("figcaption", {}, title, badge));
    return { id, cell, canvas, title, badge, shown: null, order: 0 };
  }

  /** Fetches a clip's sheets; the pictures on screen, and what is written below them, stay until both are decoded. */
  async function load(id, clip, order) {
    try {
      const [sheet, masks] = await Promise.all([bitmap(clip.sprite), clip.masks ? bitmap(clip.masks) : null]);
      const entry = clips.find((candidate) => candidate.id === id);
      if (!entry || entry.order > order) return;
      Object.assign(entry, { sheet, masks, order, shown: clip });
      entry.title.textContent = clip.title ?? "";
      entry.badge.hidden = !clip.preview;
      entry.canvas.width = clip.width;
      entry.canvas.height = clip.height;
      transport.resume();
      if (clip.since) root.dataset.age = Math.round(performance.now() - clip.since); // ms from the edit to the screen
    } catch (error) {
      say(`The clip's pictures could not be loaded (${error.message}); generate it again.`, "failed");
    }
  }

  // ---- drawing

  function paint({ frameOf, frame, playing }) {
    for (const entry of ready()) paintClip(entry, frameOf(entry.shown));
    parts.masks.disabled = !ready().some(({ masks }) => masks);
    Object.assign(root.dataset, {
      doc: value.doc, rev: value.rev, status: value.status, frame, frames: ready()[0]?.shown.frames ?? 0, clips: ready().length,
      playing: String(playing), live: String(live),
    });
  }

  function paintClip({ canvas, shown, sheet, masks }, frame) {
    const { width, height } = shown;
    const context = canvas.getContext("2d");
    const from = [...corner(frame, shown), width, height, 0, 0, width, height];
    context.drawImage(sheet, ...from);
    if (masks && isPressed(parts.masks)) context.drawImage(masks, ...from); // as transparent as the sheet says
  }

  function showProgress() {
    parts.progress.show(value);
    say(value.message, value.status);
    parts.empty.hidden = clips.length > 0;
    parts.empty.textContent = value.status === "running" ? "" : WAITING;
  }

  function say(message, status) {
    parts.message.textContent = message ?? "";
    parts.message.classList.toggle("failed", status === "failed");
  }

  parts.masks.addEventListener("click", overlay);

  // The clip that follows the drawing: it takes the place of what was there, and gives it back to the next value from Python.
  document.addEventListener(
    "echo-preview",
    ({ detail }) => {
      if (!element.isConnected) return dispose.abort();
      if (value.status === "running" || detail.since < told) return; // of a drawing from before the clip that is shown
      live = true;
      take([{ ...detail, id: "live" }]);
      parts.empty.hidden = true;
      transport.draw();
    },
    { signal: dispose.signal },
  );

  document.addEventListener(
    "echo-preview-end",
    () => {
      live = false;
      take(value.clips ?? []);
      showProgress();
      transport.draw();
    },
    { signal: dispose.signal },
  );

  watch("value", () => {
    const next = props.value;
    if (!next || (next.doc === value.doc && next.rev < value.rev)) return;
    value = next;
    live = false;
    told = performance.now();
    take(value.clips ?? []);
    showProgress();
    transport.draw();
  });

  take(value.clips ?? []);
  showProgress();
  transport.draw();
  root.dataset.ready = "true";
}

/** Every element of the player but the transport, by name. */
function build() {
  const grid = html("div", { class: "grid" });
  const empty = html("p", { class: "empty" });
  const progress = createProgress();
  const stage = html("div", { class: "stage" }, grid, empty, progress.node);
  const masks = button("masks", { picture: "masks", words: "Overlay", hint: "Overlay of the label map (M)", pressed: false });
  const message = html("p", { class: "message", role: "status" });
  const root = html("div", { class: "player-root", "data-ready": "false" }, stage, message);
  return { root, stage, grid, empty, progress, masks, message };
}
