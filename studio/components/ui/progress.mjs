// How far a generation is: a bar and its words.

import { html } from "./dom.mjs";

/** The bar; `show(value)` takes a value with status, step, steps and seconds_left, and hides it unless it is running. */
export function createProgress() {
  const bar = html("div", { class: "bar" });
  const track = html("div", { class: "track" }, bar);
  const words = html("span", { class: "step" });
  const node = html("div", { class: "progress" }, track, words);

  function show({ status, step, steps, seconds_left: left }) {
    const running = status === "running";
    node.hidden = !running;
    bar.style.width = `${running && steps ? (100 * step) / steps : 0}%`;
    track.classList.toggle("waiting", running && !step);
    const said = [];
    if (running) said.push(steps && step ? `step ${step} of ${steps}` : "starting");
    if (running && Number.isFinite(left)) said.push(`${left.toFixed(1)} s left`);
    words.textContent = said.join(" · ");
  }

  return { node, show };
}
