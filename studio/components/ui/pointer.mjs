// From the pointer to the tools and the camera: one gesture at a time, and in between what lies under the pointer.

import { nearestOnCurve } from "./deform.mjs";
import { GESTURES, grip } from "./tools.mjs";

const CLICK = 2; // CSS pixels; a shorter way is no drag
const LATE = "The beat of this drawing is still being made; pull again in a moment.";

/**
 * The table is as for the tools (tools.mjs) and the commands (commands.mjs), and has besides tool(), isFresh(), isBusy(), rest(),
 * which ends the beat of the contours, and over(), after which nothing is on screen that was not kept. `changed()` is called when
 * a gesture begins or ends, `mark()` when another point lies under the pointer.
 */
export function createPointer({ stage, camera, commands, table, changed, mark }) {
  const node = stage.stage;
  let gesture = null; // {run, at, from, moved} while the pointer drags; run is null while it moves the view
  let hovered = null;

  const tool = () => GESTURES[table.tool()];

  function down(event) {
    if (event.button > 1) return;
    node.focus({ preventScroll: true });
    node.setPointerCapture(event.pointerId);
    const fingers = camera.press(event);
    if (fingers === 2) return cancel(); // a second finger means a pinch
    if (fingers > 2 || table.isBusy()) return;
    event.preventDefault();
    table.rest();
    table.say(table.isFresh() ? [] : [LATE]);
    if (!table.isFresh()) return;
    const at = table.mm(event);
    gesture = { run: null, at, from: stage.toFrame(event), moved: false };
    if (event.button !== 1) gesture.run = tool().begin(table, at, event);
    node.classList.add("grabbing");
    mark();
    changed();
  }

  function move(event) {
    if (camera.pinches(event)) return;
    if (!gesture) return hover(event);
    if (!gesture.run) return camera.pull(gesture.from, event);
    const to = table.mm(event);
    if (!gesture.moved && Math.hypot(to[0] - gesture.at[0], to[1] - gesture.at[1]) < CLICK * stage.mmPerUnit()) return;
    gesture.moved = true;
    gesture.run.move(to, event);
  }

  function up(event) {
    camera.release(event);
    const { run, moved } = gesture ?? {};
    drop();
    if (run && (moved || tool().touch)) run.up(table.mm(event), event);
    if (run) table.over();
    changed();
    hover(event);
  }

  /** Ends a gesture as if it had never begun. */
  function cancel() {
    const { run } = gesture ?? {};
    drop();
    run?.cancel?.();
    if (run) table.over();
    changed();
  }

  function drop() {
    gesture = null;
    node.classList.remove("grabbing");
  }

  function hover(event) {
    if (event.pointerType === "touch") return table.ring(null);
    const gone = event.type === "pointerleave";
    const pulls = table.tool() === "points";
    const at = table.mm(event);
    table.ring(gone ? null : at);
    const over = gone || !pulls ? { kind: "pan" } : grip(table, at, event);
    const next = over.kind === "point" ? { contour: over.contour, index: over.index } : null;
    if (next?.contour !== hovered?.contour || next?.index !== hovered?.index) {
      hovered = next;
      mark();
    }
    node.dataset.over = !pulls ? table.tool() : over.kind === "pan" && !camera.isZoomed() ? "nothing" : over.kind;
  }

  function doubleClick(event) {
    const pulls = table.tool() === "points" && table.isReady();
    const place = pulls ? nearestOnCurve(table.contours(), table.mm(event), table.reach(event)) : null;
    if (place) commands.insert(place);
    else camera.reset();
  }

  const on = (name, run, how) => node.addEventListener(name, run, how);
  on("pointerdown", down);
  on("pointermove", move);
  on("pointerup", up);
  on("pointercancel", (event) => (camera.release(event), cancel()));
  on("pointerleave", (event) => gesture || hover(event));
  on("wheel", camera.wheel, { passive: false });
  on("dblclick", doubleClick);

  return { isDown: () => gesture !== null, isDragging: () => Boolean(gesture?.run), hovered: () => hovered, cancel, drop };
}
