"""The square that the measuring networks look at.

They learned from square pictures that a fan fills from top to bottom, as EchoNet-Dynamic's are. Of any other picture they get
such a square: bars at the sides and lettering would make its heart small or flat.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from engine.anatomy.labels import Frames, LabelMap
from engine.anatomy.trace import largest

LIT = 12
"""grey level above which a pixel is no compression noise"""
LEAST = 0.04
"""share of the picture below which the largest lit piece is taken for no fan"""
ABOVE, HEIGHT = 0.03, 0.96
"""where the fan starts and how high it is in the square, as shares of it: `Sector.grid`"""


@dataclass(frozen=True)
class Window:
    top: int
    left: int
    side: int
    """pixels; it may reach beyond the picture"""


def find_window(frames: Frames) -> Window:
    """The whole of a square picture; else the square of its fan; where no fan is found the smallest about the picture."""
    height, width = frames.shape[1:]
    if height == width:
        return Window(0, 0, height)
    fan = largest(frames.max(0) > LIT)
    if fan.mean() < LEAST:
        side = max(height, width)
        return Window((height - side) // 2, (width - side) // 2, side)
    rows, columns = (np.flatnonzero(fan.any(axis)) for axis in (1, 0))
    side = round((rows[-1] - rows[0] + 1) / HEIGHT)
    middle = (columns[0] + columns[-1] + 1) / 2
    return Window(round(rows[0] - ABOVE * side), round(middle - side / 2), side)


def cut(frames: Frames, window: Window) -> UInt8[np.ndarray, "t side side"]:
    """What lies in the window; black beyond the picture."""
    (inside, there), result = _overlap(frames.shape[1:], window), np.zeros((len(frames), *[window.side] * 2), np.uint8)
    result[:, *there] = frames[:, *inside]
    return result


def paste(maps: UInt8[np.ndarray, "t side side"], window: Window, size: tuple[int, int]) -> LabelMap:
    """Label maps of a window back in the picture of `size` (height, width); background elsewhere."""
    (inside, there), result = _overlap(size, window), np.zeros((len(maps), *size), np.uint8)
    result[:, *inside] = maps[:, *there]
    return result


def _overlap(size: tuple[int, ...], window: Window) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Rows and columns that picture and window share, counted in the one and in the other."""
    spans = [(max(0, at), min(n, at + window.side)) for at, n in zip((window.top, window.left), size, strict=True)]
    offsets = (window.top, window.left)
    return tuple(slice(*span) for span in spans), tuple(
        slice(a - at, b - at) for (a, b), at in zip(spans, offsets, strict=True)
    )
