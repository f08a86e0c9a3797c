import assert from "node:assert/strict";
import test from "node:test";

import * as time from "../../../studio/components/ui/clock.mjs";

test("seeking to any frame shows that frame, at any frame rate", () => {
  for (const fps of [7, 15, 23.976, 24, 29.97, 30, 50, 53.333, 60, 1000 / 37]) {
    for (const frames of [1, 2, 16, 32, 241]) {
      for (let frame = 0; frame < frames; frame++) {
        const clock = time.seek(time.STOPPED, frame / fps, 0);
        assert.equal(time.frameAt(time.elapsedAt(clock, 9e9), { fps, frames }, true), frame);
        assert.equal(time.frameAt(time.elapsedAt(clock, 9e9), { fps, frames }, false), frame);
      }
    }
  }
});

test("a playing clock counts with its speed, and a change of speed does not jump", () => {
  let clock = time.play(time.STOPPED, 1000);
  assert.equal(time.elapsedAt(clock, 2000), 1);
  clock = time.setSpeed(clock, 0.25, 2000);
  assert.equal(time.elapsedAt(clock, 2000), 1);
  assert.equal(time.elapsedAt(clock, 6000), 2);
  clock = time.pause(clock, 6000);
  assert.equal(time.elapsedAt(clock, 99999), 2);
  assert.equal(time.isPlaying(clock), false);
  assert.equal(time.elapsedAt(time.play(clock, 7000), 7400), 2.1);
});

test("pausing, seeking and playing keep their state", () => {
  const playing = time.play(time.STOPPED, 0);
  assert.equal(time.isPlaying(time.seek(playing, 3, 500)), true);
  assert.equal(time.elapsedAt(time.seek(playing, 3, 500), 1500), 4);
  assert.equal(time.play(playing, 700), playing);
});

test("round and round in a loop, else the last frame holds", () => {
  const clip = { fps: 10, frames: 4 };
  const at = (loop) => [0, 0.1, 0.39, 0.4, 0.75, 0.8].map((elapsed) => time.frameAt(elapsed, clip, loop));
  assert.deepEqual(at(true), [0, 1, 3, 0, 3, 0]);
  assert.deepEqual(at(false), [0, 1, 3, 3, 3, 3]);
  assert.deepEqual([0.39, 0.4].map((elapsed) => time.hasEnded(elapsed, clip)), [false, true]);
});

test("clips of one clock agree on the instant", () => {
  const elapsed = 1.234;
  assert.equal(time.frameAt(elapsed, { fps: 50, frames: 32 }, true), 61 % 32);
  assert.equal(time.frameAt(elapsed, { fps: 25, frames: 16 }, true), 30 % 16);
});

test("steps wrap in a loop and stop at the ends without one", () => {
  assert.equal(time.stepFrame(0, -1, 16, true), 15);
  assert.equal(time.stepFrame(15, 1, 16, true), 0);
  assert.equal(time.stepFrame(0, -1, 16, false), 0);
  assert.equal(time.stepFrame(15, 1, 16, false), 15);
});
