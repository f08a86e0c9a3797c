"""How a heart's plane moves as the LV contracts: one smooth map for contours, tissue and flow alike.

Every point has coordinates (z, r) about the LV long axis: z from the endocardial apex (0) to the annulus (length), r across it.
The base descends towards the apex, the endocardium moves in, and the wall thickens as an incompressible shell does:
r'^2 = r_endo'^2 + (r^2 - r_endo^2) / stretch, with `stretch` the longitudinal shortening.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from engine.anatomy.contours import spline
from engine.anatomy.heart import Heart, Points
from engine.anatomy.volumes import long_axis

RADIAL, LONGITUDINAL = 0.64, 0.32
"""Share by which radius and length shrink at contraction 1, about LVEF 87."""
_FADE_RADIAL, _FADE_LONGITUDINAL = 18.0, 35.0
"""mm outside the wall over which the surroundings stop following."""
THINNEST = 1.0
"""mm of wall where the drawing has less"""
_SHORTEST_LA = 20.0
"""mm below the annulus over which tissue stops following it, where a shorter LA or none is drawn"""


@dataclass(frozen=True)
class Hypokinesis:
    """A stretch of one wall that moves inward less than it should."""

    side: int
    """0 septal (A2C: inferior), 1 lateral (A2C: anterior)"""
    centre: float
    """share of the long axis, 0 apex to 1 annulus"""
    width: float
    """the same, from the centre to where a third of the loss is left"""
    loss: float
    """0 normal, 1 akinetic, above 1 dyskinetic"""


@dataclass(frozen=True, eq=False)
class Motion:
    """The plane of one heart at end-diastole, ready to be displaced."""

    apex: Float[np.ndarray, "2"]
    axes: Float[np.ndarray, "2 2"]
    """rows: along the long axis, across it (towards the lateral wall)"""
    length: float
    la_length: float
    heights: Float[np.ndarray, "n"]
    """z of the profiles below, mm"""
    endo: Float[np.ndarray, "2 n"]
    """|r| of the endocardium: septal, lateral"""
    epi: Float[np.ndarray, "2 n"]
    hypokinesis: tuple[Hypokinesis, ...] = ()

    def displace(
        self, points: Float[np.ndarray, "*n 2"], contraction: float | Float[np.ndarray, "..."]
    ) -> Float[np.ndarray, "*m 2"]:
        """Where end-diastolic points (mm) lie at a contraction of 0 (ED) to 1; an array of them is broadcast against *n."""
        return self.mover(points)(contraction)

    def mover(
        self, points: Float[np.ndarray, "*n 2"]
    ) -> Callable[[float | Float[np.ndarray, "..."]], Float[np.ndarray, "*m 2"]]:
        """`displace` of these points as a function of the contraction alone, for many of them."""
        z, r = np.moveaxis((points - self.apex) @ self.axes.T, -1, 0)
        side, distance = (r > 0).astype(int), np.abs(r)
        spot = np.clip((z - self.heights[0]) / (self.heights[1] - self.heights[0]), 0, len(self.heights) - 1.001)
        low, part = spot.astype(int), spot - spot.astype(int)
        endo = self.endo[side, low] * (1 - part) + self.endo[side, low + 1] * part
        epi = self.epi[side, low] * (1 - part) + self.epi[side, low + 1] * part

        share = z / self.length
        above = 1 - smoothstep(np.clip((z - self.length) / self.la_length, 0, 1))
        narrowing = 1 - 0.5 * smoothstep((share - 0.55) / 0.5)
        kept = [
            1 - weak.loss * ((side == weak.side) * np.exp(-(((share - weak.centre) / weak.width) ** 2)))
            for weak in self.hypokinesis
        ]
        shortening = 1 - smoothstep((share - 0.9) / 0.2)
        squared, thickness = distance**2 - endo**2, np.clip(epi**2 - endo**2, 0, None)
        beyond = np.clip(distance - epi, 0, None)
        fade, follow = np.exp(-beyond / _FADE_RADIAL), np.exp(-beyond / _FADE_LONGITUDINAL)
        lift = (
            np.where(share < 0, -0.08 * smoothstep((share + 0.15) / 0.15), -0.08 + 1.08 * np.clip(share, 0, 1)) * above
        )
        sign = np.sign(r)

        def moved(contraction: float | Float[np.ndarray, "..."]) -> Float[np.ndarray, "*m 2"]:
            inward = RADIAL * contraction * narrowing * above
            for share_kept in kept:
                inward = inward * share_kept
            stretch = 1 - LONGITUDINAL * contraction * shortening
            inner = (endo * (1 - inward)) ** 2
            inside = distance * (1 - inward)
            shell = np.sqrt(np.clip(inner + squared / stretch, 0, None))
            outside = distance + (np.sqrt(inner + thickness / stretch) - epi) * fade
            radius = np.where(distance <= endo, inside, np.where(distance <= epi, shell, outside))
            along = z - LONGITUDINAL * contraction * self.length * lift * follow
            return self.apex + np.stack([along, radius * sign], -1) @ self.axes

        return moved


def motion_of(heart: Heart, hypokinesis: tuple[Hypokinesis, ...] = ()) -> Motion:
    """The plane of a heart drawn at end-diastole, and where its walls move less."""
    endo, epi, la = spline(heart.lv_endo), spline(heart.lv_epi), spline(heart.la)
    apex, base = long_axis(endo)
    length = float(np.hypot(*(base - apex)))
    along = (base - apex) / length
    axes = np.stack([along, [along[1], -along[0]]])
    if ((endo[-1] - endo[0]) @ axes[1]) < 0:
        axes[1] = -axes[1]
    la_length = max(float(((la - apex) @ along).max()) - length, _SHORTEST_LA)
    heights = np.linspace(-0.25 * length, length, 64)
    profiles = [
        np.stack([_profile((curve - apex) @ axes.T, sign, heights) for sign in (-1, 1)]) for curve in (endo, epi)
    ]
    endo, epi = profiles[0], np.maximum(profiles[1], profiles[0] + THINNEST)
    return Motion(apex, axes, length, la_length, heights, endo, epi, hypokinesis)


def _profile(curve: Points, sign: int, heights: np.ndarray) -> np.ndarray:
    """|r| of one side of a curve in (z, r) at each height: 0 above its tip, its last value below its end."""
    tip = int(np.argmin(curve[:, 0]))
    side = curve[: tip + 1][::-1] if sign * curve[0, 1] > sign * curve[-1, 1] else curve[tip:]
    z = np.maximum.accumulate(side[:, 0])
    return np.interp(heights, z + 1e-9 * np.arange(len(z)), np.clip(sign * side[:, 1], 0, None), left=0.0)


def smoothstep(x: np.ndarray) -> np.ndarray:
    """0 up to 0, 1 from 1 on, without a corner between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)
