// The keys of the drawing table, and the panel that tells them.

import { isArrow } from "./commands.mjs";
import { isTyping } from "./dom.mjs";
import { STANDING } from "./drawing.mjs";
import { TOOLS } from "./palette.mjs";

/** [key, what it does], for the panel. */
export const KEYS = [
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
export const DESCRIPTION = "Arrow keys nudge the selected point, with Shift further. [ and ] select another point. Ctrl+Z undoes. ? tells all keys.";

const COARSER = 2; // mm of a brush's size

/**
 * Answers a key of the page, where it is the table's: whether it was one. `table` has the functions named below; `stage` is the
 * element that arrow keys belong to, `root` the whole table.
 */
export function createKeyboard({ root, stage, palette, commands, table }) {
  const byKey = {
    ...Object.fromEntries(Object.entries(TOOLS).map(([name, [, , key]]) => [key, () => table.chooseTool(name)])),
    ...Object.fromEntries(Object.values(STANDING).map((phase, i) => [String(i + 1), () => table.go(phase)])),
    ",": () => table.stepBy(-1),
    ".": () => table.stepBy(1),
    k: () => table.play(),
    "-": () => palette.resize(palette.options.radius - COARSER),
    "+": () => palette.resize(palette.options.radius + COARSER),
    "?": () => table.showKeys(),
    Insert: () => commands.act("add-point"),
    Delete: () => commands.act("delete-point"),
    Escape: () => table.letGo(),
    "]": () => commands.selectNext(1),
    "[": () => commands.selectNext(-1),
  };

  return function answer(event) {
    const mine = root.contains(event.target) || event.target === document.body;
    if (!mine || isTyping(event.target) || event.altKey || !root.checkVisibility() || root.querySelector("dialog[open]")) return;
    const key = event.key.length > 1 ? event.key : event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key !== "z" && key !== "y") return;
      table.travel(key === "y" || event.shiftKey ? "redo" : "undo");
    } else if (isArrow(key) && table.selected() && !table.isDragging() && event.target === stage) {
      commands.nudge(event);
    } else if (byKey[key] && !(event.target.matches("select, input") && key.length === 1)) {
      byKey[key]();
    } else return;
    event.preventDefault();
  };
}
