"""Files that a person opens: recordings become the backdrop and its sector, label maps and JSON files become the drawing."""

import base64
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from engine.anatomy.heart import Grid, Sector, read_heart
from engine.anatomy.trace import grid_for, trace
from engine.errors import BadInput
from engine.media.read import read_clip, read_label_maps
from engine.media.sector import backdrop, find_sector
from engine.types import Clip
from studio.session import FRAME, Session, with_backdrop, with_heart

FINER = 2
"""The backdrop has this many pixels for one of the editor's frame."""


def open_recording(session: Session, path: str, frame: int = 0) -> tuple[Session, int]:
    """One frame (0-based) of a still, clip or DICOM file behind the drawing; also gives how many frames there are.

    Raises BadInput when the file is none of these or no sector can be found in it.
    """
    if Path(path).suffix.lower() == ".json":
        raise BadInput(f"{Path(path).name} is a drawing, no picture or clip; open it with 'Open drawing'.")
    clip = _recording(path)
    picture = clip.frames[min(frame, len(clip.frames) - 1)]
    sector, grid = find_sector(picture, clip.mm_per_pixel)
    return with_backdrop(session, sector, _picture(backdrop(picture, grid, _fine(sector)))), len(clip.frames)


def open_drawing(session: Session, path: str) -> Session:
    """The drawing of a heart JSON file, or traced from the first frame of a label map. Raises BadInput on anything else."""
    if Path(path).suffix.lower() == ".json":
        return with_heart(session, read_heart(path))
    label_maps, mm_per_pixel = read_label_maps(path)
    grid, sector = grid_for(label_maps[0], mm_per_pixel)
    return with_heart(session, trace(label_maps[0], grid, sector, session.heart.view))


@lru_cache(maxsize=2)
def _recording(path: str) -> Clip:
    """Kept while a person looks through its frames."""
    return read_clip(path)


def _fine(sector: Sector) -> Grid:
    """The editor's frame with smaller pixels."""
    grid = sector.grid(FRAME)
    (sy, sx), (x, y) = grid.mm_per_pixel, grid.apex
    middle = (FINER - 1) / 2
    return Grid(FRAME * FINER, FRAME * FINER, (sy / FINER, sx / FINER), (x * FINER + middle, y * FINER + middle))


def _picture(grey: np.ndarray) -> str:
    jpeg = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
