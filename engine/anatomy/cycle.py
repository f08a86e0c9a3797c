"""A beat: from an end-diastolic heart and an LVEF to a heart for every frame."""

from dataclasses import replace

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from engine.anatomy import volumes
from engine.anatomy.heart import Heart, Points
from engine.anatomy.motion import Motion, motion_of
from engine.errors import BadInput

LVEF_RANGE = (5.0, 85.0)
ES_PHASE = 0.375
"""End-systole as a share of the beat."""

# Wiggers diagram in two curves: ejection, early filling, diastasis, atrial kick; and the mitral valve's E and A waves.
_CONTRACTION = PchipInterpolator(
    [0, 0.05, 0.20, 0.33, ES_PHASE, 0.45, 0.56, 0.65, 0.80, 0.90, 1.0],
    [0, 0.04, 0.62, 0.97, 1, 0.86, 0.36, 0.24, 0.20, 0.10, 0],
)
_OPENING = PchipInterpolator(
    [0, 0.40, 0.46, 0.54, 0.66, 0.78, 0.87, 0.96, 1.0], [0, 0, 0.65, 1, 0.45, 0.35, 0.8, 0.15, 0]
)


def phases(frames: int) -> Float[np.ndarray, "t"]:
    """Where each of `frames` frames of one looping beat lies: 0 is end-diastole, 1 would be the next."""
    return np.arange(frames) / frames


def contraction_curve(phase: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
    """0 at end-diastole, 1 at end-systole."""
    return _CONTRACTION(np.mod(phase, 1))


def contraction_for(heart: Heart, lvef: float, motion: Motion | None = None) -> float:
    """The end-systolic contraction at which single-plane Simpson measures this LVEF, by bisection.

    Raises BadInput when `lvef` lies outside 5..85 percent or the drawn LV cannot reach it.
    """
    low, high = LVEF_RANGE
    if not low <= lvef <= high:
        raise BadInput(f"The LVEF is {lvef:g} %; a value from {low:g} to {high:g} % is wanted.")
    motion = motion or motion_of(heart)
    edv = volumes.simpson(heart)

    def measured(contraction: float) -> float:
        endo = motion.displace(heart.lv_endo, contraction)
        return volumes.lvef(edv, volumes.simpson(replace(heart, lv_endo=endo)))

    a, b = 0.0, 1.1
    if measured(b) < lvef:
        raise BadInput(f"This drawing cannot contract to an LVEF of {lvef:g} %; draw a rounder LV or ask for less.")
    for _ in range(24):
        middle = (a + b) / 2
        a, b = (middle, b) if measured(middle) < lvef else (a, middle)
    return (a + b) / 2


def heart_at(heart: Heart, motion: Motion, contraction: float, opening: float) -> Heart:
    """The heart at one instant: displaced, its leaflets turned open (0 closed as drawn, 1 open)."""
    moved = heart.map_points(lambda points: motion.displace(points, contraction))
    towards = -motion.axes[0]
    return replace(
        moved,
        septal_leaflet=_swing(moved.septal_leaflet, towards, opening),
        lateral_leaflet=_swing(moved.lateral_leaflet, towards, opening),
    )


def beat(heart: Heart, lvef: float, frames: int) -> tuple[Heart, ...]:
    """One whole looping beat in `frames` hearts; index 0 is the drawn end-diastole."""
    return hearts_at(heart, lvef, phases(frames))


def hearts_at(heart: Heart, lvef: float, phase: Float[np.ndarray, "t"]) -> tuple[Heart, ...]:
    """The heart at each phase (any real number; 1 is the next end-diastole)."""
    motion = motion_of(heart)
    strongest = contraction_for(heart, lvef, motion)
    pairs = zip(strongest * contraction_curve(phase), opening_curve(phase), strict=True)
    return tuple(heart_at(heart, motion, float(c), float(o)) for c, o in pairs)


def opening_curve(phase: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
    """Mitral opening, 0 closed to 1."""
    return _OPENING(np.mod(phase, 1))


def _swing(leaflet: Points, towards: Float[np.ndarray, "2"], opening: float) -> Points:
    """Turn a leaflet about its hinge, at full opening 75 % of the way from where it lies to the apex direction."""
    along = leaflet[-1] - leaflet[0]
    angle = np.arctan2(along[0] * towards[1] - along[1] * towards[0], along @ towards) * 0.75 * opening
    c, s = np.cos(angle), np.sin(angle)
    return leaflet[0] + (leaflet - leaflet[0]) @ np.array([[c, s], [-s, c]])
