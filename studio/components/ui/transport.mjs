// What plays clips: play, step, scrub, loop, speed and their keys, over the one clock (clock.mjs).

import * as time from "./clock.mjs";
import { button, html, icon, isPressed, isTyping, press } from "./dom.mjs";

const KEYS = { " ": "play", ArrowLeft: "prev", ArrowRight: "next", Home: "first", End: "last", l: "loop" };

/**
 * The controls of the player in `element`, which rests while its `stage` is out of sight. `lead()` is the clip that frame numbers
 * speak of, or undefined; `paint({frameOf, frame, playing})` puts an instant on screen, where `frameOf(clip)` is the frame of any
 * clip. `keys` has the actions of further keys by name, and `extras` what else stands in the row.
 */
export function createTransport({ element, stage, lead, paint, keys = {}, extras = [] }) {
  const parts = build(extras);
  let clock = time.STOPPED;
  let wanted = !matchMedia("(prefers-reduced-motion: reduce)").matches; // the user wants to see motion
  let onScreen = true;
  let drawing = 0; // the animation frame asked for, or 0
  const dispose = new AbortController();

  const loop = () => isPressed(parts.loop);
  const frameNow = () => (lead() ? time.frameAt(time.elapsedAt(clock, performance.now()), lead(), loop()) : 0);

  function draw() {
    const now = performance.now();
    const reference = lead();
    const elapsed = time.elapsedAt(clock, now);
    if (reference && !loop() && time.isPlaying(clock) && time.hasEnded(elapsed, reference)) {
      clock = time.seek(time.pause(clock, now), (reference.frames - 1) / reference.fps, now);
      wanted = false;
    }
    const frameOf = (clip) => time.frameAt(elapsed, clip, loop());
    const frame = reference ? frameOf(reference) : 0;
    showState(frame, reference);
    paint({ frameOf, frame, playing: time.isPlaying(clock) });
  }

  function showState(frame, reference) {
    const frames = reference?.frames ?? 0;
    parts.scrub.max = Math.max(frames - 1, 0);
    parts.scrub.value = frame;
    for (const control of [parts.play, parts.prev, parts.next, parts.scrub, parts.loop, parts.speed]) control.disabled = !frames;
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

  /** Draws, and sets clips in motion unless the user has stopped them. */
  function resume() {
    if (wanted && !time.isPlaying(clock)) start();
    draw();
  }

  function toggle() {
    if (time.isPlaying(clock)) stop();
    else start();
  }

  const actions = {
    play: toggle,
    prev: () => lead() && show(time.stepFrame(frameNow(), -1, lead().frames, loop())),
    next: () => lead() && show(time.stepFrame(frameNow(), 1, lead().frames, loop())),
    first: () => show(0),
    last: () => lead() && show(lead().frames - 1),
    loop() {
      const now = performance.now();
      if (lead() && loop()) clock = time.seek(clock, frameNow() / lead().fps, now); // many rounds become one
      press(parts.loop, !loop());
      draw();
    },
  };

  function onKey(event) {
    if (!element.isConnected) return dispose.abort();
    const mine = element.contains(event.target) || event.target === document.body;
    const key = event.key.length > 1 ? event.key : event.key.toLowerCase();
    const action = actions[KEYS[key]] ?? keys[key];
    if (!mine || !action || isTyping(event.target) || !parts.node.checkVisibility()) return;
    if (event.ctrlKey || event.metaKey || event.altKey || !lead()) return;
    if (event.key === " " && event.target.tagName === "BUTTON") return; // presses that button
    event.preventDefault();
    action();
  }

  for (const name of ["play", "prev", "next", "loop"]) parts[name].addEventListener("click", actions[name]);
  parts.scrub.addEventListener("input", () => show(Number(parts.scrub.value)));
  parts.speed.addEventListener("change", () => {
    clock = time.setSpeed(clock, Number(parts.speed.value), performance.now());
  });
  document.addEventListener("keydown", onKey, { signal: dispose.signal });

  new IntersectionObserver(([{ isIntersecting }]) => {
    onScreen = isIntersecting;
    if (onScreen && wanted) return start();
    clock = time.pause(clock, performance.now());
    draw();
  }).observe(stage);

  return { node: parts.node, draw, show, resume, toggle };
}

function build(extras) {
  const play = button("play", { picture: "play", hint: "Play (space)" });
  play.append(icon("pause"));
  const prev = button("prev", { picture: "prev", hint: "Previous frame (left arrow)" });
  const next = button("next", { picture: "next", hint: "Next frame (right arrow)" });
  const scrub = html("input", { type: "range", class: "scrub", min: 0, max: 0, step: 1, "aria-label": "Frame" });
  const counter = html("output", { class: "counter" });
  const loop = button("loop", { picture: "loop", hint: "Loop (L)", pressed: true });
  const speeds = [["0.25", "¼×"], ["0.5", "½×"], ["1", "1×"]].map(([speed, words]) => html("option", { value: speed }, words));
  const speed = html("select", { class: "speed", title: "Speed", "aria-label": "Speed" }, ...speeds);
  speed.value = "1";
  const node = html(
    "div", { class: "transport", role: "toolbar", "aria-label": "Playback" }, prev, play, next, scrub, counter, loop, speed, ...extras,
  );
  return { node, play, prev, next, scrub, counter, loop, speed };
}
