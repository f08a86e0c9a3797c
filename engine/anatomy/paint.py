"""A brush over the label map: what it paints becomes part of a contour, or is taken from it."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from jaxtyping import Float, UInt8

from engine.anatomy import labels
from engine.anatomy.contours import spline
from engine.anatomy.heart import LIMITS, Heart, Points
from engine.anatomy.trace import fit, frame_of, path_between, resample, solve
from engine.errors import BadInput

FINE = 0.3
"""mm a pixel of the map that is painted on"""
LARGEST = 1400
"""pixels a side of that map; a larger sector has larger pixels"""
NEAR = 1.6
"""pixels between a contour and a border that are the same"""
PER_SEGMENT = 12
"""samples of a spline between two of its points"""
SMALLEST = {"lv_endo": 100.0, "lv_epi": 100.0, "la": 12.0}
"""mm^2 of a region, below which it is gone"""
RADII = (0.2, 100.0)
"""mm"""
_SHIFT = 4
_GROWS = {labels.LV: "lv_endo", labels.MYOCARDIUM: "lv_epi", labels.LA: "la"}
_LOSE = {
    labels.LV: ("la",),
    labels.MYOCARDIUM: ("lv_endo", "la"),
    labels.LA: ("lv_endo",),
    labels.SECTOR: ("lv_endo", "lv_epi", "la"),
}
"""Which contour grows by what is painted and which lose it; the outer contour stays under LV and LA, as the label map has it"""


def paint(heart: Heart, path: Float[np.ndarray, "n 2"], radius: float, label: int) -> Heart:
    """The heart whose label map has `label` (1 LV, 2 myocardium, 3 LA, 4 sector: the eraser) wherever a disc moved.

    `path` is (x, y) mm of the disc's centre and `radius` in mm. A contour whose region changes keeps the number of its points, and
    those away from the brush their place; any other stays as it is. LA ends and leaflets follow the annulus. The largest piece of a
    region counts, without holes: a loose island joins nothing. An LA of which nothing is left lies upon the annulus.
    Raises BadInput when no LV is left, or no path, radius or label was given.
    """
    _check(path, radius, label)
    canvas = _canvas(heart, radius)
    brush = canvas.sweep(path, radius)
    curves = {name: spline(getattr(heart, name)) for name in ("lv_endo", "lv_epi", "la")}
    within = {name: canvas.fill(curve) for name, curve in curves.items()}
    # The LA is what the LV leaves of its contour.
    within["la"] &= ~within["lv_endo"]
    if label in _GROWS:
        # A loose island joins nothing, and takes nothing from the others.
        brush &= canvas.fill_border(canvas.border(within[_GROWS[label]] | brush))
    borders = {}
    for name, region in within.items():
        painted = region | brush if name == _GROWS.get(label) else region & ~brush if name in _LOSE[label] else region
        before, after = canvas.border(region), canvas.border(painted)
        if not np.array_equal(before, after):
            borders[name] = after

    annulus = heart.lv_endo[[0, -1]]
    changed = {}
    if "lv_endo" in borders and _is_gone(borders["lv_endo"], "lv_endo"):
        raise BadInput("No LV is left; leave a part of it, or undo.")
    for name in ("lv_endo", "lv_epi"):
        if name in borders and not _is_gone(borders[name], name):
            points, border = getattr(heart, name), borders[name]
            changed[name] = _follow(points, border, _feet(points, border, radius, canvas), canvas)
    shift = changed.get("lv_endo", heart.lv_endo)[[0, -1]] - annulus
    changed |= _hang(heart, shift)
    if "la" in borders:
        ends = changed["la"][[0, -1]]
        if _is_gone(borders["la"], "la"):
            changed["la"] = resample(ends, len(heart.la))
        elif _is_gone(canvas.border(within["la"]), "la"):
            changed["la"] = fit(path_between(borders["la"], ends, frame_of(heart.lv_endo)[1]), len(heart.la), ends)
        else:
            changed["la"] = _follow(heart.la, borders["la"], ends, canvas)
    return replace(heart, **changed)


@dataclass(frozen=True)
class _Canvas:
    """A fine raster over the sector and all contours. Its borders run through the centres of border pixels, as its fills do."""

    corner: Float[np.ndarray, "2"]
    mm: float
    shape: tuple[int, int]

    def fill(self, curve: Points) -> UInt8[np.ndarray, "h w"]:
        return cv2.fillPoly(np.zeros(self.shape, np.uint8), [self._fixed(curve)], 1, shift=_SHIFT)

    def sweep(self, path: Points, radius: float) -> UInt8[np.ndarray, "h w"]:
        """Where a disc passes."""
        drawn = np.zeros(self.shape, np.uint8)
        pixels, thickness = self._fixed(path), max(1, round(2 * radius / self.mm))
        cv2.polylines(drawn, [pixels], False, 1, thickness, shift=_SHIFT)
        for x, y in pixels[[0, -1]]:
            cv2.circle(drawn, (int(x), int(y)), round(radius / self.mm * 2**_SHIFT), 1, cv2.FILLED, shift=_SHIFT)
        return drawn

    def border(self, mask: UInt8[np.ndarray, "h w"]) -> Points:
        """Of the largest piece, in mm, holes filled; no points where nothing is set."""
        pieces, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        if not pieces:
            return np.zeros((0, 2))
        return max(pieces, key=cv2.contourArea)[:, 0] * self.mm + self.corner

    def fill_border(self, border: Points) -> UInt8[np.ndarray, "h w"]:
        return self.fill(border) if len(border) else np.zeros(self.shape, np.uint8)

    def _fixed(self, points: Points) -> np.ndarray:
        return np.round((points - self.corner) / self.mm * 2**_SHIFT).astype(np.int32)


def _canvas(heart: Heart, radius: float) -> _Canvas:
    half = np.radians(heart.sector.opening / 2)
    side = heart.sector.depth * np.sin(min(half, np.pi / 2))
    fan = np.array([[-side, 0.0], [side, heart.sector.depth]])
    points = np.concatenate([fan, *heart.contours().values()])
    low, high = points.min(0) - 2, points.max(0) + 2
    mm = max(FINE, float((high - low).max()) / LARGEST)
    width, height = np.ceil((high - low) / mm).astype(int) + 1
    return _Canvas(low, mm, (int(height), int(width)))


def _is_gone(border: Points, name: str) -> bool:
    return len(border) < 3 or cv2.contourArea(border.astype(np.float32)) < SMALLEST[name]


def _feet(old: Points, border: Points, radius: float, canvas: _Canvas) -> Points:
    """The two ends of an LV contour: as they were, or where the brush moved that, the lower corner nearby."""
    across, down = frame_of(old)
    ends = []
    for end, outwards in zip(old[[0, -1]], (-across, across), strict=True):
        away = np.hypot(*(border - end).T)
        if away.min() <= NEAR * canvas.mm:
            ends.append(end)
            continue
        near = away <= away.min() + 2 * radius
        ends.append(border[near][np.argmax(border[near] @ (down + outwards))])
    return np.stack(ends)


def _follow(points: Points, border: Points, ends: Points, canvas: _Canvas) -> Points:
    """As many control points whose spline runs along a closed border from end to end, those away from its change where they were."""
    old = spline(points)
    new = resample(path_between(border, ends, old.mean(0) - (old[0] + old[-1]) / 2), 800)
    new[[0, -1]] = ends
    away = np.hypot(*(old.T[:, :, None] - new.T[:, None]))
    at, same = away.argmin(1), away.min(1) <= NEAR * canvas.mm
    # A curve follows the border once from end to end: what would run back is matched as its neighbours are.
    known = at[same]
    back = (known < np.maximum.accumulate(known)) | (known > np.minimum.accumulate(known[::-1])[::-1])
    same[np.flatnonzero(same)[back]] = False
    # The next points on either side may slide along the curve, to give way to the change.
    loose = cv2.dilate((~same)[None].astype(np.uint8), np.ones((1, 2 * PER_SEGMENT + 1), np.uint8))[0] > 0
    loose[[0, -1]], at[[0, -1]] = False, (0, len(new) - 1)
    index = np.arange(len(old))
    target = np.where(loose[:, None], new[np.round(np.interp(index, index[~loose], at[~loose])).astype(int)], old)
    target[[0, -1]] = ends
    return solve(target, len(points))


def _hang(heart: Heart, shift: Points) -> dict[str, Points]:
    """LA and leaflets after the annulus moved: its ends softly, the leaflets as they are."""
    left, right = shift
    la = heart.la.copy()
    la[0], la[-1] = la[0] + right, la[-1] + left
    return {"la": la, "septal_leaflet": heart.septal_leaflet + left, "lateral_leaflet": heart.lateral_leaflet + right}


def _check(path: Points, radius: float, label: int) -> None:
    if not len(path) or not (np.abs(path) <= LIMITS.reach).all():
        raise BadInput(f"The brush's path has no points within {LIMITS.reach:g} mm; draw it again.")
    if not RADII[0] <= radius <= RADII[1]:
        raise BadInput(f"The brush's radius is {radius:g} mm; {RADII[0]:g} to {RADII[1]:g} mm is wanted.")
    if label not in _LOSE:
        raise BadInput(
            f"The brush paints label {label}; {', '.join(f'{i} {labels.NAMES[i]}' for i in _LOSE)} are known."
        )
