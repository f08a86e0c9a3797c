// The beat as a curve of the LV volume against time, with its key frames, to scrub along.

import { ED, ES, keyAt, nameOf, OPEN, samePhase } from "./drawing.mjs";
import { button, html, press, svg } from "./dom.mjs";

const [WIDTH, HEIGHT] = [300, 60]; // of the curve's own units, stretched to the place there is
const PAD = 8;

/** The index of the phase that is nearest round the beat. */
export function near(phases, phase) {
  const distances = phases.map((other) => Math.min(Math.abs(other - phase), 1 - Math.abs(other - phase)));
  return distances.indexOf(Math.min(...distances));
}

/**
 * The timeline. `go(phase)` is called when the user wants to see another instant; `reset()` when the correction by hand of the
 * instant on screen is to be forgotten; `play(on)` when the contours should beat or rest.
 */
export function createTimeline({ go, reset, play }) {
  const parts = build();
  let state = { phases: [0], volumes: [0], at: 0, drawing: null, seconds: 1 };

  const x = (phase) => phase * WIDTH;

  /** phases, volumes (mL) of a beat; `at` the index on screen; the drawing; `seconds` of the beat; `live` the volume at `at`. */
  function show(next) {
    state = { ...state, ...next };
    const { phases, at, drawing, seconds } = state;
    const volumes = state.volumes.map((volume, i) => (i === at && Number.isFinite(state.live) ? state.live : volume));
    const [low, high] = [Math.min(...volumes), Math.max(...volumes)];
    const y = (volume) => PAD + (HEIGHT - 2 * PAD) * (1 - (volume - low) / Math.max(high - low, 1e-6));
    const round = [...phases.map((phase, i) => [x(phase), y(volumes[i])]), [WIDTH, y(volumes[0])]];
    parts.curve.setAttribute("d", `M${round.map(([a, b]) => `${a.toFixed(1)} ${b.toFixed(1)}`).join("L")}`);
    parts.now.setAttribute("d", `M${x(phases[at])} 0V${HEIGHT}`);
    parts.high.textContent = `${high.toFixed(0)} mL`;
    parts.low.textContent = `${low.toFixed(0)} mL`;
    const phase = phases[at];
    parts.time.textContent = `${(phase * seconds).toFixed(2)} of ${seconds.toFixed(2)} s`;
    parts.track.setAttribute("aria-valuenow", Math.round(100 * phase));
    parts.track.setAttribute("aria-valuetext", `${nameOf(phase)}, ${volumes[at].toFixed(0)} mL`);
    parts.reset.disabled = !keyAt(drawing, phase);
    for (const [name, chip] of Object.entries(parts.chips)) {
      press(chip, samePhase(phase, Number(chip.dataset.phase)));
      chip.classList.toggle("corrected", Boolean(keyAt(drawing, Number(chip.dataset.phase))) && name !== "ED");
    }
    parts.keys.replaceChildren(
      ...[ED, ES, OPEN, ...drawing.keys.map((key) => key.phase)].map((each) => {
        const hand = Boolean(keyAt(drawing, each)) || each === ED;
        return html("span", { class: `key ${hand ? "by-hand" : ""}`, style: `left:${100 * each}%`, title: nameOf(each) });
      }),
    );
  }

  function scrub(event) {
    const box = parts.track.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 0.999);
    go(state.phases[near(state.phases, share)]);
  }

  parts.track.addEventListener("pointerdown", (event) => {
    parts.track.setPointerCapture(event.pointerId);
    scrub(event);
  });
  parts.track.addEventListener("pointermove", (event) => parts.track.hasPointerCapture(event.pointerId) && scrub(event));
  parts.track.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    const count = state.phases.length;
    if (step) go(state.phases[(state.at + step + count) % count]);
    else if (event.key === "Home") go(ED);
    else return;
    event.preventDefault();
  });
  for (const chip of Object.values(parts.chips)) chip.addEventListener("click", () => go(Number(chip.dataset.phase)));
  parts.reset.addEventListener("click", reset);
  parts.play.addEventListener("click", () => play(parts.play.getAttribute("aria-pressed") !== "true"));

  return { node: parts.node, show, showPlaying: (on) => press(parts.play, on) };
}

function build() {
  const chips = Object.fromEntries(
    [["ED", ED, "End-diastole (1)"], ["ES", ES, "End-systole (2)"], ["Valve open", OPEN, "The valve wide open (3)"]].map(([name, phase, hint]) => {
      const chip = button("chip", { words: name, hint, pressed: false });
      chip.dataset.phase = phase;
      return [name, chip];
    }),
  );
  const play = button("beat", { picture: "play", hint: "Let the contours beat (K)", pressed: false });
  const reset = button("reset-key", { words: "Reset this instant", hint: "Forget what was changed by hand at this instant; the heart moves by the LVEF again" });
  const time = html("output", { class: "time" });
  const curve = svg("path", { class: "curve" });
  const now = svg("path", { class: "now" });
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", "aria-hidden": "true" }, curve, now);
  const [high, low] = ["high", "low"].map((name) => html("span", { class: `volume ${name}` }));
  const keys = html("div", { class: "keys" });
  const track = html(
    "div",
    { class: "track", tabindex: "0", role: "slider", "aria-label": "Instant of the beat", "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0 },
    plot, keys, high, low,
  );
  const row = html("div", { class: "chips" }, play, ...Object.values(chips), time, html("span", { class: "gap" }), reset);
  const node = html("div", { class: "timeline" }, row, track);
  return { node, chips, play, reset, time, curve, now, high, low, keys, track };
}
