"""How well clips show the heart that was drawn: pure functions on arrays; the segmenter's answers are handed in."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt8

from engine.anatomy import trace, volumes
from engine.anatomy.heart import Sector
from engine.anatomy.labels import LA, LV, MYOCARDIUM, NAMES, Frames, LabelMap, View
from engine.errors import BadInput
from engine.measures.estimates import Estimate, bootstrap

STRUCTURES = (LV, MYOCARDIUM, LA)


@dataclass(frozen=True)
class Adherence:
    """Over many clips."""

    dice: dict[str, Estimate]
    """mean Dice of the segmenter's first frame with the drawn map, by structure ("LV", "myocardium", "LA")"""
    cavity_grey: Estimate
    """mean grey level 0..255 of the first frame inside the drawn LV"""
    wall_grey: Estimate
    """and inside the drawn myocardium"""
    area_fall: Estimate
    """median share 0..1 by which the segmented LV area falls from the first frame to its smallest"""


@dataclass(frozen=True)
class FrameDice:
    """Of one structure in one frame, over many clips."""

    dice: Estimate
    """mean Dice of the segmenter's answer with the map that was asked for, 0..1"""
    ceiling: Estimate
    """what the same segmenter scores on clips that truly show those maps"""
    share: Estimate
    """the first as a share of the second"""


def dice(a: Shaped[np.ndarray, "*s"], b: Shaped[np.ndarray, "*s"], label: int) -> float:
    """2 |A and B| / (|A| + |B|) of one class in two label maps, 0..1; 1 where neither has it."""
    in_a, in_b = a == label, b == label
    total = int(in_a.sum()) + int(in_b.sum())
    return 2 * int((in_a & in_b).sum()) / total if total else 1.0


def cavity_and_wall_grey(frame: UInt8[np.ndarray, "h w"], label_map: UInt8[np.ndarray, "h w"]) -> tuple[float, float]:
    """Mean grey level 0..255 inside the LV and inside the myocardium of a label map; NaN for one that it lacks."""
    return _mean(frame[label_map == LV]), _mean(frame[label_map == MYOCARDIUM])


def area_curve(label_maps: LabelMap, label: int = LV) -> Int[np.ndarray, "t"]:
    """Pixels of one class in every frame."""
    return (label_maps == label).sum((1, 2))


def area_fall(areas: Shaped[np.ndarray, "t"]) -> float:
    """The share 0..1 by which the area falls from frame 0 to its smallest; NaN where frame 0 has none."""
    return 1.0 - float(areas.min()) / float(areas[0]) if areas[0] else float("nan")


def lvef(label_maps: LabelMap, sector: Sector, view: View) -> float:
    """Percent, single-plane Simpson of the LV traced in frame 0 and where its area is smallest; NaN without an LV.

    The frames lie on the standard grid of the sector.
    """
    grid = sector.grid(*label_maps.shape[1:])
    ends = label_maps[[0, int(area_curve(label_maps).argmin())]]
    try:
        edv, esv = (volumes.simpson(trace.trace(one, grid, sector, view)) for one in ends)
    except BadInput:
        return float("nan")
    return volumes.lvef(edv, esv)


def first_dice(
    answers: Sequence[LabelMap], drawn: Sequence[UInt8[np.ndarray, "h w"]], label: int
) -> Float[np.ndarray, "n"]:
    """Dice of the first frame of every answer with the map that was drawn for it."""
    return np.array([dice(answer[0], wanted, label) for answer, wanted in zip(answers, drawn, strict=True)])


def frame_dice(answer: LabelMap, wanted: LabelMap, label: int) -> Float[np.ndarray, "t"]:
    """Dice of every frame of the segmenter's answer with the map wanted for it; NaN where neither has the structure."""
    pairs = zip(answer, wanted, strict=True)
    return np.array([dice(a, w, label) if (a == label).any() or (w == label).any() else np.nan for a, w in pairs])


def by_frame(
    answers: Sequence[LabelMap], wanted: Sequence[LabelMap], ceiling: Sequence[LabelMap]
) -> dict[str, tuple[FrameDice, ...]]:
    """How well every frame of clips of one length shows the beat that was asked for, by structure.

    `answers` are the segmenter's for the clips, `ceiling` its answers for recordings that truly show the `wanted` maps
    (the phantom's of the same hearts): no clip can be expected to score more.
    """
    result = {}
    for label in STRUCTURES:
        made, best = (
            np.stack([frame_dice(answer, maps, label) for answer, maps in zip(found, wanted, strict=True)])
            for found in (answers, ceiling)
        )
        result[NAMES[label]] = tuple(
            FrameDice(bootstrap(made[:, t]), bootstrap(best[:, t]), bootstrap(np.stack([made, best], 2)[:, t], _share))
            for t in range(made.shape[1])
        )
    return result


def adherence(
    clips: Sequence[Frames], drawn: Sequence[UInt8[np.ndarray, "h w"]], answers: Sequence[LabelMap]
) -> Adherence:
    """How well clips, whose first frame is end-diastole, show the end-diastolic maps that were drawn for them.

    `answers` are the segmenter's for every frame of every clip.
    """
    grey = np.array([cavity_and_wall_grey(clip[0], wanted) for clip, wanted in zip(clips, drawn, strict=True)])
    return Adherence(
        dice={NAMES[label]: bootstrap(first_dice(answers, drawn, label)) for label in STRUCTURES},
        cavity_grey=bootstrap(grey[:, 0]),
        wall_grey=bootstrap(grey[:, 1]),
        area_fall=bootstrap(np.array([area_fall(area_curve(answer)) for answer in answers]), np.median),
    )


def _share(pairs: Float[np.ndarray, "n 2"]) -> float:
    return float(pairs[:, 0].mean() / pairs[:, 1].mean())


def _mean(grey: UInt8[np.ndarray, "n"]) -> float:
    return float(grey.mean()) if grey.size else float("nan")
