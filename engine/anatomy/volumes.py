"""Volumes, lengths and thicknesses of a drawn heart, from one view or two."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from skimage.measure import points_in_poly

from engine.anatomy.contours import spline
from engine.anatomy.heart import Heart, Points

DISCS = 20
SMALLEST_LA = 100.0
"""mm^2; a smaller LA counts as left out"""
WALL_SPAN = (0.35, 0.75)
"""of the long axis, apex to annulus, over which a wall is measured"""
WALL_END = 0.9
"""of the long axis; nearer to the annulus the wall ends"""


@dataclass(frozen=True)
class WallThickness:
    """Of the myocardium, in mm."""

    septal: float
    """median over the middle of the septal wall (A2C: inferior)"""
    lateral: float
    """median over the middle of the lateral wall (A2C: anterior)"""
    thinnest: float
    """anywhere but at the annulus; 0 where the wall has a gap"""


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


def lv_length(heart: Heart) -> float:
    """The LV's long axis in mm, apex of the endocardium to the middle of the annulus."""
    apex, base = long_axis(spline(heart.lv_endo))
    return float(np.hypot(*(apex - base)))


def la_volume(heart: Heart) -> float:
    """LA volume in mL by single-plane area-length: V = 8 A^2 / (3 pi L), L from the annulus to the farthest point.

    0 where the LA has less than 100 mm^2: it is left out.
    """
    curve = spline(heart.la)
    size = area(curve)
    if size < SMALLEST_LA:
        return 0.0
    roof, base = long_axis(curve)
    return float(8 * size**2 / (3 * np.pi * np.hypot(*(roof - base))) / 1000)


def wall_thickness(heart: Heart) -> WallThickness:
    """How thick the wall is: from each point of the endocardium to the nearest of the epicardium, 0 where that lies inside.

    NaN for a side without points along its middle.
    """
    endo, epi = spline(heart.lv_endo), spline(heart.lv_epi)
    apart, share = apart_along(endo, epi)
    thickness = np.where(points_in_poly(endo, epi), apart, 0.0)
    _, base = long_axis(endo)
    tip = int(np.argmax(np.hypot(*(endo - base).T)))
    middle = (share >= WALL_SPAN[0]) & (share <= WALL_SPAN[1])
    sides = (thickness[:tip][middle[:tip]], thickness[tip + 1 :][middle[tip + 1 :]])
    septal, lateral = (float(np.median(side)) if len(side) else float("nan") for side in sides)
    return WallThickness(septal, lateral, float(thickness[share <= WALL_END].min()))


def apart_along(endo: Points, epi: Points) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """How far each point of the endocardium is from the epicardium, mm, on whichever side; where it lies, 0 apex to 1 annulus.

    Both are dense open curves.
    """
    apex, base = long_axis(endo)
    along = base - apex
    return distance(endo, epi), (endo - apex) @ along / max(float(along @ along), 1e-12)


def distance(points: Points, curve: Points) -> Float[np.ndarray, " n"]:
    """From each point to the nearest of an open polyline, mm."""
    x, y = points.T[:, :, None] - curve[:-1].T[:, None]
    u, v = np.diff(curve, axis=0).T
    share = np.clip((x * u + y * v) / np.maximum(u * u + v * v, 1e-12), 0, 1)
    return np.sqrt(((x - share * u) ** 2 + (y - share * v) ** 2).min(1))
