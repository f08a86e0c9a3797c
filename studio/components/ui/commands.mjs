// Single actions on the drawing: what a button or a key does, where a tool needs a gesture.

import { addPoint, alike, ED, edited, mirrored, withoutPoint, withPoint } from "./drawing.mjs";
import { refine, snapAnnulus } from "./deform.mjs";
import { movePoint } from "./drag.mjs";
import { STRUCTURES } from "./stage.mjs";
import { fromContours } from "./strokes.mjs";

const NUDGE = { fine: 0.5, coarse: 2 }; // mm
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PATIENTS = 400_000; // seeds that a random patient is drawn from
const LEAST = "The ends of a contour stay, and so does the least number of points that it needs.";

export const isArrow = (key) => key in ARROWS;

/**
 * The commands, by the name of their button. The table is as for the tools (tools.mjs), and has besides selected(), backdrop(),
 * isReady() (nothing is under way), isBusy() (the server is at work), go(phase), say(sentences), adopt(kind, answer) and the server's
 * functions.
 */
export function createCommands(table) {
  const { server } = table;
  let held = null; // names the arrow key's press

  /** A control point more; `place` is {contour, segment, u}. */
  function insert(place) {
    table.select({ contour: place.contour, index: place.segment + 1 });
    table.put("insert", withPoint(table.drawing(), place), addPoint(table.contours(), place));
  }

  function add() {
    const { contour, index } = table.selected() ?? {};
    if (contour) insert({ contour, segment: Math.min(index, table.contours()[contour].length - 2), u: 0.5 });
  }

  function remove() {
    if (!table.selected()) return;
    const next = withoutPoint(table.drawing(), table.selected());
    if (alike(next, table.drawing())) return table.say([LEAST]);
    table.select(null);
    table.put("delete", next);
  }

  /** A change of the heart itself. */
  function atEd(kind, change) {
    table.go(ED);
    table.put(kind, change(table.drawing()));
  }

  const sketch = (strokes) => table.put("sketch", { ...table.drawing(), sketch: strokes });
  const asked = () => ({ drawing: table.drawing(), backdrop: table.backdrop() });

  const actions = {
    "add-point": add,
    "delete-point": remove,
    mirror: () => atEd("mirror", mirrored),
    snap: () => atEd("snap", (drawing) => edited(drawing, ED, drawing.contours, snapAnnulus(drawing.contours))),
    "sketch-contours": () => sketch([...table.drawing().sketch, ...fromContours(table.contours())]),
    "sketch-image": () => table.adopt("sketch", server.edges(asked())),
    "sketch-clear": () => sketch([]),
  };

  const act = (name) => table.isReady() && actions[name]();

  /** The contours that the network finds in the image. */
  function find() {
    if (!table.isBusy()) table.adopt("find", server.propose(asked()));
  }

  /** A preset by its name, or without one a random patient. */
  function pickHeart(name) {
    if (table.isBusy()) return;
    const about = { drawing: table.drawing(), behind: Boolean(table.backdrop()) };
    const seed = Math.floor(Math.random() * PATIENTS);
    table.adopt("heart", name ? server.preset({ ...about, name }) : server.random_patient({ ...about, seed }));
  }

  /** A region is painted along a path, in mm. */
  function paint(path) {
    const { radius, region } = table.options;
    let [drawn, before] = [table.drawing(), table.contours()];
    for (const centre of path) {
      // so that the outline has points enough to follow the brush
      for (const place of refine(before, centre, radius)) [drawn, before] = [withPoint(drawn, place), addPoint(before, place)];
    }
    const carried = (answer) => (answer?.contours ? { drawing: edited(drawn, table.phase(), before, answer.contours) } : answer);
    table.adopt("paint", server.paint({ drawing: { ...drawn, contours: before }, path, radius, region }).then(carried));
  }

  /** An arrow key moves the selected point; held down it is one step of the history. */
  function nudge(event) {
    if (!table.isReady()) return;
    const { contour, index } = table.selected();
    const step = event.shiftKey ? NUDGE.coarse : NUDGE.fine;
    const before = table.contours();
    const after = movePoint(before, contour, index, ARROWS[event.key].map((share) => share * step), table.options.soft);
    if (!event.repeat) held = `nudge ${performance.now()}`;
    table.commit("nudge", { drawing: table.drawing(), before, after }, held);
  }

  function selectNext(by) {
    const all = Object.keys(STRUCTURES).flatMap((contour) => table.contours()[contour].map((_, index) => ({ contour, index })));
    const now = table.selected();
    const at = now ? all.findIndex(({ contour, index }) => contour === now.contour && index === now.index) : by > 0 ? -1 : 0;
    table.select(all.at((at + by) % all.length));
  }

  return { act, find, insert, nudge, paint, pickHeart, selectNext };
}
