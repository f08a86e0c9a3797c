"""Files that a person opens: recordings become the backdrop and its sector, label maps and JSON files become the drawing."""

import base64
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from engine.anatomy.drawing import drawing_from_json
from engine.anatomy.heart import Sector, read_document
from engine.anatomy.mapping import VALUES
from engine.errors import BadInput
from engine.media.kinds import UnknownKind, known_endings
from engine.media.limits import UNKNOWN_SPACING
from engine.media.read import read_clip, read_labels
from engine.media.sector import backdrop, find_sector, hide_outside, shows_fan
from engine.media.write import LABEL_ENDINGS
from engine.types import Clip
from studio.session import JPEG, Session, fine_grid, with_backdrop, with_drawing
from studio.table import ask


@dataclass(frozen=True, eq=False)
class Opened:
    """What came of a file."""

    session: Session
    frames: int = 0
    """behind the drawing, where it was a recording"""
    question: dict[str, Any] | None = None
    """what its labels mean, where it was a label map: the drawing waits for the answer (`table.mapped`)"""


def open_file(session: Session, path: str) -> Opened:
    """A file opened into a session: a drawing or a heart (JSON) becomes the drawing; a label map (its first frame) becomes
    a question; a still, clip or DICOM file the backdrop and its sector. Raises BadInput on anything else.
    """
    name = Path(path).name
    if name.lower().endswith(".json"):
        blank = replace(session.drawing, keys=(), directions={}, sketch=())
        return Opened(with_drawing(session, drawing_from_json(read_document(path), blank)))
    if name.lower().endswith(LABEL_ENDINGS):
        try:
            maps, mm_per_pixel = read_labels(path)
        except BadInput:  # a recording, unless it looks like a map
            if len(np.unique(_recording(path).frames)) <= VALUES:
                raise
        else:
            if len(np.unique(maps)) <= VALUES:
                return Opened(session, question=ask(name, maps, mm_per_pixel))
    return Opened(*open_frame(session, path))


def open_frame(session: Session, path: str, frame: int = 0) -> tuple[Session, int]:
    """One frame (0-based) of a recording behind the drawing, and how many frames there are.

    Nothing outside the fan is shown or kept, so burnt-in names are gone. Raises BadInput as `read_clip`.
    """
    clip = _recording(path)
    spacing = None if clip.mm_per_pixel == UNKNOWN_SPACING else clip.mm_per_pixel
    sector, grid = find_sector(clip.frames.max(0), spacing)
    picture = hide_outside(clip.frames[min(frame, len(clip.frames) - 1)], grid, sector)
    return with_backdrop(session, sector, _picture(backdrop(picture, grid, fine_grid(sector)))), len(clip.frames)


def shown(session: Session, path: str) -> tuple[bool, bool]:
    """Whether the recording behind the drawing shows a fan, and whether its own scale could be used."""
    return shows_fan(_recording(path).frames.max(0)), session.drawing.heart.sector.depth != Sector().depth


@lru_cache(maxsize=2)
def _recording(path: str) -> Clip:
    """Kept while a person looks through its frames."""
    try:
        return read_clip(path)
    except UnknownKind:
        name = Path(path).name
        raise BadInput(f"{name} is no kind of file that opens here; use .json, {known_endings()} or DICOM.") from None


def _picture(grey: np.ndarray) -> str:
    jpeg = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return JPEG + base64.b64encode(jpeg.tobytes()).decode()
