"""Can a drawing be worked with, and what about it would a cardiologist wonder at?"""

import cv2
import numpy as np
from skimage.measure import points_in_poly

from engine.anatomy.contours import spline
from engine.anatomy.heart import Heart, Points
from engine.anatomy.volumes import SMALLEST_LA, WALL_END, apart_along, area, area_length, distance
from engine.errors import BadInput

TITLES = {
    "lv_endo": "The inner LV contour",
    "lv_epi": "The outer LV contour",
    "la": "The LA contour",
    "septal_leaflet": "The septal leaflet",
    "lateral_leaflet": "The lateral leaflet",
}
SMALLEST_LV = 100.0
"""mm^2"""
TOUCH = 1.0
"""mm that the inner contour may lie outside the outer one"""
THIN = 3.0
"""mm of wall, below which it is told"""
APART = 3.0
"""mm from an end of the LA to the annulus, beyond which it is told"""
OVERLAP = 0.15
"""of the smaller of LV and LA that may lie in the other"""
OUTSIDE = {"lv_endo": 0.25, "lv_epi": 0.45, "la": 0.6, "septal_leaflet": 0.35, "lateral_leaflet": 0.35}
"""of a contour that may lie outside the sector; real fans cut off the lateral wall and the roof of the LA"""
VOLUMES = (5.0, 900.0)
"""mL"""
SAMPLES = 128
"""of a contour that are looked at; more of them take a drag's time and find no more"""


def check(heart: Heart) -> None:
    """Raises BadInput with one sentence about what makes a drawing unusable; whatever else is odd, `warnings` tells."""
    for name, points in heart.contours().items():
        if not np.isfinite(points).all():
            raise BadInput(f"{TITLES[name]} has a point that is no number; draw it again.")
    lv_endo = spline(heart.lv_endo)
    if area(lv_endo) < SMALLEST_LV:
        raise BadInput(
            f"{TITLES['lv_endo']} encloses {area(lv_endo) / 100:.1f} cm²; at least {SMALLEST_LV / 100:.0f} cm² is wanted, so "
            "draw the LV larger."
        )
    volume = area_length(heart)
    if not VOLUMES[0] <= volume <= VOLUMES[1]:
        raise BadInput(
            f"{TITLES['lv_endo']} holds {volume:.0f} mL; {VOLUMES[0]:.0f} to {VOLUMES[1]:.0f} mL is wanted, so "
            f"draw the LV {'larger' if volume < VOLUMES[0] else 'smaller'} or mend the spacing."
        )


def warnings(heart: Heart) -> tuple[str, ...]:
    """A short sentence for each thing that is unusual about a drawing, such as a gap in the wall; it can be generated all the same.

    Of a drawing that `check` refuses, only why. Fast enough to be called during a drag.
    """
    try:
        check(heart)
    except BadInput as error:
        return (str(error),)
    curves = {name: _curve(points) for name, points in heart.contours().items()}
    has_la = area(curves["la"]) >= SMALLEST_LA
    chambers = ("lv_endo", "lv_epi", "la") if has_la else ("lv_endo", "lv_epi")
    told = [f"{TITLES[name]} crosses itself." for name in chambers if _crosses_itself(curves[name])]
    told += _wall_faults(curves["lv_endo"], curves["lv_epi"])
    told += _la_faults(curves["lv_endo"], curves["la"]) if has_la else ["No LA is drawn."]
    for name, curve in curves.items():
        outside = 1 - heart.sector.contains(curve).mean()
        if outside > OUTSIDE[name]:
            told.append(f"{TITLES[name]} lies {outside:.0%} outside the sector.")
    return tuple(told)


def _curve(points: Points) -> Points:
    return spline(points, int(np.clip(SAMPLES // len(points), 1, 12)))


def _wall_faults(lv_endo: Points, lv_epi: Points) -> list[str]:
    """Where the walls cross, else where the wall is thin."""
    depth = _depth_outside(lv_endo, lv_epi)
    if depth > TOUCH:
        return [f"The wall has a gap: the inner contour lies {depth:.0f} mm outside the outer one."]
    apart, share = apart_along(lv_endo, lv_epi)
    thinnest = apart[share <= WALL_END].min()
    return [f"The thinnest wall measures {thinnest:.1f} mm."] if thinnest < THIN else []


def _la_faults(lv_endo: Points, la: Points) -> list[str]:
    """An LA away from the annulus, or over the LV."""
    gaps = np.hypot(*(la[[0, -1]] - lv_endo[[-1, 0]]).T)
    shared = _overlap(lv_endo, la)
    told = [f"The LA ends {gaps.max():.0f} mm off the annulus."] if gaps.max() > APART else []
    return [*told, f"The LA overlaps the LV by {shared:.0%}."] if shared > OVERLAP else told


def _crosses_itself(curve: Points) -> bool:
    """Whether two sides of the closed polygon cross, other than where neighbours meet."""
    x, y = curve.T
    u, v = (np.roll(curve, -1, axis=0) - curve).T
    # Positive where a corner lies on the left of a side, negative on the right: two sides cross where each parts the other's ends.
    left = u[:, None] * (y - y[:, None]) - v[:, None] * (x - x[:, None])
    parted = left * np.roll(left, -1, axis=1) < 0
    return bool((parted & parted.T).any())


def _depth_outside(inner: Points, outer: Points) -> float:
    """How far the open inner curve passes through the open outer one, mm; past the line that closes it is no fault."""
    outside = inner[~points_in_poly(inner, outer)]
    if not len(outside):
        return 0.0
    through_curve, through_base = distance(outside, outer), distance(outside, outer[[-1, 0]])
    return float(np.where(through_base < through_curve - 1e-9, 0.0, through_curve).max())


def _overlap(first: Points, second: Points) -> float:
    """Shared area over the smaller area, on a grid of 1 mm."""
    corner = np.minimum(first.min(0), second.min(0)) - 1
    size = np.minimum(np.maximum(first.max(0), second.max(0)) - corner + 2, 2000).astype(int)
    masks = []
    for polygon in (first, second):
        mask = np.zeros((size[1], size[0]), np.uint8)
        masks.append(cv2.fillPoly(mask, [np.round(polygon - corner).astype(np.int32)], 1))
    return float((masks[0] & masks[1]).sum() / max(1, min(masks[0].sum(), masks[1].sum())))
