// The drawing as the page and Python share it: its value, the way back and forth, and what the server makes of it.

import { alike, excess } from "./drawing.mjs";
import * as history from "./history.mjs";

const SLIDERS = ["lvef", "heart_rate", "frames", "fps", "start"]; // of the drawing, on the page around
const HEARTS = ["heart", "map", "find"]; // what the server makes a whole heart for
const MEANWHILE = "The drawing was changed meanwhile, so the answer to the earlier one is left out; ask again.";
export const OFFLINE = "The studio does not answer; what you draw stays here, and follows when it is back.";

/**
 * `props.value` and `trigger` are those of the component. What becomes of the value is told: `take(before, atEd)` that it is
 * another one (to be seen at ED, where that is true), `draw()` that only what is round the drawing has changed, `restore()` that
 * a change was refused, `wait(on)` that the server is at work, `ask(question)` that Python has one, `say(sentences)` the rest.
 */
export function createDocument({ props, trigger, take, draw, restore, wait, ask, say }) {
  let value = props.value;
  let steps = history.EMPTY;
  let busy = false; // the server is making something of the drawing
  let asked = null; // token of the last question that was shown

  const state = () => ({ drawing: value.drawing, frame: value.frame, backdrop: value.backdrop });

  function work(on) {
    busy = on;
    wait(on);
  }

  function become(next, atEd = false) {
    const before = value;
    value = next;
    take(before, atEd);
  }

  /** Shows a change that was made here, gives it to Python and announces it. */
  function give(next, kind) {
    become({ ...next, rev: value.rev + 1, question: null }, HEARTS.includes(kind));
    props.value = value;
    trigger("edit", { kind, rev: value.rev });
  }

  /** One finished change of the drawing. Changes of one `run` (a held key's) in quick succession are one step of the history. */
  function put(kind, next, run) {
    if (busy || alike(next, value.drawing)) return restore();
    const tooMuch = excess(next);
    if (tooMuch) return restore(), say([tooMuch]);
    steps = history.record(steps, state(), run && { kind: run, at: performance.now() });
    give({ ...value, drawing: next }, kind);
  }

  /** One step of the history: "undo" or "redo". */
  function travel(way) {
    const move = busy ? null : history[way](steps, state());
    if (!move) return;
    steps = move.history;
    const { drawing, frame, backdrop } = move.state;
    // in the same sector the backdrop stays, for it may show another frame of the recording by now
    give({ ...value, drawing, frame, backdrop: alike(frame, value.frame) ? value.backdrop : backdrop }, way);
  }

  /**
   * What the server made of the drawing becomes one step; what it refused is said. Meanwhile the table waits, but the page's
   * sliders do not: what they said since stays said, unless the answer is another heart.
   */
  async function adopt(kind, making) {
    const { drawing, doc } = value;
    work(true);
    const answer = await making.catch(() => null);
    work(false);
    if (!answer) return say([OFFLINE]);
    if (!answer.drawing) return say([answer.message]);
    const slid = Object.fromEntries(SLIDERS.map((name) => [name, value.drawing[name]]));
    if (doc !== value.doc || !alike({ ...drawing, ...slid }, value.drawing)) return say([MEANWHILE]);
    const drawn = kind === "heart" ? answer.drawing : { ...answer.drawing, ...slid, ...(kind === "paint" ? { lvef: answer.drawing.lvef } : {}) };
    const tooMuch = excess(drawn);
    if (tooMuch) return say([tooMuch]);
    const frame = answer.frame ?? value.frame;
    if (alike(drawn, value.drawing) && alike(frame, value.frame)) return;
    steps = history.record(steps, state());
    give({ ...value, drawing: drawn, frame, backdrop: alike(frame, value.frame) ? value.backdrop : null }, kind);
  }

  /** What Python has put in the place of the value. */
  function receive(next) {
    if (!next || next === value) return;
    const another = next.doc !== value.doc;
    if (!another && next.rev < value.rev) {
      props.value = value; // late: Python goes on reading what is on screen
      return;
    }
    if (another) {
      steps = history.EMPTY;
      become(next, true);
    } else if (next.rev > value.rev) {
      const changed = Object.keys(next.drawing).filter((name) => !alike(next.drawing[name], value.drawing[name]));
      const slid = changed.every((name) => SLIDERS.includes(name));
      if (changed.length) steps = history.record(steps, state(), slid ? { kind: changed.join(), at: performance.now() } : undefined);
      become(next, Boolean(next.backdrop && !value.backdrop)); // a recording is opened at its first frame
    } else {
      // What was drawn here since stays; of what came only the picture behind it is new, if it has the same place.
      value = { ...next, drawing: value.drawing, frame: value.frame, backdrop: alike(next.frame, value.frame) ? next.backdrop : value.backdrop };
      props.value = value;
      draw();
    }
    if (next.question && next.question.token !== asked) {
      asked = next.question.token;
      ask(next.question);
    }
  }

  return { value: () => value, steps: () => steps, isBusy: () => busy, put, travel, adopt, receive };
}
