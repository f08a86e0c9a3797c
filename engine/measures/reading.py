"""Everything that can be read off one clip: its LVEF by two routes, the LV's curve, heart rate, grey levels, Dice."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from engine.anatomy.labels import LA, LV, MYOCARDIUM, NAMES, SECTOR, Frames, LabelMap, View
from engine.anatomy.trace import largest
from engine.errors import BadInput
from engine.measures import simpson
from engine.measures.adherence import STRUCTURES, frame_dice
from engine.measures.lvef import LvefRegressor
from engine.measures.segmenter import segment
from engine.media.limits import UNKNOWN_SPACING
from engine.types import Clip


@dataclass(frozen=True)
class Grey:
    """Of all frames together, 0..255; NaN for what the segmenter does not find."""

    mean: float
    largest: float
    black: float
    """share 0..1 of pixels that are 0"""
    cavity: float
    """mean inside the LV that the segmenter finds"""
    wall: float
    """mean inside its myocardium"""


@dataclass(frozen=True, eq=False)
class Reading:
    """Of one clip; LVEF in percent, NaN for what cannot be measured."""

    clip: Clip
    found: LabelMap
    """the segmenter's answer for every frame"""
    lvef_regressor: float
    lvef_simpson: float
    """single-plane Simpson of the segmenter's LV, mean over beats"""
    areas: Float[np.ndarray, "t"]
    """of the segmenter's LV, cm^2; pixels where the clip tells no spacing"""
    volumes: Float[np.ndarray, "t"]
    """mL; NaN where no LV is found or the clip tells no spacing"""
    beats: tuple[simpson.Beat, ...]
    """the frames of ED and ES; none in a still or without an LV"""
    heart_rate: float
    """beats a minute, from the clip's frame rate; NaN where it shows no two whole beats"""
    grey: Grey
    dice: dict[str, Float[np.ndarray, "m"]]
    """of every frame with the map wanted for it, by structure that those maps hold; empty where none came"""

    @property
    def in_mm(self) -> bool:
        """Whether the clip tells its spacing."""
        return self.clip.mm_per_pixel != UNKNOWN_SPACING

    @property
    def ends(self) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
        """(areas, volumes) at ED and ES, mean over beats, in the units of `areas` and `volumes`; NaN where there are none."""
        if not self.beats:
            return np.full(2, np.nan), np.full(2, np.nan)
        at = np.array([[beat.ed, beat.es] for beat in self.beats])
        return self.areas[at].mean(0), self.volumes[at].mean(0)

    @property
    def asked_lvef(self) -> float:
        """What the clip's provenance says was asked for; NaN where it says nothing that is a percentage."""
        told = self.clip.provenance and self.clip.provenance.conditions.get("lvef")
        return float(told) if isinstance(told, int | float) and 0 <= told <= 100 else float("nan")


def read(clip: Clip, regressor: LvefRegressor | None, wanted: UInt8[np.ndarray, "n y x"] | None = None) -> Reading:
    """Measures a clip; without a regressor, its LVEF is NaN. `wanted` is a map for every frame, or for the first alone.

    Raises BadInput as `fit_maps`.
    """
    wanted = None if wanted is None else fit_maps(clip.frames, wanted)
    # No network was ever shown a blank picture, and each would make a heart up in one.
    is_blank = np.ptp(clip.frames) == 0
    found = np.zeros_like(clip.frames) if is_blank else one_heart(segment(clip.frames))
    pixels = (found == LV).sum((1, 2)).astype(np.float64)
    in_mm, moves = clip.mm_per_pixel != UNKNOWN_SPACING, len(clip.frames) > 1 and not is_blank
    beats = tuple(simpson.beats(pixels, clip.fps)) if np.ptp(pixels) else ()
    return Reading(
        clip=clip,
        found=found,
        lvef_regressor=float(regressor.measure([clip.frames], clip.fps)[0]) if regressor and moves else float("nan"),
        lvef_simpson=simpson.lvef(found, _view(clip), clip.mm_per_pixel, clip.fps) if beats else float("nan"),
        areas=pixels * float(np.prod(clip.mm_per_pixel)) / (100 if in_mm else 1),
        volumes=simpson.volume_curve(found, _view(clip), clip.mm_per_pixel) if in_mm else np.full(len(found), np.nan),
        beats=beats,
        heart_rate=heart_rate(beats, len(found), clip.fps),
        grey=_grey(clip.frames, found),
        dice={} if wanted is None else dice_with(found, wanted),
    )


def one_heart(found: LabelMap) -> LabelMap:
    """The largest ventricle (cavity and wall together) and the largest LA of every frame; other pieces become sector.

    On patients' recordings the segmenter, which learned from simulation, also finds small hearts in lettering and lung.
    """
    kept = found.copy()
    for frame in kept:
        for labels in ((LV, MYOCARDIUM), (LA,)):
            mask = np.isin(frame, labels)
            frame[mask & ~largest(mask)] = SECTOR
    return kept


def fit_maps(frames: Frames, wanted: UInt8[np.ndarray, "n y x"]) -> UInt8[np.ndarray, "n h w"]:
    """Label maps at the size of the clip they are for, each pixel the nearest of the map's.

    Raises BadInput where their number is neither the frames' nor 1, or their shape is not the clip's within 2 %.
    """
    (n, y, x), (frames_, height, width) = wanted.shape, frames.shape
    if abs(height * x / (width * y) - 1) > 0.02:
        raise BadInput(
            f"The label maps have {x}x{y} pixels and the clip {width}x{height}, another shape; save the maps of this clip."
        )
    if n not in (1, frames_):
        raise BadInput(
            f"{n} label maps came for a clip of {frames_} frames; one for every frame is wanted, or one for the first."
        )
    return np.stack([cv2.resize(each, (width, height), interpolation=cv2.INTER_NEAREST_EXACT) for each in wanted])


def dice_with(found: LabelMap, wanted: UInt8[np.ndarray, "m h w"]) -> dict[str, Float[np.ndarray, "m"]]:
    """Dice of every wanted map with the answer for its frame, by structure; those that no map holds are left out."""
    held = [label for label in STRUCTURES if (wanted == label).any()]
    return {NAMES[label]: frame_dice(found[: len(wanted)], wanted, label) for label in held}


def heart_rate(beats: tuple[simpson.Beat, ...], frames: int, fps: float) -> float:
    """Beats a minute from the first ES to the last; NaN with fewer than two of them.

    An ES in the first or last frame does not count: the clip may have been cut on the way there.
    """
    inner = [beat.es for beat in beats if 0 < beat.es < frames - 1]
    return 60 * fps * (len(inner) - 1) / (inner[-1] - inner[0]) if len(inner) > 1 else float("nan")


def _view(clip: Clip) -> View:
    told = clip.provenance and clip.provenance.conditions.get("view")
    return "A2C" if told == "A2C" else "A4C"


def _grey(frames: Frames, found: LabelMap) -> Grey:
    inside = (frames[found == label] for label in (LV, MYOCARDIUM))
    cavity, wall = (float(part.mean()) if part.size else float("nan") for part in inside)
    return Grey(float(frames.mean()), float(frames.max()), float((frames == 0).mean()), cavity, wall)
