"""True clips to measure against: simulated hearts that no network learned from, or a user's copy of EchoNet-Dynamic.

All come as the cascades' paper takes its own: 64 frames at 32 a second, which starts anywhere in the beat. A recording is
resampled linearly and cut at random; where the paper pads a shorter one with black frames, it is left out here.
"""

import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from itertools import count as counted_from
from itertools import islice
from pathlib import Path

import numpy as np
from jaxtyping import Float, UInt8
from tqdm import tqdm

from engine.anatomy.labels import Frames
from engine.errors import BadInput
from engine.measures.agreement import FEWEST
from engine.media.limits import UNKNOWN_SPACING
from engine.phantom.population import draw_subject
from engine.types import Clip
from training.data import echonet, phantom
from training.data.example import Example, Split, resample
from training.data.phantom import HELD_OUT, Recipe

FRAMES, FPS, SIZE = 64, 32.0, 112
RECIPE = Recipe(FRAMES, SIZE, "echonet", FPS)
LEARNERS = 700_000
"""First seed of the hearts that the regressors of the rebalancing experiment learn from, and no other network does."""
USUAL = (56.0, 12.0)
"""mean and standard deviation of the LVEF in EchoNet-Dynamic, percent"""
BIN = 10.0
"""points of LVEF: a balanced set takes as many clips from each such part of the range as it can"""


@dataclass(frozen=True, eq=False)
class Truth:
    """A true clip and what is known of it."""

    heart: str
    """the seed of a simulated heart, the name of a recording"""
    clip: Clip
    lvef: float
    """percent"""

    @cached_property
    def digest(self) -> str:
        """of its pixels: rows of another clip of the same name are not taken for this one's"""
        return f"{zlib.crc32(self.clip.frames.tobytes()):08x}"

    def at(self, frames: int, fps: float) -> Clip:
        """As a model of this rate would have recorded it. Raises BadInput where the clip holds no such frames."""
        every = round(self.clip.fps / fps)
        if every < 1 or abs(every * fps - self.clip.fps) > 0.01 or (frames - 1) * every >= len(self.clip.frames):
            raise BadInput(
                f"The true clip of {self.heart} holds {len(self.clip.frames)} frames at {self.clip.fps:g} a second; no "
                f"{frames} at {fps:g} can be taken from it, so bring clips of {FRAMES} frames at {FPS:g}."
            )
        return Clip(self.clip.frames[::every][:frames], fps, self.clip.mm_per_pixel)


@dataclass(frozen=True, eq=False)
class Truths:
    """The true clips of one table."""

    clips: tuple[Truth, ...]
    about: str
    """where they come from, in words"""


def unseen(data: Path | None, cache: Path, count: int, balanced: bool = False) -> Truths:
    """Clips of `count` hearts that no network learned from, simulated into `cache` where no `data` is given.

    `data` is a copy of EchoNet-Dynamic, of which the test split is taken, or a folder of simulated clips. A balanced set holds
    low and high LVEFs as often as usual ones; simulated hearts are so anyway. Raises BadInput where `data` is neither, or
    holds fewer than 3 such hearts.
    """
    if data is None:
        return simulated(cache, range(HELD_OUT, HELD_OUT + count))
    if data.is_dir() and not (data / "FileList.csv").exists() and any(data.rglob("*.npz")):
        return _kept(_read(data), "test", count, f"simulated hearts of {data}")
    return recorded(data, "test", count, balanced)


def usual(data: Path | None, cache: Path, count: int) -> Truths:
    """Clips to learn from whose LVEF is spread as EchoNet-Dynamic's: of simulated hearts, or of a copy's training split."""
    if data is not None:
        return recorded(data, "train", count)
    return simulated(cache, _usual_seeds(count))


def simulated(cache: Path, seeds: Sequence[int]) -> Truths:
    """The phantom's clips of these seeds, a file each in `cache`; what is there is not made again."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [seed for seed in seeds if not (cache / f"{seed:07d}.npz").exists()]
    if missing:
        # Each in a process of its own kind: making a clip takes one thread, and sets that for good.
        with ProcessPoolExecutor() as pool:
            jobs = [pool.submit(phantom.write_shard, cache / f"{s:07d}.npz", s, 1, RECIPE, "cpu") for s in missing]
            try:
                for done in tqdm(as_completed(jobs), total=len(jobs), desc="simulating hearts", unit="heart"):
                    done.result()
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    wanted = {str(seed) for seed in seeds}
    clips = tuple(truth for truth, _ in _read(cache) if truth.heart in wanted)
    return Truths(clips, f"{len(clips)} simulated hearts, seeds {min(seeds)} to {max(seeds)}")


def recorded(root: Path, split: Split, count: int, balanced: bool = False) -> Truths:
    """Recordings of one split of a copy of EchoNet-Dynamic, in a random order that is always the same, for as long as `count` asks.

    Those that are damaged or shorter than two seconds are left out. Raises BadInput where `root` is no such copy, or
    fewer than 3 are left.
    """
    records = [each for each in echonet.list_records(root).items if each.split == split and each.lvef is not None]
    order = np.random.default_rng(0).permutation(len(records))
    if balanced:
        order = order[flattest(np.array([float(records[i].lvef or 0) for i in order]))]
    found, left_out = [], 0
    with tqdm(total=count, desc="reading recordings", unit="clip") as bar:
        for i in order:
            if len(found) == count:
                break
            try:
                found.append(_truth_of(echonet.read(records[i])))
                bar.update()
            except BadInput:
                left_out += 1
    _enough(len(found), f"{root} has {len(found)} recordings of two seconds or more in its {split} split")
    told = f", {left_out} that are damaged or too short left out" if left_out else ""
    return Truths(tuple(found), f"{len(found)} recordings of {echonet.NAME}, {split} split{told}")


def flattest(lvef: Float[np.ndarray, "n"]) -> np.ndarray:
    """An order of clips whose every beginning is spread as evenly over the LVEF as what is left allows."""
    parts = [list(np.flatnonzero(lvef // BIN == part)) for part in np.unique(lvef // BIN)]
    order = []
    while any(parts):
        order += [part.pop(0) for part in parts if part]
    return np.array(order, int)


def draw_of(heart: str, *what: int) -> np.random.Generator:
    """Random numbers of a heart, the same whatever other hearts are measured with it."""
    return np.random.default_rng([zlib.crc32(heart.encode()), *what])


def at_rate(frames: Frames, fps: float, wanted: float) -> UInt8[np.ndarray, "n h w"]:
    """A clip at another frame rate, interpolated linearly; as long as the recording lasts."""
    last = len(frames) - 1
    times = np.minimum(np.arange(int(last * wanted / fps + 1e-6) + 1) * fps / wanted, last)
    before = np.minimum(times.astype(int), max(last - 1, 0))
    share = (times - before)[:, None, None].astype(np.float32)
    mixed = frames[before] * (1 - share) + frames[np.minimum(before + 1, last)] * share
    return np.round(mixed).astype(np.uint8)


def _truth_of(example: Example) -> Truth:
    if example.fps is None or example.lvef is None:
        raise BadInput(f"{example.patient} tells no frame rate or no LVEF; both are wanted, so leave it out.")
    patient, lvef = example.patient, example.lvef
    example = example if example.frames.shape[1:] == (SIZE, SIZE) else resample(example, SIZE)
    frames = at_rate(example.frames, example.fps or FPS, FPS)
    if len(frames) < FRAMES:
        raise BadInput(
            f"{example.patient} lasts {len(frames) / FPS:.2g} s; {FRAMES / FPS:g} are wanted, so leave it out."
        )
    start = int(draw_of(example.patient).integers(len(frames) - FRAMES + 1))
    clip = Clip(frames[start : start + FRAMES], FPS, example.mm_per_pixel or UNKNOWN_SPACING)
    return Truth(patient, clip, lvef)


def _read(folder: Path) -> Iterator[tuple[Truth, Split | None]]:
    for example in phantom.examples(folder):
        assert example.fps is not None and example.lvef is not None and example.mm_per_pixel is not None
        yield (
            Truth(example.patient, Clip(example.frames, example.fps, example.mm_per_pixel), example.lvef),
            example.split,
        )


def _kept(found: Iterator[tuple[Truth, Split | None]], split: Split, count: int, about: str) -> Truths:
    clips = []
    for truth, of in found:
        if of == split and len(clips) < count:
            clips.append(truth)
    _enough(len(clips), f"There are {len(clips)} clips of seed {HELD_OUT} and above among the {about}")
    return Truths(tuple(clips), f"{len(clips)} {about}")


def _enough(count: int, told: str) -> None:
    if count < FEWEST:
        raise BadInput(f"{told}; {FEWEST} or more are wanted, so bring more.")


def _usual_seeds(count: int) -> list[int]:
    """Seeds of the first hearts of an even population that are kept with the share that `USUAL` has of their LVEF."""
    mean, spread = USUAL

    def is_kept(seed: int) -> bool:
        share = np.exp(-(((draw_subject(seed).lvef - mean) / spread) ** 2) / 2)
        return bool(np.random.default_rng([71, seed]).random() < share)

    return list(islice(filter(is_kept, counted_from(LEARNERS)), count))
