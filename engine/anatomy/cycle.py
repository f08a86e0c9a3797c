"""A beat: from an end-diastolic heart, an LVEF and what the hand corrected to a heart for every frame."""

from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from engine.anatomy import volumes
from engine.anatomy.contours import spline
from engine.anatomy.heart import LEAFLETS, Heart
from engine.anatomy.keys import APART, ES_PHASE, OPEN_PHASE, Key, tissue_field
from engine.anatomy.motion import Motion, motion_of, smoothstep
from engine.errors import BadInput

LVEF_RANGE = (5.0, 85.0)
USUAL_LVEF = 60.0
"""percent, of a beat for which none is asked"""
LARGEST_CONTRACTION = 1.1

# Wiggers diagram in two curves: ejection, early filling, diastasis, atrial kick; and the mitral valve's E and A waves.
_CONTRACTION = PchipInterpolator(
    [0, 0.05, 0.20, 0.33, ES_PHASE, 0.45, 0.56, 0.65, 0.80, 0.90, 1.0],
    [0, 0.04, 0.62, 0.97, 1, 0.86, 0.36, 0.24, 0.20, 0.10, 0],
)
_OPENING = PchipInterpolator(
    [0, 0.40, 0.46, 0.54, 0.66, 0.78, 0.87, 0.96, 1.0], [0, 0, 0.65, 1, 0.45, 0.35, 0.8, 0.15, 0]
)


def phases(frames: int, start: float = 0.0, step: float | None = None) -> Float[np.ndarray, "t"]:
    """Where each of `frames` frames lies: 0 is end-diastole, 1 the next.

    `step` is the share of a beat from one frame to the next; None: one whole looping beat fills the frames.
    """
    return start + (np.arange(frames) / frames if step is None else np.arange(frames) * step)


def contraction_curve(phase: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
    """0 at end-diastole, 1 at end-systole."""
    return _CONTRACTION(np.mod(phase, 1))


def contraction_for(heart: Heart, lvef: float, motion: Motion | None = None, keys: tuple[Key, ...] = ()) -> float:
    """The end-systolic contraction at which single-plane Simpson measures this LVEF, corrections included, by bisection.

    Raises BadInput when `lvef` lies outside 5..85 percent or the drawn LV cannot reach it.
    """
    low, high = LVEF_RANGE
    if not low <= lvef <= high:
        raise BadInput(f"The LVEF is {lvef:g} %; a value from {low:g} to {high:g} % is wanted.")
    measured = _lvef_at(heart, motion or motion_of(heart), keys)
    a, b = 0.0, LARGEST_CONTRACTION
    if measured(b) < lvef:
        raise BadInput(f"This drawing cannot contract to an LVEF of {lvef:g} %; draw a rounder LV or ask for less.")
    if measured(a) > lvef:
        raise BadInput(
            f"The corrections at end-systole alone make an LVEF of {measured(a):.0f} %, above the {lvef:g} % asked for; "
            "ask for more or take them back."
        )
    for _ in range(24):
        middle = (a + b) / 2
        a, b = (middle, b) if measured(middle) < lvef else (a, middle)
    return (a + b) / 2


def largest_lvef(heart: Heart, keys: tuple[Key, ...] = ()) -> float:
    """The LVEF in percent that this drawing reaches where it contracts most."""
    return _lvef_at(heart, motion_of(heart), keys)(LARGEST_CONTRACTION)


def _lvef_at(heart: Heart, motion: Motion, keys: tuple[Key, ...]) -> Callable[[float], float]:
    """The LVEF in percent that Simpson measures at an end-systolic contraction."""
    edv = volumes.simpson(heart)
    added = sum(
        (key.offsets["lv_endo"] for key in keys if _is_at(key, ES_PHASE) and "lv_endo" in key.offsets), start=0.0
    )
    moved = motion.mover(heart.lv_endo)
    return lambda contraction: volumes.lvef(edv, volumes.simpson_polygon(spline(moved(contraction) + added)))


def beat(heart: Heart, lvef: float, frames: int, keys: tuple[Key, ...] = ()) -> tuple[Heart, ...]:
    """One whole looping beat in `frames` hearts; index 0 is the drawn end-diastole."""
    return hearts_at(heart, lvef, phases(frames), keys)


def hearts_at(
    heart: Heart, lvef: float, phase: Float[np.ndarray, "t"], keys: tuple[Key, ...] = ()
) -> tuple[Heart, ...]:
    """The heart at each phase (any real number; 1 is the next end-diastole)."""
    motion = motion_of(heart)
    return pose(heart, motion, contraction_for(heart, lvef, motion, keys), phase, keys)


def pose(
    heart: Heart, motion: Motion, strongest: float, phase: Float[np.ndarray, "t"], keys: tuple[Key, ...] = ()
) -> tuple[Heart, ...]:
    """The heart at each phase of a beat that contracts to `strongest` at end-systole, leaflets turned open, corrections added."""
    contours = heart.contours()
    ends = np.cumsum([len(points) for points in contours.values()])[:-1]
    together = motion.displace(np.concatenate(list(contours.values())), strongest * contraction_curve(phase)[:, None])
    shown = dict(zip(contours, np.split(together, ends, axis=1), strict=True))
    opening = opening_curve(phase)
    for leaflet in LEAFLETS:
        shown[leaflet] = _swing(shown[leaflet], -motion.axes[0], opening)
    for key in keys:
        for name, offsets in key.offsets.items():
            # A leaflet opens about its hinge, which stays on the annulus: it goes as the walls go, the rest as the valve opens.
            hinge = offsets[:1] if name in LEAFLETS else 0.0
            shown[name] = shown[name] + weight(key, "lv_endo", phase, keys)[:, None, None] * hinge
            shown[name] = shown[name] + weight(key, name, phase, keys)[:, None, None] * (offsets - hinge)
    return tuple(Heart(heart.view, heart.sector, *each) for each in zip(*(shown[n] for n in contours), strict=True))


def tissue_shift(
    heart: Heart, keys: tuple[Key, ...], phase: Float[np.ndarray, "t"], points: Float[np.ndarray, "*n 2"]
) -> Float[np.ndarray, "t *n 2"]:
    """What the corrections add, at each phase, to where the motion puts the tissue that lies at these points at ED; mm."""
    if not keys:
        return np.zeros((len(phase), *points.shape))
    weights = np.stack([weight(key, "lv_endo", phase, keys) for key in keys], axis=1)
    return np.tensordot(weights, tissue_field(heart, keys, points), 1)


def weight(key: Key, contour: str, phase: Float[np.ndarray, "t"], keys: tuple[Key, ...]) -> Float[np.ndarray, "t"]:
    """The share of a key's offsets of one contour that is added at each phase; `keys` are all of the drawing.

    A correction of end-systole comes and goes with the contraction, one of the open leaflets with their opening (but for what
    their hinges do), and any other is gone at the key phases on either side.
    """
    if _is_at(key, ES_PHASE):
        return contraction_curve(phase)
    if _is_at(key, OPEN_PHASE) and contour in LEAFLETS:
        return opening_curve(phase)
    others = {0.0, ES_PHASE, 1.0} | {other.phase for other in keys if other is not key}
    before, after = max(p for p in others if p < key.phase), min(p for p in others if p > key.phase)
    phase = np.mod(phase, 1)
    share = np.where(phase < key.phase, (phase - before) / (key.phase - before), (after - phase) / (after - key.phase))
    return smoothstep(share)


def _is_at(key: Key, phase: float) -> bool:
    return abs(key.phase - phase) < APART / 2


def opening_curve(phase: Float[np.ndarray, "t"]) -> Float[np.ndarray, "t"]:
    """Mitral opening, 0 closed to 1."""
    return _OPENING(np.mod(phase, 1))


def _swing(
    leaflet: Float[np.ndarray, "t n 2"], towards: Float[np.ndarray, "2"], opening: Float[np.ndarray, "t"]
) -> Float[np.ndarray, "t n 2"]:
    """Turn a leaflet about its hinge, at full opening 75 % of the way from where it lies to the apex direction."""
    hinge, along = leaflet[:, :1], leaflet[:, -1] - leaflet[:, 0]
    angle = np.arctan2(along[:, 0] * towards[1] - along[:, 1] * towards[0], along @ towards) * 0.75 * opening
    c, s = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([c, s], -1), np.stack([-s, c], -1)], -2)
    return hinge + (leaflet - hinge) @ turn
