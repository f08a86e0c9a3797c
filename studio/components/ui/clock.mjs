// The one clock of all clips on screen. Times are seconds of the clip; `now` is milliseconds of the page.

const ROUNDING = 1e-6; // frame k begins at k / fps, which times fps may fall just short of k

export const STOPPED = { elapsed: 0, since: null, speed: 1 };

export const isPlaying = (clock) => clock.since !== null;

export const elapsedAt = ({ elapsed, since, speed }, now) =>
  since === null ? elapsed : elapsed + (Math.max(now - since, 0) / 1000) * speed;

export const play = (clock, now) => (isPlaying(clock) ? clock : { ...clock, since: now });
export const pause = (clock, now) => ({ ...clock, elapsed: elapsedAt(clock, now), since: null });
export const seek = (clock, elapsed, now) => ({ ...clock, elapsed, since: isPlaying(clock) ? now : null });
export const setSpeed = (clock, speed, now) => ({ ...seek(clock, elapsedAt(clock, now), now), speed });

/** The frame on screen: round and round in a loop, else the last one for ever. */
export function frameAt(elapsed, { fps, frames }, loop) {
  const count = Math.floor(elapsed * fps + ROUNDING);
  return loop ? count % frames : Math.min(count, frames - 1);
}

export const hasEnded = (elapsed, { fps, frames }) => elapsed * fps + ROUNDING >= frames;

/** The frame `by` frames on: round and round in a loop, else held at the ends. */
export function stepFrame(frame, by, frames, loop) {
  return loop ? (((frame + by) % frames) + frames) % frames : Math.min(Math.max(frame + by, 0), frames - 1);
}
