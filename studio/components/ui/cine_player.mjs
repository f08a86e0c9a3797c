// The cine player on screen: sprite sheets on canvases, all drawn from one clock (clock.mjs).

import * as time from "./clock.mjs";
import { address, button, html, icon, isPressed, isTyping, press } from "./dom.mjs";

const WAITING = "Generate a clip to watch it here.";

/** Mounts the player in a gr.HTML element; see `CinePlayer` for the value. */
export function mount({ element, props, watch }) {
  const parts = build();
  const { root, stage } = parts;
  (element.querySelector(".cine-player") ?? element).replaceChildren(root);

  let value = props.value;
  let clips = []; // {id, clip, cell, canvas, title, badge, sheet, masks, order, shown} in the order of the value
  let clock = time.STOPPED;
  let wanted = true; // the user wants to see motion
  let onScreen = true;
  let drawing = 0; // the animation frame asked for, or 0
  let orders = 0;
  let told = 0; // when Python last said what to show
  let live = false; // what is shown follows the drawing, and is no clip to save
  const dispose = new AbortController();

  const loop = () => isPressed(parts.loop);
  const ready = () => clips.filter(({ shown }) => shown);
  const lead = () => ready()[0]?.shown; // the clip that frame numbers speak of
  const frameNow = () => (lead() ? time.frameAt(time.elapsedAt(clock, performance.now()), lead(), loop()) : 0);

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
      if (wanted && !time.isPlaying(clock)) start();
      draw();
      if (clip.since) root.dataset.age = Math.round(performance.now() - clip.since); // ms from the edit to the screen
    } catch (error) {
      say(`The clip's pictures could not be loaded (${error.message}); generate it again.`, "failed");
    }
  }

  // ---- drawing

  function draw() {
    const now = performance.now();
    const reference = lead();
    const elapsed = time.elapsedAt(clock, now);
    if (reference && !loop() && time.isPlaying(clock) && time.hasEnded(elapsed, reference)) {
      clock = time.seek(time.pause(clock, now), (reference.frames - 1) / reference.fps, now);
      wanted = false;
    }
    for (const entry of ready()) paint(entry, time.frameAt(elapsed, entry.shown, loop()));
    showState(reference ? time.frameAt(elapsed, reference, loop()) : 0, reference);
  }

  function paint({ canvas, shown, sheet, masks }, frame) {
    const { width, height, columns } = shown;
    const context = canvas.getContext("2d");
    const from = [(frame % columns) * width, Math.floor(frame / columns) * height, width, height, 0, 0, width, height];
    context.drawImage(sheet, ...from);
    if (masks && isPressed(parts.masks)) context.drawImage(masks, ...from); // as transparent as the sheet says
  }

  function showState(frame, reference) {
    const frames = reference?.frames ?? 0;
    Object.assign(root.dataset, {
      doc: value.doc, rev: value.rev, status: value.status, frame, frames, clips: ready().length,
      playing: String(time.isPlaying(clock)), live: String(live),
    });
    parts.scrub.max = Math.max(frames - 1, 0);
    parts.scrub.value = frame;
    for (const control of [parts.play, parts.prev, parts.next, parts.scrub, parts.loop, parts.speed]) control.disabled = !frames;
    parts.masks.disabled = !ready().some(({ masks }) => masks);
    parts.counter.textContent = frames ? `${frame + 1}/${frames} · ${(frame / reference.fps).toFixed(2)} s` : "";
    parts.play.classList.toggle("playing", time.isPlaying(clock));
    parts.play.title = time.isPlaying(clock) ? "Pause (space)" : "Play (space)";
    parts.play.setAttribute("aria-label", parts.play.title);
  }

  function tick() {
    drawing = 0;
    if (!element.isConnected) return dispose.abort();
    draw();
    if (time.isPlaying(clock)) drawing = requestAnimationFrame(tick);
  }

  function showProgress() {
    const { status, message, step, steps, seconds_left: left } = value;
    const running = status === "running";
    parts.progress.hidden = !running;
    parts.bar.style.width = `${running && steps ? (100 * step) / steps : 0}%`;
    parts.bar.parentElement.classList.toggle("waiting", running && !step);
    const words = [];
    if (running) words.push(steps && step ? `step ${step} of ${steps}` : "starting");
    if (running && Number.isFinite(left)) words.push(`${left.toFixed(1)} s left`);
    parts.step.textContent = words.join(" · ");
    say(message, status);
    parts.empty.hidden = clips.length > 0;
    parts.empty.textContent = running ? "" : WAITING;
  }

  function say(message, status) {
    parts.message.textContent = message ?? "";
    parts.message.classList.toggle("failed", status === "failed");
  }

  // ---- playing

  function start() {
    wanted = true;
    const now = performance.now();
    if (!lead() || !onScreen) return;
    if (!loop() && !time.isPlaying(clock) && frameNow() === lead().frames - 1) clock = time.seek(clock, 0, now);
    clock = time.play(clock, now);
    draw();
    if (!drawing) drawing = requestAnimationFrame(tick);
  }

  function stop() {
    wanted = false;
    clock = time.pause(clock, performance.now());
    draw();
  }

  /** Stops at a frame of the leading clip. */
  function show(frame) {
    if (!lead()) return;
    wanted = false;
    const now = performance.now();
    clock = time.seek(time.pause(clock, now), frame / lead().fps, now);
    draw();
  }

  const actions = {
    play: () => (time.isPlaying(clock) ? stop() : start()),
    prev: () => lead() && show(time.stepFrame(frameNow(), -1, lead().frames, loop())),
    next: () => lead() && show(time.stepFrame(frameNow(), 1, lead().frames, loop())),
    first: () => show(0),
    last: () => lead() && show(lead().frames - 1),
    masks: () => (press(parts.masks, !isPressed(parts.masks)), draw()),
    loop() {
      const now = performance.now();
      if (lead() && loop()) clock = time.seek(clock, frameNow() / lead().fps, now); // many rounds become one
      press(parts.loop, !loop());
      draw();
    },
  };
  const KEYS = { " ": "play", ArrowLeft: "prev", ArrowRight: "next", Home: "first", End: "last", m: "masks", l: "loop" };

  function onKey(event) {
    if (!element.isConnected) return dispose.abort();
    const mine = element.contains(event.target) || event.target === document.body;
    const action = KEYS[event.key.length > 1 ? event.key : event.key.toLowerCase()];
    if (!mine || !action || isTyping(event.target) || !root.checkVisibility()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !lead()) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return; // presses that button
    event.preventDefault();
    if (action === "masks" && parts.masks.disabled) return;
    actions[action]();
  }

  for (const name of ["play", "prev", "next", "loop", "masks"]) parts[name].addEventListener("click", actions[name]);
  parts.scrub.addEventListener("input", () => show(Number(parts.scrub.value)));
  parts.speed.addEventListener("change", () => {
    clock = time.setSpeed(clock, Number(parts.speed.value), performance.now());
  });
  stage.addEventListener("click", () => lead() && actions.play());
  document.addEventListener("keydown", onKey, { signal: dispose.signal });

  new IntersectionObserver(([{ isIntersecting }]) => {
    onScreen = isIntersecting;
    if (onScreen && wanted) return start();
    clock = time.pause(clock, performance.now());
    draw();
  }).observe(stage);

  // The clip that follows the drawing: it takes the place of what was there, and gives it back to the next value from Python.
  document.addEventListener(
    "echo-preview",
    ({ detail }) => {
      if (!element.isConnected) return dispose.abort();
      if (value.status === "running" || detail.since < told) return; // of a drawing from before the clip that is shown
      live = true;
      take([{ ...detail, id: "live" }]);
      parts.empty.hidden = true;
      draw();
    },
    { signal: dispose.signal },
  );

  document.addEventListener(
    "echo-preview-end",
    () => {
      live = false;
      take(value.clips ?? []);
      showProgress();
      draw();
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
    draw();
  });

  if (matchMedia("(prefers-reduced-motion: reduce)").matches) wanted = false;
  take(value.clips ?? []);
  showProgress();
  draw();
  root.dataset.ready = "true";
}

/** Every element of the player, by name. */
function build() {
  const grid = html("div", { class: "grid" });
  const empty = html("p", { class: "empty" });
  const bar = html("div", { class: "bar" });
  const step = html("span", { class: "step" });
  const progress = html("div", { class: "progress" }, html("div", { class: "track" }, bar), step);
  const stage = html("div", { class: "stage" }, grid, empty, progress);

  const play = button("play", { picture: "play", hint: "Play (space)" });
  play.append(icon("pause"));
  const prev = button("prev", { picture: "prev", hint: "Previous frame (left arrow)" });
  const next = button("next", { picture: "next", hint: "Next frame (right arrow)" });
  const scrub = html("input", { type: "range", class: "scrub", min: 0, max: 0, step: 1, "aria-label": "Frame" });
  const counter = html("output", { class: "counter" });
  const loop = button("loop", { picture: "loop", hint: "Loop (L)", pressed: true });
  const masks = button("masks", { picture: "masks", words: "Overlay", hint: "Overlay of the label map (M)", pressed: false });
  const speeds = [["0.25", "¼×"], ["0.5", "½×"], ["1", "1×"]].map(([speed, words]) => html("option", { value: speed }, words));
  const speed = html("select", { class: "speed", title: "Speed", "aria-label": "Speed" }, ...speeds);
  speed.value = "1";
  const transport = html(
    "div", { class: "transport", role: "toolbar", "aria-label": "Playback" }, prev, play, next, scrub, counter, loop, speed, masks,
  );
  const message = html("p", { class: "message", role: "status" });
  const root = html("div", { class: "player-root", "data-ready": "false" }, stage, transport, message);
  return { root, stage, grid, empty, bar, step, progress, play, prev, next, scrub, counter, loop, masks, speed, message };
}

async function bitmap(picture) {
  // grey levels and overlay colours as they are in the file: no colour management, no premultiplied rounding
  return createImageBitmap(await blobOf(picture), { colorSpaceConversion: "none" });
}

/** The bytes of a picture. Those that came with the value are unpacked here, for the page's policy lets nothing connect to data. */
async function blobOf(picture) {
  const [head, coded] = typeof picture === "string" && picture.startsWith("data:") ? picture.split(",") : [];
  if (coded) return new Blob([Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0))], { type: head.slice(5, head.indexOf(";")) });
  const response = await fetch(address(picture));
  if (!response.ok) throw new Error(`answer ${response.status}`);
  return response.blob();
}
