"""LVEF by Simpson's rule from label maps of a clip: its beats, and the LV's volume at the two ends of each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.ndimage import median_filter
from scipy.signal import find_peaks

from engine.anatomy import trace, volumes
from engine.anatomy.contours import spline
from engine.anatomy.heart import Grid, Points, Sector
from engine.anatomy.labels import BACKGROUND, LV, SECTOR, LabelMap, View
from engine.errors import BadInput

OUTLIER = 0.4
"""share of its neighbours' median by which an LV area is a slip of the segmenter; at 8 frames a beat ES differs by 0.3"""
SWING = 0.4
"""share of the areas' whole range by which the area must fall, and rise again, for a beat of its own"""
SHORTEST = 0.25
"""seconds from one ES to the next, below which the areas only flicker"""


@dataclass(frozen=True)
class Beat:
    """Frame indices of its two ends."""

    ed: int
    es: int


def beats(areas: Float[np.ndarray, "t"], fps: float | None = None) -> list[Beat]:
    """Every beat of a curve of LV areas (any unit): where it is smallest, and the largest between the ES before and after.

    A single sharp slip of the segmenter is no beat's end, nor is an ES sooner after a smaller one than a heart can beat,
    where `fps` is known. Where no ES has a fall before and a rise after it (a clip may start or stop there), the one
    largest and the one smallest are taken.
    """
    smooth = without_slips(areas)
    apart = max(1.0, SHORTEST * fps) if fps else 1.0
    found = find_peaks(-smooth, distance=apart, prominence=max(SWING * float(np.ptp(smooth)), 1e-9))[0].tolist()
    borders = zip([0, *found], found, [*found[1:], len(smooth)], strict=False)
    whole = [Beat(before + int(smooth[before:after].argmax()), es) for before, es, after in borders]
    return whole or [Beat(int(smooth.argmax()), int(smooth.argmin()))]


def without_slips(areas: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
    """Areas far off the median of five frames replaced by it (Hampel's filter); the others are left as sharp as they are."""
    median = median_filter(areas.astype(np.float64), 5, mode="nearest")
    return np.where(np.abs(areas - median) > OUTLIER * median, median, areas)


def lvef(
    label_maps: LabelMap,
    view: View = "A4C",
    mm_per_pixel: tuple[float, float] = (1.0, 1.0),
    fps: float | None = None,
) -> float:
    """Percent by single-plane Simpson, the mean over the clip's beats; NaN where no LV can be traced.

    `mm_per_pixel` is (y, x); only their ratio matters. `fps` is as in `beats`.
    """
    ends = ends_of(label_maps, view, mm_per_pixel, fps)
    return _mean([volumes.lvef(volumes.simpson_polygon(ed), volumes.simpson_polygon(es)) for ed, es in ends])


def lvef_biplane(
    four_chamber: LabelMap, two_chamber: LabelMap, mm_per_pixel: Sequence[tuple[float, float]] = ((1.0, 1.0),) * 2
) -> float:
    """Percent by biplane Simpson from clips of both views of one heart, whose n-th beats are paired; NaN likewise.

    `mm_per_pixel` is (y, x) of each clip. Where a clip has fewer beats, the other's further ones are left out.
    """
    four, two = ends_of(four_chamber, "A4C", mm_per_pixel[0]), ends_of(two_chamber, "A2C", mm_per_pixel[1])
    volume = volumes.simpson_biplane
    return _mean(
        [volumes.lvef(volume(ed4, ed2), volume(es4, es2)) for (ed4, es4), (ed2, es2) in zip(four, two, strict=False)]
    )


def ends_of(
    label_maps: LabelMap, view: View, mm_per_pixel: tuple[float, float], fps: float | None = None
) -> list[tuple[Points, Points]]:
    """The LV's traced outlines in mm at ED and ES of every beat; beats in which the LV cannot be traced are left out."""
    place = place_of(label_maps, mm_per_pixel)
    areas = (label_maps == LV).sum((1, 2)).astype(np.float64)
    result = []
    for beat in beats(areas, fps):
        try:
            ed, es = (spline(trace.trace(label_maps[i], *place, view).lv_endo) for i in (beat.ed, beat.es))
        except BadInput:
            continue
        result.append((ed, es))
    return result


def volume_curve(
    label_maps: LabelMap, view: View = "A4C", mm_per_pixel: tuple[float, float] = (1.0, 1.0)
) -> Float[np.ndarray, "t"]:
    """The LV's volume in every frame by single-plane Simpson, mL where `mm_per_pixel` (y, x) is true; NaN without an LV."""
    place = place_of(label_maps, mm_per_pixel)

    def volume(label_map: np.ndarray) -> float:
        try:
            return volumes.simpson(trace.trace(label_map, *place, view))
        except BadInput:
            return float("nan")

    return np.array([volume(label_map) for label_map in label_maps])


def place_of(label_maps: LabelMap, mm_per_pixel: tuple[float, float]) -> tuple[Grid, Sector]:
    """One grid and fan for all frames, from what most of them draw: a grid of its own would give each its own scale."""
    drawn = (label_maps != BACKGROUND).mean(0) >= 0.5
    return trace.grid_for(np.where(drawn, SECTOR, BACKGROUND).astype(np.uint8), mm_per_pixel)


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else float("nan")
