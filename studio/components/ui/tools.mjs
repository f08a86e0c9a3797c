// What a pull of the pointer does, tool by tool. A tool is called where the pointer goes down, with the table and the point in mm,
// and gives the gesture that follows: {move(to, event), up(to, event), cancel?}; or null, and the view is moved instead.
//
// The table has: drawing(), phase(), contours() as on screen, options, reach(event) in mm, stage, and
// show({drawing, before, after}), which puts a change on screen, and commit(kind, ...), which makes it one step of the history.

import { bounds, push, refine, thicken, transform } from "./deform.mjs";
import { movePoint, moveStructure, nearest, structureAt } from "./drag.mjs";
import { addPoint, ED, samePhase, turned, withPoint } from "./drawing.mjs";
import { grips, LEAFLETS, STRUCTURES } from "./stage.mjs";
import { erase, simplify } from "./strokes.mjs";

const PER_MM = 0.12; // mm of wall for each mm that the pointer goes over it
const TOUCH = 0.5; // mm of wall for a touch
const FINE = 0.4; // mm by which a pen stroke may be simplified
const SHORT = 3; // mm: an arrow shorter than this takes the arrow away

/** The contours of what can be turned and scaled as a whole. */
const PARTS = { lv: ["lv_endo", "lv_epi", ...LEAFLETS], la: ["la"], all: Object.keys(STRUCTURES) };

const minus = (a, b) => [a[0] - b[0], a[1] - b[1]];
const length = ([x, y]) => Math.hypot(x, y);

/** What the pointer would take hold of in the tool that moves points: a point, a structure or nothing. */
export function grip(table, at, event) {
  const whole = event.shiftKey;
  const point = whole ? null : nearest(table.contours(), at, table.reach(event));
  if (point) return { kind: "point", ...point };
  const structure = structureAt(table.contours(), at);
  return structure ? { kind: "structure", structure: whole ? "all" : structure } : { kind: "pan" };
}

function points(table, at, event) {
  const held = grip(table, at, event);
  table.select(held.kind === "point" ? { contour: held.contour, index: held.index } : null);
  if (held.kind === "pan") return null;
  const before = table.contours();
  return deformation(table, "drag", (to) =>
    held.kind === "point"
      ? movePoint(before, held.contour, held.index, minus(to, at), table.options.soft)
      : moveStructure(before, held.structure, minus(to, at)),
  );
}

/** A gesture whose contours depend on where the pointer is, and not on its way there. */
function deformation(table, kind, change, carry = () => table.drawing()) {
  const before = table.contours();
  let made = null;
  return {
    move(to, event) {
      made = { drawing: carry(to, event), before, after: change(to, event) };
      table.show(made);
    },
    up: () => made && table.commit(kind, made),
  };
}

/** A brush that changes the contours as it goes; where they have too few points for it, it puts in more. */
function brushing(table, at, kind, change, touch) {
  let now = { drawing: table.drawing(), before: table.contours(), after: table.contours() };
  let last = at;
  let touched = false;
  const prepare = (centre) => {
    for (const place of refine(now.after, centre, table.options.radius)) {
      now = { drawing: withPoint(now.drawing, place), before: addPoint(now.before, place), after: addPoint(now.after, place) };
    }
  };
  const apply = (centre, by) => {
    prepare(centre);
    now = { ...now, after: change(now.after, centre, by) };
    touched = true;
    table.show(now);
  };
  if (touch) apply(at, null);
  return {
    move(to) {
      const by = minus(to, last);
      if (length(by) < 0.2) return;
      apply(last, by);
      last = to;
      table.ring(to);
    },
    up: () => touched && table.commit(kind, now),
  };
}

const pushing = (table, at) => brushing(table, at, "push", (contours, centre, by) => push(contours, centre, by, table.options.radius), false);

function walling(table, at) {
  const sign = table.options.wall === "thin" ? -1 : 1;
  const change = (contours, centre, by) => thicken(contours, centre, sign * (by ? PER_MM * length(by) : TOUCH), table.options.radius);
  return brushing(table, at, table.options.wall, change, true);
}

function transforming(table, at, event) {
  const contours = table.contours();
  const [{ structure }, drawing, atEd] = [table.options, table.drawing(), samePhase(table.phase(), ED)];
  const box = bounds(contours, structure);
  const marks = grips(box, table.stage.mmPerUnit());
  const held = Object.keys(marks).find((name) => length(minus(marks[name], at)) <= table.reach(event));
  const middle = [box.x + box.width / 2, box.y + box.height / 2];
  // At ED the heart itself is turned or scaled, and what the hand corrected at other instants goes with it.
  const carry = (linear) => (atEd ? turned(drawing, PARTS[structure], linear) : drawing);
  if (held === "turn") {
    const angle = ([x, y]) => Math.atan2(y - middle[1], x - middle[0]);
    const by = (to) => angle(to) - angle(at);
    const rotation = (to) => ([dx, dy]) => {
      const [c, s] = [Math.cos(by(to)), Math.sin(by(to))];
      return [c * dx - s * dy, s * dx + c * dy];
    };
    return deformation(
      table, "turn", (to) => transform(contours, structure, { rotate: by(to), about: middle }), (to) => carry(rotation(to)),
    );
  }
  if (held) {
    const about = marks[{ nw: "se", ne: "sw", se: "nw", sw: "ne" }[held]];
    const [from, limit] = [minus(at, about), (share) => Math.min(Math.max(share, 0.2), 5)];
    const shares = (to, { shiftKey }) => {
      const reach = minus(to, about);
      const both = limit(length(reach) / length(from));
      return shiftKey ? [0, 1].map((i) => limit(reach[i] / (from[i] || 1))) : [both, both];
    };
    return deformation(
      table, "scale", (to, moved) => transform(contours, structure, { scale: shares(to, moved), about }),
      (to, moved) => carry((offset) => offset.map((value, i) => value * shares(to, moved)[i])),
    );
  }
  const found = structureAt(contours, at);
  if (!found) return null;
  if (structure !== "all") table.choose(found);
  return deformation(table, "move", (to) => transform(contours, structure === "all" ? "all" : found, { move: minus(to, at) }));
}

function painting(table, at) {
  const { radius, region } = table.options;
  const way = [at];
  const show = () => table.stage.showSwath(way, radius, region);
  show();
  return {
    move(to) {
      if (length(minus(to, way.at(-1))) < 0.5) return;
      way.push(to);
      show();
      table.ring(to);
    },
    up: () => table.paint(way),
    cancel: () => table.stage.showSwath(null),
  };
}

/** The pressure of a pen; a mouse has none, and a finger's is not worth much. */
const pressure = (event) => (event.pointerType === "pen" ? Math.max(event.pressure, 0.05) : 0.5);

function inking(table, at, event) {
  const drawing = table.drawing();
  const stroke = { points: [at], pressure: [pressure(event)] };
  const withStroke = (made) => ({ ...drawing, sketch: [...drawing.sketch, made] });
  return {
    move(to, moved) {
      for (const each of moved.getCoalescedEvents?.() ?? [moved]) {
        stroke.points.push(table.mm(each));
        stroke.pressure.push(pressure(each));
      }
      table.showSketch([...drawing.sketch, stroke]);
    },
    up: () => stroke.points.length > 1 && table.put("pen", withStroke(rounded(simplify(stroke, FINE)))),
    cancel: () => table.showSketch(drawing.sketch),
  };
}

const rounded = ({ points: places, pressure: weights }) => ({
  points: places.map((point) => point.map((v) => Math.round(v * 100) / 100)),
  pressure: weights.map((v) => Math.round(v * 100) / 100),
});

function erasing(table, at) {
  const drawing = table.drawing();
  let strokes = drawing.sketch;
  let last = at;
  const rub = (to) => {
    strokes = erase(strokes, [last, to], table.options.radius / 2);
    last = to;
    table.showSketch(strokes);
    table.ring(to);
  };
  rub(at);
  return {
    move: rub,
    up: () => strokes.some((stroke, i) => stroke !== drawing.sketch[i]) || strokes.length !== drawing.sketch.length
      ? table.put("erase", { ...drawing, sketch: strokes.map(rounded) })
      : undefined,
    cancel: () => table.showSketch(drawing.sketch),
  };
}

function pointing(table, at) {
  const drawing = table.drawing();
  const away = (name) => Math.min(...table.contours()[name].map((point) => length(minus(point, at))));
  const leaflet = LEAFLETS.reduce((best, name) => (away(name) < away(best) ? name : best));
  const others = Object.fromEntries(Object.entries(drawing.directions).filter(([name]) => name !== leaflet));
  const round = (point) => point.map((v) => Math.round(v * 100) / 100);
  const pointed = (to) => (length(minus(to, at)) < SHORT ? others : { ...others, [leaflet]: [round(at), round(to)] });
  return {
    move: (to) => table.showArrows(pointed(to)),
    up: (to) => table.put("arrow", { ...drawing, directions: pointed(to) }),
    cancel: () => table.showArrows(drawing.directions),
  };
}

/**
 * By name: the gesture, the ring that shows how far the tool reaches (as a share of the radius), and whether a touch is enough,
 * without a drag.
 */
export const GESTURES = {
  points: { begin: points, ring: 0 },
  transform: { begin: transforming, ring: 0 },
  push: { begin: pushing, ring: 1 },
  wall: { begin: walling, ring: 1, touch: true },
  brush: { begin: painting, ring: 1, touch: true },
  pen: { begin: inking, ring: 0 },
  eraser: { begin: erasing, ring: 0.5, touch: true },
  arrow: { begin: pointing, ring: 0 },
};
