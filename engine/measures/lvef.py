"""The frozen LVEF regressor: a small R(2+1)D that reads an LVEF, and an embedding, off any grey clip.

It learned from simulated clips of hearts that no generating network has seen, and is never trained together with one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
import torch
from jaxtyping import Float, UInt8

from engine.anatomy.labels import Frames
from engine.errors import BadInput
from engine.measures.window import cut, find_window
from engine.networks.r2plus1d import R2Plus1d, Reading
from engine.shipped import find
from engine.weights import load_strictly

WEIGHTS = "lvef.safetensors"
SIZE = 112
"""pixels a side that the network was trained at"""
RATE = 25.0
"""Frames a second, above which frames are left out. It learned beats of 8 to 32 frames, drawn from 24 different ones:
from a fast beat at a low rate to a slow one at 25. So a rate need not be known, and only a higher one is lowered."""
LONGEST = 64
"""frames the network sees at once; a longer clip is read in equal parts, and their answers are averaged"""

FrameRates = Sequence[float | None] | float | None
"""Frames a second: of each clip, of all of them, or unknown."""


@dataclass(frozen=True, eq=False)
class LvefRegressor:
    """What `load` gives. Clips are uint8 (t, h, w), at least two frames each, of any size, from about one beat up."""

    network: R2Plus1d
    """frozen"""

    @property
    def dimension(self) -> int:
        """of `features`"""
        return 3 * self.network.config.embedding

    def measure(self, clips: Sequence[np.ndarray], fps: FrameRates = None) -> Float[np.ndarray, "n"]:
        """The LVEF of each clip, percent within 0..100. Raises BadInput where one is no grey clip of two frames or more."""
        found = [np.mean([float(part.lvef) for part in parts]) for parts in self._read(clips, fps)]
        return np.clip(np.array(found), 0.0, 100.0)

    def features(self, clips: Sequence[np.ndarray], fps: FrameRates = None) -> Float[np.ndarray, "n {self.dimension}"]:
        """The embedding of each clip, pooled over time: its largest, mean and smallest values. Raises BadInput likewise."""
        found = [torch.cat([part.pooled for part in parts]).mean(0) for parts in self._read(clips, fps)]
        return torch.stack(found).cpu().numpy()

    def _read(self, clips: Sequence[np.ndarray], fps: FrameRates) -> Iterator[list[Reading]]:
        """What the network sees in every part of every clip. A part goes alone, so that company changes no bit of it."""
        device = next(self.network.parameters()).device
        for clip, rate in zip(clips, _rates(clips, fps), strict=True):
            with torch.inference_mode():
                yield [self.network(torch.tensor(part, device=device)[None] / 255) for part in prepare(clip, rate)]


@cache
def load(device: str = "cpu") -> LvefRegressor:
    """The frozen regressor, loaded once a process. Raises BadInput when its weights are missing or damaged."""
    network = R2Plus1d().to(device)
    load_strictly(network, find(WEIGHTS))
    return freeze(network)


def untrained(seed: int = 0) -> LvefRegressor:
    """A regressor with random weights: it has every shape of the real one and measures nothing."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return freeze(R2Plus1d())


def freeze(network: R2Plus1d) -> LvefRegressor:
    """A regressor of a network that is not to be trained further."""
    return LvefRegressor(network.eval().requires_grad_(False))


def prepare(clip: np.ndarray, fps: float | None) -> list[Frames]:
    """The parts, of at most `LONGEST` frames of `SIZE` x `SIZE`, in which a clip is read. Raises BadInput as `measure` does."""
    _check(clip)
    if fps is not None and fps > RATE:
        at = np.round(np.arange(0, len(clip) - 0.5, fps / RATE)).astype(int)
        clip = clip[at if len(at) > 1 else [0, -1]]
    square = cut(clip, find_window(clip))
    frames = np.stack([_resize(frame) for frame in square])
    return np.array_split(frames, -(-len(frames) // LONGEST))


def _resize(frame: UInt8[np.ndarray, "n n"]) -> UInt8[np.ndarray, "112 112"]:
    """INTER_AREA is bilinear where it enlarges."""
    return frame if len(frame) == SIZE else cv2.resize(frame, (SIZE, SIZE), interpolation=cv2.INTER_AREA)


def _check(clip: np.ndarray) -> None:
    if clip.ndim != 3 or clip.dtype != np.uint8 or 0 in clip.shape:
        raise BadInput(
            f"This clip is {clip.dtype} of shape {clip.shape}; grey uint8 frames (t, h, w) are wanted: convert it first."
        )
    if len(clip) < 2:
        raise BadInput("This clip is a single frame; an LVEF needs a beat: open a clip of two frames or more.")


def _rates(clips: Sequence[np.ndarray], fps: FrameRates) -> list[float | None]:
    rates: list[float | None] = [*fps] if isinstance(fps, Sequence) else [fps] * len(clips)
    if len(rates) != len(clips):
        raise BadInput(f"There are {len(clips)} clips and {len(rates)} frame rates; give one rate a clip.")
    for rate in rates:
        if rate is not None and not rate > 0:
            raise BadInput(
                f"The frame rate is {rate:g} a second; a number above 0 is wanted, or none where it is unknown."
            )
    return rates
