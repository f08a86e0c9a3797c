"""Is a drawing a heart that can be generated?"""

import cv2
import numpy as np
from jaxtyping import Float
from skimage.measure import points_in_poly

from engine.anatomy.contours import spline
from engine.anatomy.heart import Heart, Points
from engine.anatomy.volumes import area, area_length
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
SMALLEST_LA = 100.0
"""mm^2; a smaller one counts as left out"""
TOUCH = 1.0
"""mm that the inner contour may lie outside the outer one"""
OVERLAP = 0.15
"""of the smaller of LV and LA that may lie in the other"""
OUTSIDE = {"lv_endo": 0.25, "lv_epi": 0.45, "la": 0.6, "septal_leaflet": 0.35, "lateral_leaflet": 0.35}
"""of a contour that may lie outside the sector; real fans cut off the lateral wall and the roof of the LA"""
VOLUMES = (5.0, 900.0)
"""mL"""


def check(heart: Heart) -> None:
    """Raises BadInput with one sentence about the first fault of a drawing; fast enough to be called during a drag."""
    curves = {name: spline(points) for name, points in heart.contours().items()}
    for name, curve in curves.items():
        if not np.isfinite(curve).all():
            raise BadInput(f"{TITLES[name]} has a point that is no number; draw it again.")
    lv_endo, lv_epi, la = curves["lv_endo"], curves["lv_epi"], curves["la"]

    if area(lv_endo) < SMALLEST_LV:
        raise BadInput(
            f"{TITLES['lv_endo']} encloses {area(lv_endo) / 100:.1f} cm²; at least {SMALLEST_LV / 100:.0f} cm² is wanted, so "
            "draw the LV larger."
        )
    for name in ("lv_endo", "lv_epi", "la"):
        if (name != "la" or area(la) >= SMALLEST_LA) and _crosses_itself(curves[name]):
            raise BadInput(
                f"{TITLES[name]} crosses itself; move its points so that they follow one another round the chamber."
            )
    depth = _depth_outside(lv_endo, lv_epi)
    if depth > TOUCH:
        raise BadInput(
            f"{TITLES['lv_endo']} lies {depth:.0f} mm outside the outer one; the wall needs the inner contour "
            "within the outer, so move one of them."
        )
    shared = _overlap(lv_endo, la) if area(la) >= SMALLEST_LA else 0.0
    if shared > OVERLAP:
        raise BadInput(
            f"{TITLES['la']} shares {shared:.0%} of its chamber with the LV; the two only meet at the annulus, "
            "so move the LA down."
        )
    for name, curve in curves.items():
        outside = 1 - heart.sector.contains(curve).mean()
        if outside > OUTSIDE[name]:
            raise BadInput(
                f"{TITLES[name]} lies {outside:.0%} outside the sector; at most {OUTSIDE[name]:.0%} may, "
                "so move it in or widen the sector."
            )
    volume = area_length(heart)
    if not VOLUMES[0] <= volume <= VOLUMES[1]:
        raise BadInput(
            f"{TITLES['lv_endo']} holds {volume:.0f} mL; {VOLUMES[0]:.0f} to {VOLUMES[1]:.0f} mL is wanted, so "
            f"draw the LV {'larger' if volume < VOLUMES[0] else 'smaller'} or mend the spacing."
        )


def _cross(a: Float[np.ndarray, "... 2"], b: Float[np.ndarray, "... 2"]) -> Float[np.ndarray, "..."]:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


def _crosses_itself(curve: Points) -> bool:
    """Whether two sides of the closed polygon cross, other than where neighbours meet."""
    start, stop = curve, np.roll(curve, -1, axis=0)
    side = stop - start
    # Positive on the left of a side, negative on the right: two sides cross where each parts the other's ends.
    ends = _cross(side[:, None], start[None] - start[:, None]), _cross(side[:, None], stop[None] - start[:, None])
    parted = ends[0] * ends[1] < 0
    return bool((parted & parted.T).any())


def _depth_outside(inner: Points, outer: Points) -> float:
    """How far the open inner curve passes through the open outer one, mm; past the line that closes it is no fault."""
    outside = inner[~points_in_poly(inner, outer)]
    if not len(outside):
        return 0.0
    through_curve, through_base = _distance(outside, outer), _distance(outside, outer[[-1, 0]])
    return float(np.where(through_base < through_curve - 1e-9, 0.0, through_curve).max())


def _distance(points: Points, curve: Points) -> Float[np.ndarray, " n"]:
    """From each point to an open polyline, mm."""
    start, side = curve[:-1], np.diff(curve, axis=0)
    away = points[:, None] - start[None]
    share = np.clip((away * side).sum(-1) / np.maximum((side**2).sum(-1), 1e-12), 0, 1)
    return np.sqrt(((away - share[..., None] * side) ** 2).sum(-1)).min(1)


def _overlap(first: Points, second: Points) -> float:
    """Shared area over the smaller area, on a grid of 1 mm."""
    corner = np.minimum(first.min(0), second.min(0)) - 1
    size = np.minimum(np.maximum(first.max(0), second.max(0)) - corner + 2, 2000).astype(int)
    masks = []
    for polygon in (first, second):
        mask = np.zeros((size[1], size[0]), np.uint8)
        masks.append(cv2.fillPoly(mask, [np.round(polygon - corner).astype(np.int32)], 1))
    return float((masks[0] & masks[1]).sum() / max(1, min(masks[0].sum(), masks[1].sum())))
