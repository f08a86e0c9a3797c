"""Videos with traced frames: what EchoNet-Dynamic and EchoNet-Pediatric share."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from jaxtyping import UInt8

from engine.anatomy import labels
from engine.anatomy.contours import fill
from engine.anatomy.heart import Grid, Points
from engine.anatomy.volumes import area
from engine.errors import BadInput
from engine.media.read import read_clip
from training.data.example import Example, Record

ENDING = ".avi"


@dataclass(frozen=True, eq=False)
class TracedRecord(Record):
    """One video."""

    outlines: Mapping[int, Points]
    """the LV as a closed polygon, (x, y) in pixels, by index of the frame; two frames or more"""
    lvef: float | None
    fps: float | None
    """None: the video's own"""


def read_traced(record: TracedRecord, source: str) -> Example:
    """Decodes one video, in grey whatever its tint. ED is the traced frame with the largest LV, ES that with the smallest.

    Raises BadInput on a video that is damaged, cut off, or shorter than its tracings.
    """
    clip = read_clip(record.path)
    count, name = len(clip.frames), record.path.name
    promised = _promised(record.path)
    if promised > count:
        raise BadInput(
            f"{name} holds {count} of the {promised} frames that it promises, so it is cut off; copy it again."
        )
    if max(record.outlines) >= count:
        raise BadInput(
            f"{name} holds {count} frames, but frame {max(record.outlines)} (from 0) is traced; copy it again."
        )
    ordered = sorted(record.outlines, key=lambda at: area(record.outlines[at]))
    return Example(
        frames=clip.frames,
        fps=record.fps or clip.fps,
        mm_per_pixel=None,
        view=record.view,
        ed=ordered[-1],
        es=ordered[0],
        label_maps={at: draw_lv(record.outlines[at], *clip.frames.shape[1:]) for at in sorted(record.outlines)},
        lvef=record.lvef,
        split=record.split,
        patient=record.patient,
        source=source,
    )


def draw_lv(outline: Points, height: int, width: int) -> UInt8[np.ndarray, "h w"]:
    """A label map with the LV alone from its outline in pixels, whose centres have whole coordinates."""
    inside = fill(outline, Grid(height, width, (1.0, 1.0), (0.0, 0.0)))
    return np.where(inside, np.uint8(labels.LV), np.uint8(labels.BACKGROUND))


def compare_files(folder: Path, listed: set[str]) -> list[str]:
    """One line for each listed video that is not in the folder, and each that is there and not listed."""
    there = {path.name for path in folder.iterdir() if path.suffix.lower() == ENDING}
    place = f"{folder.parent.name}/{folder.name}"
    missing = [f"{place}/{name}: is listed but missing" for name in sorted(listed - there)]
    return missing + [f"{place}/{name}: is in no row of FileList.csv" for name in sorted(there - listed)]


def with_ending(name: str) -> str:
    """A video's file name; tables leave '.avi' out as they please."""
    return name if name.lower().endswith(ENDING) else name + ENDING


def _promised(path: Path) -> int:
    """The number of frames in the video's header; 0 where it tells none."""
    video = cv2.VideoCapture(str(path))
    try:
        return int(video.get(cv2.CAP_PROP_FRAME_COUNT))
    finally:
        video.release()
