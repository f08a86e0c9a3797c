"""How well clips show the heart that was drawn: pure functions on arrays; the segmenter's answers are handed in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int, Shaped, UInt8

from engine.anatomy import trace, volumes
from engine.anatomy.heart import Sector
from engine.anatomy.labels import LA, LV, MYOCARDIUM, NAMES, Frames, LabelMap, View
from engine.errors import BadInput

STRUCTURES = (LV, MYOCARDIUM, LA)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


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


def r_squared(pairs: Float[np.ndarray, "n 2"]) -> float:
    """1 - sum((measured - wanted)^2) / sum((wanted - mean wanted)^2) over rows of (wanted, measured)."""
    wanted, measured = pairs.T
    return 1.0 - float(((measured - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum())


def mean_absolute_error(pairs: Float[np.ndarray, "n 2"]) -> float:
    """Over rows of (wanted, measured)."""
    return float(np.abs(pairs[:, 1] - pairs[:, 0]).mean())


def bootstrap(
    rows: Float[np.ndarray, "n *s"], statistic: Callable[[np.ndarray], float] = np.mean, draws: int = 1000
) -> Estimate:
    """A statistic of the rows and its 95 % percentile interval over rows drawn again with replacement.

    The draws are always the same. Rows with a NaN are left out; NaN all over where no row is left.
    """
    rows = rows[~np.isnan(rows.reshape(len(rows), -1)).any(1)]
    if not len(rows):
        return Estimate(*[float("nan")] * 3)
    chosen = np.random.default_rng(0).integers(len(rows), size=(draws, len(rows)))
    with np.errstate(divide="ignore", invalid="ignore"):  # one heart drawn n times has no variance
        low, high = np.nanquantile([statistic(rows[which]) for which in chosen], (0.025, 0.975))
        return Estimate(float(statistic(rows)), float(low), float(high))


def first_dice(
    answers: Sequence[LabelMap], drawn: Sequence[UInt8[np.ndarray, "h w"]], label: int
) -> Float[np.ndarray, "n"]:
    """Dice of the first frame of every answer with the map that was drawn for it."""
    return np.array([dice(answer[0], wanted, label) for answer, wanted in zip(answers, drawn, strict=True)])


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


def _mean(grey: UInt8[np.ndarray, "n"]) -> float:
    return float(grey.mean()) if grey.size else float("nan")
