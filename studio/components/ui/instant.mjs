// The instant on screen: its phase, the contours that the drawing has there, and the beat that they are taken from.

import { OFFLINE } from "./document.mjs";
import { ED, samePhase } from "./drawing.mjs";
import { oneAtATime } from "./latest.mjs";
import { near } from "./timeline.mjs";

const RETRY = 3000; // ms

/**
 * `kept()` is the drawing, `latest()` the same while a gesture changes it, `isHeld()` whether one does; `pose(drawing)` asks the
 * server for the beat. `draw()` is called when the contours on screen are others, `warn(sentences)` with what is odd about the
 * beat, `showPlaying(on)` when it begins or ends; nothing more happens once `isMounted()` is false.
 */
export function createInstant({ kept, latest, isHeld, isMounted, pose, draw, warn, showPlaying }) {
  let phase = ED;
  let contours = kept().contours; // as on screen
  let shown = kept(); // the drawing that has these contours at this phase
  let beat = { phases: [ED], beat: [contours], volumes: [0], of: kept() };
  let began = null; // when the contours began to beat

  const atEd = () => samePhase(phase, ED);

  /** The contours on screen become those of a drawing that the server knows nothing of yet. */
  function hold(next, of = null) {
    contours = next;
    shown = of;
  }

  /** The contours on screen become those of the drawing, where they are known. */
  function settle() {
    const index = beat.phases.findIndex((each) => samePhase(each, phase));
    if (atEd()) hold(kept().contours, kept());
    else if (beat.of === kept() && index >= 0) hold(beat.beat[index], kept());
  }

  /** To another instant; its contours are on their way until the beat is known. */
  function turn(next) {
    phase = next;
    shown = null;
    settle();
  }

  function go(next) {
    if (isHeld()) return;
    play(false);
    turn(next);
    draw();
  }

  /** `by` of the instants that the beat is known at. */
  const step = (by) => go(beat.phases.at((near(beat.phases, phase) + by) % beat.phases.length));

  function play(on) {
    showPlaying(on);
    if (on) return run();
    if (began === null) return;
    began = null;
    settle();
    draw();
  }

  function run() {
    const period = () => 60_000 / latest().heart_rate; // ms
    const first = (began = performance.now() - phase * period());
    const tick = (time) => {
      if (began !== first || !isMounted()) return;
      const index = near(beat.phases, ((time - first) / period()) % 1);
      phase = beat.phases[index];
      hold(beat.beat[index], beat.of);
      draw();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  const poses = oneAtATime(async (of) => {
    const answer = await pose(of).catch(() => null);
    if (answer?.beat) show({ ...answer, of });
    else if (of === latest()) refuse(answer); // else another one is on its way
  });

  /** Asks for the beat of the drawing. */
  const refresh = () => poses.want(latest());

  function show(answer) {
    beat = answer;
    warn(answer.warnings);
    if (!isHeld() && began === null) {
      phase = beat.phases[near(beat.phases, phase)];
      settle();
    }
    draw();
  }

  /** A drawing that has no beat is shown at ED; a server that does not answer is asked again. */
  function refuse(answer) {
    warn([answer?.message ?? OFFLINE]);
    if (!answer) setTimeout(() => isMounted() && refresh(), RETRY);
    else go(ED);
  }

  return {
    phase: () => phase,
    contours: () => contours,
    /** {phases, beat: their contours, volumes in mL, of: the drawing} */
    beat: () => beat,
    atEd,
    /** Whether the contours on screen are those of the drawing, and not still on their way. */
    isFresh: () => shown === kept(),
    isBeating: () => began !== null,
    hold, settle, turn, go, step, play, refresh,
  };
}
