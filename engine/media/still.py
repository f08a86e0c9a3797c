"""Any still as a model reads it: the fan on the standard square."""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from engine.errors import BadInput
from engine.media.limits import MAX_SIDE
from engine.media.sector import backdrop, find_sector, hide_outside, shows_fan

MIN_SIDE = 32
"""pixels"""
MARGIN = 0.02
"""share of the still's side by which its fan may have been found too narrow"""


def standard_square(
    still: np.ndarray, mm_per_pixel: tuple[float, float] | None, size: int
) -> tuple[UInt8[np.ndarray, "{size} {size}"], tuple[float, float]]:
    """The fan of a grey still, uint8 (1, h, w), on a square that it fills from top to bottom (`Sector.grid`), and its (y, x) mm a pixel.

    `mm_per_pixel` is the still's (y, x), None where it is unknown. A square picture of square pixels is taken for such a square
    as it is, as recordings of EchoNet-Dynamic and generated clips are. Raises BadInput on colour, on a clip, on a side below
    32 or above 4096 pixels, and where there is no fan.
    """
    frame = _one_frame(still)
    if not shows_fan(frame):
        raise BadInput(
            "This still shows no ultrasound fan; open a frame of an echo clip, its fan's two edges in the picture."
        )
    sector, grid = find_sector(frame, mm_per_pixel)
    height, width = frame.shape
    y, x = grid.mm_per_pixel
    if height == width and y == x:
        way = cv2.INTER_AREA if height > size else cv2.INTER_LINEAR
        return cv2.resize(frame, (size, size), interpolation=way), (y * height / size,) * 2
    target = sector.grid(size)
    return backdrop(hide_outside(frame, grid, sector), grid, target), target.mm_per_pixel


def fan_of(still: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Where a clip that goes on from this still can show anything: in its fan, or within `MARGIN` of it."""
    sector, grid = find_sector(still, None)
    inside = sector.contains(grid.mesh()).astype(np.uint8)
    size = 2 * round(MARGIN * len(still)) + 1
    return cv2.dilate(inside, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))).astype(bool)


def _one_frame(still: np.ndarray) -> UInt8[np.ndarray, "h w"]:
    if still.ndim != 3 or still.dtype != np.uint8 or len(still) != 1:
        raise BadInput(
            f"The still is {still.dtype} of shape {still.shape}; one grey uint8 picture (1, height, width) is wanted, "
            "so take one frame and turn colours into grey."
        )
    height, width = still.shape[1:]
    if not MIN_SIDE <= min(height, width) <= max(height, width) <= MAX_SIDE:
        raise BadInput(
            f"The still has {width}x{height} pixels; {MIN_SIDE} to {MAX_SIDE} a side are wanted, so open a larger or shrink it."
        )
    return still[0]
