"""Which value of a label map drawn elsewhere is which class."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Integer

from engine.anatomy import labels
from engine.anatomy.labels import LabelMap
from engine.errors import BadInput

VALUES = 32
"""that a map may hold; more of them are a picture"""
ENCLOSED = 0.5
"""of its border to others that an LV shares with the wall round it, at least"""
SURROUNDED = 0.9
"""of all else that lies within a sector, at least"""


@dataclass(frozen=True)
class Found:
    """One value of a label map."""

    value: int
    pixels: int
    """in all frames"""
    guess: int
    """the class of `labels` that it seems to be"""


def found(label_map: Integer[np.ndarray, "t h w"]) -> tuple[Found, ...]:
    """The values of a map, and a guess of what each is.

    Values within 0..4 are taken as CAMUS has them, which `labels` follows. Of others 0 is the background, and the rest is told from
    the frame with most to see: what surrounds all the others is the sector, the largest region that another rings the LV, that ring
    the myocardium, the nearest of those below the LV the LA. Anything else is tissue where a sector was found, and background
    where none was. Raises BadInput on more than 32 values.
    """
    values, pixels = np.unique(label_map, return_counts=True)
    if len(values) > VALUES:
        raise BadInput(
            f"The label map has {len(values)} values; at most {VALUES} are wanted, so open a map and not a picture."
        )
    if values[0] >= 0 and values[-1] < len(labels.NAMES):
        guesses = {int(value): int(value) for value in values}
    else:
        guesses = _guess(label_map[np.argmax((label_map != 0).sum((1, 2)))])
    return tuple(
        Found(int(value), int(count), guesses.get(int(value), labels.BACKGROUND))
        for value, count in zip(values, pixels, strict=True)
    )


def remap(label_map: Integer[np.ndarray, "t h w"], classes: dict[int, int]) -> LabelMap:
    """The map with each value's class, uint8; a value that is not named becomes background.

    Raises BadInput on a class that is none.
    """
    for value, each in classes.items():
        if each not in range(len(labels.NAMES)):
            raise BadInput(f"Value {value} is to become class {each}; 0 to {len(labels.NAMES) - 1} are known.")
    values, index = np.unique(label_map, return_inverse=True)
    table = np.array([classes.get(int(value), labels.BACKGROUND) for value in values], np.uint8)
    return table[index.reshape(label_map.shape)]


def _guess(frame: Integer[np.ndarray, "h w"]) -> dict[int, int]:
    """Class by value, for all values but 0."""
    masks = {int(value): frame == value for value in np.unique(frame) if value != 0}
    sector = _surrounding(masks)
    rest = [value for value in masks if value != sector]
    if not rest:
        return dict.fromkeys(masks, labels.LV)
    touching = _contacts(frame)

    def ring_of(value: int) -> tuple[float, int]:
        """How much of a value's border is to the one other, and which."""
        shared = {other: touching.get((value, other), 0) for other in rest if other != value}
        whole = sum(count for (one, _), count in touching.items() if one == value)
        ring = max(shared, key=lambda other: shared[other], default=0)
        return shared.get(ring, 0) / max(1, whole), ring

    enclosed = [value for value in rest if ring_of(value)[0] >= ENCLOSED]
    lv = max(enclosed or rest, key=lambda value: int(masks[value].sum()))
    guesses = dict.fromkeys(masks, labels.BACKGROUND if sector is None else labels.SECTOR)
    guesses[lv] = labels.LV
    if enclosed:
        guesses[ring_of(lv)[1]] = labels.MYOCARDIUM
    centre, bottom = _centre(masks[lv]), np.quantile(np.nonzero(masks[lv])[0], 0.9)
    below = [
        value
        for value in rest
        if guesses[value] in (labels.BACKGROUND, labels.SECTOR) and _centre(masks[value])[0] > bottom
    ]
    if below:
        guesses[min(below, key=lambda value: float(np.hypot(*(_centre(masks[value]) - centre))))] = labels.LA
    return guesses


def _surrounding(masks: dict[int, Bool[np.ndarray, "h w"]]) -> int | None:
    """The value in whose convex hull two others or more lie; None where there is none."""
    if len(masks) < 3:
        return None
    drawn = np.logical_or.reduce(list(masks.values()))
    for value, mask in masks.items():
        others = drawn & ~mask
        # A hull, because where the fan ends chambers are open to the background.
        hull = cv2.convexHull(np.argwhere(mask)[:, ::-1].astype(np.int32))
        inside = cv2.fillConvexPoly(np.zeros(mask.shape, np.uint8), hull, 1) > 0
        if (inside & others).sum() >= SURROUNDED * others.sum():
            return value
    return None


def _contacts(frame: Integer[np.ndarray, "h w"]) -> dict[tuple[int, int], int]:
    """Pixel sides along which a value meets another, both ways round."""
    pairs = np.concatenate(
        [np.stack([a.ravel(), b.ravel()], 1) for a, b in ((frame[1:], frame[:-1]), (frame[:, 1:], frame[:, :-1]))]
    )
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    kinds, counts = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0, return_counts=True)
    return {(int(a), int(b)): int(count) for (a, b), count in zip(kinds, counts, strict=True)}


def _centre(mask: Bool[np.ndarray, "h w"]) -> Float[np.ndarray, "2"]:
    """(row, column) of the middle."""
    return np.array([each.mean() for each in np.nonzero(mask)])
