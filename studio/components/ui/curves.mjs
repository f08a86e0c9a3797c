// Curves of the LV volume of several clips over time, on common axes.

import { followPointer, html, svg } from "./dom.mjs";

const MARGIN = { left: 46, right: 10, top: 8, bottom: 34 };
const SHADES = 6; // in the style sheet

/** Round numbers from 0 to at least `high`, about `most` of them and never more. */
export function ticks(high, most) {
  const least = (high > 0 ? high : 1) / Math.max(most - 1, 1);
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 2.5, 4, 5, 10].find((factor) => factor * power >= least * (1 - 1e-9)) * power;
  return Array.from({ length: Math.ceil(high / step - 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

/**
 * The axes of a plot of `width` x `height` pixels for clips with `volumes` (mL, null where unknown) and `fps`: x(seconds) and y(mL) give
 * pixels, seconds(x) the other way, held to the time that the clips last; xTicks and yTicks.
 */
export function axes(clips, width, height) {
  const last = Math.max(...clips.map(({ volumes, fps }) => (volumes.length - 1) / fps), 1e-3);
  const yTicks = ticks(Math.max(...clips.flatMap(({ volumes }) => volumes.filter(Number.isFinite)), 1), 4);
  const xTicks = ticks(last, 7).filter((tick) => tick <= last);
  const [across, up] = [width - MARGIN.left - MARGIN.right, height - MARGIN.top - MARGIN.bottom];
  return {
    last,
    xTicks,
    yTicks,
    x: (seconds) => MARGIN.left + (across * seconds) / last,
    y: (volume) => MARGIN.top + up * (1 - volume / yTicks.at(-1)),
    seconds: (x) => Math.min(Math.max(((x - MARGIN.left) / across) * last, 0), last),
  };
}

/** The `d` of a curve; where a volume is unknown it has a gap. */
export function curve({ volumes, fps }, { x, y }) {
  let pen = "M";
  const steps = volumes.map((volume, frame) => {
    if (!Number.isFinite(volume)) return ((pen = "M"), "");
    const step = `${pen}${x(frame / fps).toFixed(1)} ${y(volume).toFixed(1)}`;
    pen = "L";
    return step;
  });
  return steps.join("");
}

/** The class of each clip's colour and dash: the factual one's own, the others spread over the ramp. */
export function shades(clips, factual) {
  const others = clips.filter(({ id }) => id !== factual);
  const step = (SHADES - 1) / Math.max(others.length - 1, 1);
  return clips.map((clip) => (clip.id === factual ? "shade-factual" : `shade-${Math.round(others.indexOf(clip) * step) % SHADES}`));
}

/** A short piece of a clip's curve, to tell its colour and dash. */
export const sample = (shade) =>
  svg("svg", { class: `sample ${shade}`, viewBox: "0 0 34 10", "aria-hidden": "true" }, svg("path", { class: "curve", d: "M1 5H33" }));

/** The plot: `show(clips, factual)` draws it, `at(frameOf)` moves its cursor, and `go(seconds)` is called where the user points. */
export function createPlot({ go }) {
  const grid = svg("g", { class: "axes" });
  const curves = svg("g");
  const cursor = svg("path", { class: "cursor" });
  const dots = svg("g");
  const picture = svg("svg", { class: "plot", role: "img", "aria-label": "LV volume over time" }, grid, curves, cursor, dots);
  const legend = html("ul", { class: "legend" });
  const node = html("div", { class: "volumes", hidden: "" }, picture, legend);
  let clips = [];
  let lines = []; // {clip, dot, now} of each clip that has volumes
  let axis = null;
  let frames = null;

  function show(next, factual) {
    const all = shades(next, factual);
    clips = next.map((clip, i) => ({ ...clip, shade: all[i] })).filter(({ volumes }) => volumes?.some(Number.isFinite));
    node.hidden = !clips.length;
    lines = clips.map((clip) => ({ clip, dot: svg("circle", { class: `dot ${clip.shade}`, r: 4 }), now: html("output", { class: "now-ml" }) }));
    dots.replaceChildren(...lines.map(({ dot }) => dot));
    legend.replaceChildren(
      ...lines.map(({ clip, now }) => html("li", {}, sample(clip.shade), html("span", { class: "name" }, clip.title ?? ""), now)),
    );
    draw();
  }

  function draw() {
    const { width, height } = picture.getBoundingClientRect();
    if (!clips.length || !width) return;
    axis = axes(clips, width, height);
    const [bottom, right] = [height - MARGIN.bottom, width - MARGIN.right];
    const text = (words, x, y, anchor) => {
      const node = svg("text", { x, y, "text-anchor": anchor });
      node.textContent = words;
      return node;
    };
    grid.replaceChildren(
      ...axis.yTicks.map((tick) => svg("path", { d: `M${MARGIN.left} ${axis.y(tick)}H${right}` })),
      ...axis.yTicks.map((tick) => text(tick, MARGIN.left - 6, axis.y(tick) + 4, "end")),
      ...axis.xTicks.map((tick) => text(tick, axis.x(tick), bottom + 15, "middle")),
      text("time (s)", (MARGIN.left + right) / 2, height - 4, "middle"),
      svg("g", { transform: `translate(12 ${(MARGIN.top + bottom) / 2}) rotate(-90)` }, text("LV (mL)", 0, 0, "middle")),
    );
    curves.replaceChildren(...clips.map((clip) => svg("path", { class: `curve ${clip.shade}`, d: curve(clip, axis) })));
    if (frames) at(frames);
  }

  function at(frameOf) {
    frames = frameOf;
    if (!axis || node.hidden) return;
    lines.forEach(({ clip, dot, now }, i) => {
      const frame = frameOf(clip);
      const volume = clip.volumes[frame];
      const x = axis.x(frame / clip.fps);
      if (i === 0) cursor.setAttribute("d", `M${x.toFixed(1)} ${MARGIN.top}V${picture.clientHeight - MARGIN.bottom}`);
      dot.toggleAttribute("hidden", !Number.isFinite(volume));
      now.textContent = Number.isFinite(volume) ? `${volume.toFixed(0)} mL` : "";
      if (!Number.isFinite(volume)) return;
      dot.setAttribute("cx", x.toFixed(1));
      dot.setAttribute("cy", axis.y(volume).toFixed(1));
    });
  }

  followPointer(picture, (event) => axis && go(axis.seconds(event.clientX - picture.getBoundingClientRect().left)));
  new ResizeObserver(draw).observe(picture);

  return { node, show, at };
}
