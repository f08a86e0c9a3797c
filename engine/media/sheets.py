"""Sprite sheets: all frames of a clip in one picture, row by row from the top left."""

import math

import numpy as np
from jaxtyping import UInt8


def columns_of(frames: int) -> int:
    """Columns of a nearly square sheet."""
    return math.ceil(math.sqrt(frames))


def sheet(frames: UInt8[np.ndarray, "t h w *c"], columns: int) -> UInt8[np.ndarray, "rows_h columns_w *c"]:
    """All frames in one picture; zeros where the last row ends early."""
    t, h, w, *c = frames.shape
    rows = -(-t // columns)
    cells = np.zeros((rows * columns, h, w, *c), np.uint8)
    cells[:t] = frames
    return cells.reshape(rows, columns, h, w, *c).swapaxes(1, 2).reshape(rows * h, columns * w, *c)


def cut(sheet: np.ndarray, frames: int, columns: int) -> np.ndarray:
    """The frames (t, h, w) of a sheet (rows * h, columns * w); ValueError where it is not whole."""
    rows = -(-frames // columns)
    cells = sheet.reshape(rows, sheet.shape[0] // rows, columns, sheet.shape[1] // columns)
    return np.ascontiguousarray(cells.swapaxes(1, 2).reshape(-1, *cells.shape[1::2])[:frames])
