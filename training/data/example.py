"""One labelled clip, whatever data set it comes from, and what a copy's tables say before anything is decoded."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, Literal, TypeVar

import numpy as np
from jaxtyping import UInt8

from engine.anatomy import labels
from engine.anatomy.heart import Grid
from engine.anatomy.labels import Frames
from engine.errors import BadInput
from engine.media.sector import backdrop

View = Literal["A4C", "A2C", "PSAX", "SAX"]
"""Apical four- and two-chamber; parasternal short axis (ultrasound); short axis (MR)."""
Split = Literal["train", "validation", "test"]
Phase = Literal["ED", "ES"]


@dataclass(frozen=True, eq=False)
class Example:
    """One clip, or one stack of slices, with all that its data set tells of it. What is not told is None."""

    frames: Frames
    """in the order of time, ED before ES where the clip is half a beat; slices of one instant where `phase` is set"""
    fps: float | None
    """None: two stills, or slices"""
    mm_per_pixel: tuple[float, float] | None
    """(row, column). None: EchoNet's videos, whose scale got lost; their pixels are taken as square"""
    view: View
    ed: int | None
    """index of the end-diastolic frame, from 0. None: slices, or no frame is marked"""
    es: int | None
    """index of the end-systolic frame, likewise"""
    label_maps: Mapping[int, UInt8[np.ndarray, "h w"]]
    """by index of the frame, for the frames that are labelled; classes as in `engine.anatomy.labels`.

    A data set draws only some of them: EchoNet the LV alone, so 0 there means 'not the LV' and no more."""
    lvef: float | None
    """percent, as the data set tells it"""
    split: Split | None
    """None: no table assigns the patient"""
    patient: str
    source: str
    """the data set"""
    phase: Phase | None = None
    """the instant of a stack of slices (M&Ms). None: the frames are in time"""


@dataclass(frozen=True, eq=False)
class Record:
    """One example before it is decoded; each data set adds what its tables say."""

    path: Path
    """the clip's file, or the folder of its files"""
    patient: str
    view: View
    split: Split | None
    frames: int | None
    """how many the tables promise. None: they do not say"""


R = TypeVar("R", bound=Record)


@dataclass(frozen=True, eq=False)
class Records(Generic[R]):
    """What a copy of a data set holds, by its tables and file names alone."""

    items: tuple[R, ...]
    odd: tuple[str, ...]
    """one line for each thing that is missing or wrong; what cannot be used is not among the items"""


def resample(example: Example, size: int) -> Example:
    """The example on `size` x `size` square pixels, whole and centred, black (class 0) beyond its border.

    Frames are interpolated linearly, blurred before they shrink; label maps take the nearest pixel. The spacing follows;
    where it is None it stays None.
    """
    height, width = example.frames.shape[1:]
    spacing = example.mm_per_pixel or (1.0, 1.0)
    side = max(height * spacing[0], width * spacing[1]) / size
    given = Grid(height, width, spacing, ((width - 1) / 2, (height - 1) / 2))
    wanted = Grid(size, size, (side, side), ((size - 1) / 2, (size - 1) / 2))
    # A tie between two pixels goes to the same side everywhere, whatever floats make of it.
    x, y = np.floor(np.moveaxis(given.to_pixels(wanted.mesh()), -1, 0) + 0.5 - 1e-6).astype(int)
    inside = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    x, y = np.clip(x, 0, width - 1), np.clip(y, 0, height - 1)
    return replace(
        example,
        frames=np.stack([backdrop(frame, given, wanted) for frame in example.frames]),
        label_maps={
            at: np.where(inside, drawn[y, x], np.uint8(labels.BACKGROUND)) for at, drawn in example.label_maps.items()
        },
        mm_per_pixel=example.mm_per_pixel and (side, side),
    )


def gather(items: Sequence[R], odd: Sequence[str]) -> Records[R]:
    """The records of a copy. A patient found in two splits is told of and then belongs to none: no score may know its training."""
    splits = defaultdict(set)
    for record in items:
        splits[record.patient].add(record.split)
    torn = {patient: found for patient, found in splits.items() if len(found) > 1}
    told = [
        f"{patient}: is in {' and '.join(sorted(str(each) for each in found))}; a patient belongs in one split, so it is in none"
        for patient, found in sorted(torn.items())
    ]
    return Records(
        tuple(replace(record, split=None) if record.patient in torn else record for record in items), (*odd, *told)
    )


def require(root: Path, name: str, wanted: Sequence[str]) -> None:
    """Raises BadInput where a folder lacks what makes it a copy of the data set `name`."""
    missing = [part for part in wanted if not (root / part).exists()]
    if missing:
        raise BadInput(
            f"{root} is no copy of {name}: {', '.join(missing)} not found; give the folder that holds {', '.join(wanted)}."
        )
