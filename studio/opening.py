"""Files that a person opens: recordings become the backdrop and its sector, label maps and JSON files become the drawing."""

import base64
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from engine.anatomy.heart import Grid, Sector, read_heart
from engine.anatomy.trace import grid_for, trace
from engine.errors import BadInput
from engine.media.kinds import UnknownKind, known_endings
from engine.media.limits import UNKNOWN_SPACING
from engine.media.read import read_clip, read_label_maps
from engine.media.sector import backdrop, find_sector, hide_outside, shows_fan
from engine.media.write import LABEL_ENDINGS
from engine.types import Clip
from studio.session import FRAME, Session, with_backdrop, with_heart

FINER = 2
"""The backdrop has this many pixels for one of the editor's frame."""

FEW_LEVELS = 16
"""A picture with no more grey levels than this is a label map, right or wrong, and no recording."""


def open_file(session: Session, path: str) -> tuple[Session, int]:
    """The session with a file opened into it, and how many frames stand behind the drawing (0: it became the drawing).

    A heart JSON file or a label map (its first frame) becomes the drawing; a still, clip or DICOM file its backdrop and
    sector. Raises BadInput on anything else.
    """
    name = Path(path).name.lower()
    if name.endswith(".json"):
        return with_heart(session, read_heart(path)), 0
    if not name.endswith(LABEL_ENDINGS):
        return open_frame(session, path)
    try:
        label_maps, mm_per_pixel = read_label_maps(path)
    except BadInput:
        if len(np.unique(_recording(path).frames)) <= FEW_LEVELS:
            raise
        return open_frame(session, path)
    grid, sector = grid_for(label_maps[0], mm_per_pixel)
    return with_heart(session, trace(label_maps[0], grid, sector, session.heart.view)), 0


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
    return shows_fan(_recording(path).frames.max(0)), session.heart.sector.depth != Sector().depth


@lru_cache(maxsize=2)
def _recording(path: str) -> Clip:
    """Kept while a person looks through its frames."""
    try:
        return read_clip(path)
    except UnknownKind:
        name = Path(path).name
        raise BadInput(f"{name} is no kind of file that opens here; use .json, {known_endings()} or DICOM.") from None


def fine_grid(sector: Sector) -> Grid:
    """The editor's frame with smaller pixels."""
    grid = sector.grid(FRAME)
    (sy, sx), (x, y) = grid.mm_per_pixel, grid.apex
    middle = (FINER - 1) / 2
    return Grid(FRAME * FINER, FRAME * FINER, (sy / FINER, sx / FINER), (x * FINER + middle, y * FINER + middle))


def _picture(grey: np.ndarray) -> str:
    jpeg = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
