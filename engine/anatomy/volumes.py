"""Left-ventricular volumes from one view or two."""

import numpy as np
from jaxtyping import Float

from engine.anatomy.contours import spline
from engine.anatomy.heart import Heart, Points

DISCS = 20


def long_axis(endo: Points) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """(apex, middle of the mitral annulus) in mm; the apex is the endocardial point farthest from the annulus.

    `endo` is the dense open curve, annulus to annulus.
    """
    base = (endo[0] + endo[-1]) / 2
    return endo[np.argmax(np.hypot(*(endo - base).T))], base


def simpson(heart: Heart) -> float:
    """LV volume in mL by single-plane Simpson: 20 discs across the long axis, V = pi/4 * sum(d_i^2) * L/20."""
    return simpson_polygon(spline(heart.lv_endo))


def simpson_polygon(polygon: Points) -> float:
    """The same for any closed LV outline whose first and last points are the two annulus ends."""
    diameters, length = discs(polygon)
    return float(np.pi / 4 * np.sum(diameters**2) * length / DISCS / 1000)


def simpson_biplane(four_chamber: Points, two_chamber: Points) -> float:
    """LV volume in mL by biplane Simpson from LV outlines (as above) of both apical views.

    V = pi/4 * sum(a_i b_i) * L/20 with 20 discs a view and L the longer of the two long axes.
    """
    (a, a_length), (b, b_length) = discs(four_chamber), discs(two_chamber)
    return float(np.pi / 4 * np.sum(a * b) * max(a_length, b_length) / DISCS / 1000)


def discs(polygon: Points) -> tuple[Float[np.ndarray, "20"], float]:
    """The diameters of 20 discs across the long axis, apex first, and the length of that axis, all in mm."""
    apex, base = long_axis(polygon)
    length = float(np.hypot(*(base - apex)))
    along = (base - apex) / length
    across = np.array([-along[1], along[0]])
    z, r = (polygon - apex) @ along, (polygon - apex) @ across
    heights = (np.arange(DISCS) + 0.5) / DISCS * length
    z0, z1, r0, r1 = z, np.roll(z, -1), r, np.roll(r, -1)
    crosses = (z0[None] <= heights[:, None]) != (z1[None] <= heights[:, None])
    share = (heights[:, None] - z0) / np.where(z1 == z0, 1.0, z1 - z0)
    hits = r0 + share * (r1 - r0)
    diameter = np.where(crosses, hits, -np.inf).max(1) - np.where(crosses, hits, np.inf).min(1)
    return np.where(crosses.any(1), diameter, 0.0), length


def lvef(edv: float, esv: float) -> float:
    """Ejection fraction in percent from volumes in one unit."""
    return 100.0 * (edv - esv) / edv


def area_length(heart: Heart) -> float:
    """LV volume in mL by area-length: V = 8 A^2 / (3 pi L)."""
    curve = spline(heart.lv_endo)
    apex, base = long_axis(curve)
    return float(8 * area(curve) ** 2 / (3 * np.pi * np.hypot(*(apex - base))) / 1000)


def area(polygon: Points) -> float:
    """Area of a closed polygon in mm^2 (shoelace)."""
    x, y = polygon.T
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)
