"""Corrections by hand of a heart's motion, each at one phase of the beat."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float

from engine.anatomy.contours import spline
from engine.anatomy.heart import CONTOURS, Heart, Points, points_from_json
from engine.anatomy.motion import smoothstep
from engine.errors import BadInput

ES_PHASE = 0.375
"""End-systole as a share of the beat."""
OPEN_PHASE = 0.54
"""The mitral valve wide open, as a share of the beat."""
LARGEST = 16
"""keys of one drawing"""
APART = 0.001
"""of the beat, by which two keys differ"""
_TISSUE = ("lv_endo", "lv_epi", "la")
_SAMPLES = 6
"""a segment of their splines"""
_AT_ONCE = 4_000_000
"""pairs of a point and a sample"""
_NEAR, _SIGMA, _REACH = 1.0, 5.0, 25.0
"""mm: as good as on a contour; over which contours share a point of the tissue; where the tissue no longer follows"""


@dataclass(frozen=True, eq=False)
class Key:
    """What the hand added at one phase to where the motion puts the control points."""

    phase: float
    """share of the beat, above 0 (end-diastole, which is the heart itself) and below 1"""
    offsets: dict[str, Points]
    """by contour name, (n, 2) mm, n as the heart's contour has"""

    def to_json(self) -> dict[str, Any]:
        """A document of plain Python numbers, rounded to 0.001 mm."""
        return {"phase": self.phase, "offsets": {name: np.round(o, 3).tolist() for name, o in self.offsets.items()}}


def tissue_field(heart: Heart, keys: tuple[Key, ...], points: Float[np.ndarray, "*n 2"]) -> Float[np.ndarray, "k *n 2"]:
    """How far each key, at its full weight, shifts the tissue that lies at these points (mm) at end-diastole, in mm.

    Shepard's interpolation of the offsets along the borders of the wall and of the LA, so that each border keeps to its
    own; it fades out with the distance from the nearest.
    """
    borders = {name: getattr(heart, name) for name in _TISSUE}
    still = {name: np.zeros_like(points) for name, points in borders.items()}
    samples, *shifts = (
        np.concatenate([spline(each[name], _SAMPLES) for name in _TISSUE])
        for each in (borders, *({**still, **key.offsets} for key in keys))
    )
    # Single precision, a tenth of a micrometre here, takes a third of the time.
    flat, samples = points.reshape(-1, 2).astype(np.float32), samples.astype(np.float32)
    offsets = np.stack(shifts, axis=1).reshape(len(samples), -1)
    # In parts: for the largest drawing the product of all points and all samples is gigabytes.
    parts = np.array_split(flat, len(flat) * len(samples) // _AT_ONCE + 1)
    shift = np.concatenate([_shepard(part, samples, offsets) for part in parts])
    return np.moveaxis(shift.reshape(*points.shape[:-1], len(keys), 2), -2, 0)


def _shepard(
    points: Float[np.ndarray, "n 2"], samples: Float[np.ndarray, "m 2"], offsets: Float[np.ndarray, "m v"]
) -> Float[np.ndarray, "n v"]:
    squared = ((points**2).sum(1)[:, None] + (samples**2).sum(1) - 2 * points @ samples.T).clip(0)
    nearest = squared.min(1, keepdims=True)
    # Only ratios count: taken from the nearest border, they stay numbers however far away that is.
    share = np.exp((nearest - squared) / (2 * _SIGMA**2)) / (squared + _NEAR**2)
    shift = (share @ offsets) / share.sum(1, keepdims=True)
    return shift * (1 - smoothstep(np.sqrt(nearest) / _REACH))


def keys_from_json(document: Any, heart: Heart) -> tuple[Key, ...]:
    """The keys of a list of `to_json` documents that correct this heart. Raises BadInput on anything else."""
    if not isinstance(document, list) or not all(isinstance(each, dict) for each in document):
        raise BadInput("The drawing's keys are unreadable; a list of objects with 'phase' and 'offsets' is wanted.")
    _refuse_too_many(len(document))
    keys = []
    for each in document:
        phase, offsets = each.get("phase"), each.get("offsets")
        if isinstance(phase, bool) or not isinstance(phase, int | float) or not 0 < phase < 1:
            raise BadInput(f"A key's phase is {phase!r:.40}; a share of the beat above 0 and below 1 is wanted.")
        if not isinstance(offsets, dict):
            raise BadInput(f"The key at phase {phase:g} has no offsets by contour name; correct the heart there again.")
        _refuse_strangers(offsets)
        drawn = {
            name: points_from_json(o, f"key of {name!r}", (1, len(getattr(heart, name)))) for name, o in offsets.items()
        }
        standing = (each for each in (ES_PHASE, OPEN_PHASE) if abs(each - phase) < APART / 2)
        keys.append(Key(next(standing, float(phase)), drawn))
    check_keys(tuple(keys), heart)
    return tuple(keys)


def check_keys(keys: tuple[Key, ...], heart: Heart) -> None:
    """Raises BadInput where keys do not fit the heart, lie at one phase or outside the beat, or are too many."""
    _refuse_too_many(len(keys))
    for key in keys:
        if not 0 < key.phase < 1:
            raise BadInput(f"A key's phase is {key.phase:g}; a share of the beat above 0 and below 1 is wanted.")
        _refuse_strangers(key.offsets)
        for name, offsets in key.offsets.items():
            if offsets.shape != getattr(heart, name).shape:
                raise BadInput(
                    f"The key at phase {key.phase:g} corrects {len(offsets)} points of {name!r}, which has "
                    f"{len(getattr(heart, name))}; correct the heart there again."
                )
            if not np.isfinite(offsets).all():
                raise BadInput(f"The key at phase {key.phase:g} has an offset of {name!r} that is no number.")
    for before, after in pairwise(sorted(key.phase for key in keys)):
        if after - before < APART:
            raise BadInput(f"Two keys lie at phase {after:g}; one is wanted, so make one of them.")


def _refuse_too_many(count: int) -> None:
    if count > LARGEST:
        raise BadInput(f"The drawing has {count} keys; at most {LARGEST} are wanted, so take some out.")


def _refuse_strangers(names: Iterable[Any]) -> None:
    for name in names:
        if name not in CONTOURS:
            raise BadInput(f"A key corrects {name!r:.40}, which is no contour; use {', '.join(CONTOURS)}.")
