"""The fan of a real still, and the still on a standard grid."""

import cv2
import numpy as np
from jaxtyping import Bool, UInt8

from engine.anatomy.fan import at_usual_depth, fit_fan, is_plausible, standing_fan
from engine.anatomy.heart import Grid, Sector
from engine.errors import BadInput
from engine.media.limits import UNKNOWN_SPACING

ABOVE_BACKGROUND = 6
"""grey levels over the background from which a pixel counts as lit"""
FARTHEST = 0.7
"""picture heights above the picture at which a fan's edges may meet; slanted edges of anything else meet farther off"""


def find_sector(frame: UInt8[np.ndarray, "h w"], mm_per_pixel: tuple[float, float] | None) -> tuple[Sector, Grid]:
    """The fan that a still shows, and where the still lies in it.

    `mm_per_pixel` is (y, x). Where it is None or `UNKNOWN_SPACING`, or makes a fan that no heart fits in, pixels are
    taken as square and the fan as 150 mm deep. A still with no fan's edges is taken whole, the probe at its top centre.
    The brightest value of each pixel over a clip (`clip.frames.max(0)`) shows the fan's edges better than one frame.
    Raises BadInput on a black picture.
    """
    lit = find_lit(frame)
    if not lit.any():
        raise BadInput("This picture is black; open a frame that shows an ultrasound fan.")
    if mm_per_pixel not in (None, UNKNOWN_SPACING):
        sector, grid = _fan(lit, mm_per_pixel)
        if is_plausible(sector):
            return sector, grid
    return at_usual_depth(*_fan(lit, (1.0, 1.0)))


def shows_fan(frame: UInt8[np.ndarray, "h w"]) -> bool:
    """Whether a still has a fan's edges; `find_sector` takes one without them whole."""
    return _edged_fan(find_lit(frame), (1.0, 1.0)) is not None


def _fan(lit: Bool[np.ndarray, "h w"], mm_per_pixel: tuple[float, float]) -> tuple[Sector, Grid]:
    return _edged_fan(lit, mm_per_pixel) or standing_fan(lit.shape, mm_per_pixel, Sector().opening)


def _edged_fan(lit: Bool[np.ndarray, "h w"], mm_per_pixel: tuple[float, float]) -> tuple[Sector, Grid] | None:
    found = fit_fan(lit, mm_per_pixel)
    return found if found and found[1].apex[1] > -FARTHEST * lit.shape[0] else None


def find_lit(frame: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The lit pixels of a still that may be its fan: no specks, no text, no bars across the screen."""
    height, width = frame.shape
    high, wide = max(1, height // 16), max(1, width // 16)
    corners = frame[:high, :wide], frame[:high, -wide:], frame[-high:, :wide], frame[-high:, -wide:]
    background = min(float(np.median(corner)) for corner in corners)
    lit = _without_bars((cv2.medianBlur(frame, 3) > background + ABOVE_BACKGROUND).astype(np.uint8))
    # Closing joins the speckle of dark tissue, opening cuts off what hangs on by a thread.
    for step, share in ((cv2.MORPH_CLOSE, 0.03), (cv2.MORPH_OPEN, 0.02)):
        size = 2 * max(1, round(share * height / 2)) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
        lit = cv2.morphologyEx(lit, step, disc, borderType=cv2.BORDER_REPLICATE)
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(_without_bars(lit))
    left, _, across, _, area = stats.T
    area[0] = 0
    largest = int(np.argmax(area))
    # A cavity may part the fan's top from its bottom; text stands beside it.
    shared = np.minimum(left + across, left[largest] + across[largest]) - np.maximum(left, left[largest])
    return ((area > 0.15 * area[largest]) & (shared > 0.5 * across))[pieces]


def _without_bars(lit: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """Without the pieces that are much longer than thick, as title bars and grey scales are."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(lit)
    across, down = stats[:, cv2.CC_STAT_WIDTH] / lit.shape[1], stats[:, cv2.CC_STAT_HEIGHT] / lit.shape[0]
    is_bar = ((across > 0.6) & (down < 0.2)) | ((down > 0.6) & (across < 0.1))
    return np.where(is_bar[pieces], np.uint8(0), lit)


def backdrop(frame: UInt8[np.ndarray, "h w"], grid: Grid, target: Grid) -> UInt8[np.ndarray, "th tw"]:
    """A still that lies on `grid`, resampled onto another grid, as `sector.grid(256)`; black beyond its border."""
    scale = np.array(target.mm_per_pixel[::-1]) / np.array(grid.mm_per_pixel[::-1])
    offset = np.array(grid.apex) - scale * np.array(target.apex)
    matrix = np.array([[scale[0], 0, offset[0]], [0, scale[1], offset[1]]])
    # Shrinking needs a blur first, or speckle turns into a false pattern.
    sigma = [0.4 * max(0.0, s - 1) + 1e-6 for s in scale]
    smooth = cv2.GaussianBlur(frame, (0, 0), sigma[0], sigmaY=sigma[1]) if max(scale) > 1 else frame
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(smooth, matrix, (target.width, target.height), flags=flags)


def hide_outside(frame: UInt8[np.ndarray, "h w"], grid: Grid, sector: Sector) -> UInt8[np.ndarray, "h w"]:
    """The still with everything outside the fan black: burnt-in names and dates are gone."""
    return np.where(sector.contains(grid.mesh()), frame, np.uint8(0))
