"""What models want to know of frames and label maps: sector, valve skeleton, sketch, optical flow, volumes and LVEF."""

import itertools
from typing import cast

import cv2
import numpy as np
from jaxtyping import Bool, Float32, UInt8
from scipy.ndimage import binary_fill_holes
from skimage.feature import canny
from skimage.segmentation import find_boundaries

from engine.anatomy import labels, volumes
from engine.anatomy.contours import spline
from engine.anatomy.heart import Grid, Points, Sector
from engine.anatomy.labels import Frames, View
from engine.anatomy.trace import SMALLEST, largest, trace
from engine.errors import BadInput

LEAFLET, ANNULUS = 1, 2
"""The classes of a valve skeleton."""
APART = 0.03
"""picture heights of gap between LV and LA beyond which they share no valve"""
SKETCH_SIGMA = 0.012
"""picture heights over which a sketch smooths; speckle is finer, walls are coarser"""
SKETCH_QUANTILES = (0.80, 0.93)
"""of the gradient, that an edge must reach to be followed and to be begun"""
SMALLEST_FLOW = 16
"""pixels of the shorter side, below which optical flow has no patches to match"""

Spacing = tuple[float, float]


def find_insonified(frames: Frames) -> Bool[np.ndarray, "h w"]:
    """The sector of a clip on black (CAMUS): pixels above 0 in any frame, the largest piece of them, holes filled."""
    return cast(np.ndarray, binary_fill_holes(largest(frames.max(0) > 0)))


def with_sector(label_map: UInt8[np.ndarray, "h w"], sector: Bool[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """The label map with class 4 wherever the sector shows none of the classes 1 to 3, which always win."""
    return np.where((label_map == labels.BACKGROUND) & sector, np.uint8(labels.SECTOR), label_map)


def valve_line(label_map: UInt8[np.ndarray, "h w"], points: int = 15) -> Points | None:
    """The mitral valve of a label map: `points` (x, y) in pixels along the border of LV and LA, the left annulus end first.

    A parabola through the pixels on either side of the border, so its two ends are the annulus. None where LV or LA is
    missing (fewer than 12 pixels) or the two lie more than 3 % of the picture's height apart.
    """
    lv, la = (largest(label_map == value) for value in (labels.LV, labels.LA))
    if min(lv.sum(), la.sum()) < SMALLEST:
        return None
    from_lv, from_la = (cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5) for mask in (lv, la))
    gap = float(from_la[lv].min())
    if gap > max(2.0, APART * len(label_map)):
        return None
    # Neighbours across a slanted border touch at a corner: 1.5 takes those in and no second row.
    reach = max(1.5, gap + 0.5)
    y, x = np.nonzero((lv & (from_la <= reach)) | (la & (from_lv <= reach)))
    border = np.stack([x, y], 1).astype(np.float64)
    middle = border.mean(0)
    along = np.linalg.svd(border - middle, full_matrices=False)[2][0]
    along = along if along[0] > 0 else -along
    across = np.array([-along[1], along[0]])
    u, v = (border - middle) @ along, (border - middle) @ across
    bend = np.polyfit(u, v, 2) if np.ptp(u) > 4 else np.zeros(3)
    at = np.linspace(u.min(), u.max(), points)
    return middle + at[:, None] * along + np.polyval(bend, at)[:, None] * across


def valve_skeleton(label_map: UInt8[np.ndarray, "h w"]) -> UInt8[np.ndarray, "h w"]:
    """The mitral valve drawn: 0 nothing, 1 the leaflet line (one pixel wide), 2 the two annulus ends (dots); see `valve_line`.

    All 0 where the map shows no valve.
    """
    drawn = np.zeros(label_map.shape, np.uint8)
    line = valve_line(label_map)
    if line is None:
        return drawn
    pixels = np.round(line).astype(np.int32)
    cv2.polylines(drawn, [pixels[:, None]], False, LEAFLET)
    for end in pixels[[0, -1]]:
        cv2.circle(drawn, (int(end[0]), int(end[1])), max(1, round(0.01 * len(label_map))), ANNULUS, cv2.FILLED)
    return drawn


def sketch(frame: UInt8[np.ndarray, "h w"], label_map: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """A line drawing: the frame's edges, and the borders between the classes of its label map."""
    return edges(frame) | find_boundaries(label_map, mode="inner", background=labels.BACKGROUND)


def edges(frame: UInt8[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """Canny's edges of a frame, one pixel wide."""
    low, high = SKETCH_QUANTILES
    smooth = SKETCH_SIGMA * len(frame)
    return canny(frame.astype(np.float32), smooth, low_threshold=low, high_threshold=high, use_quantiles=True)


def optical_flow(frames: Frames) -> Float32[np.ndarray, "s h w 2"]:
    """Dense motion from each frame to the next, s = t - 1: pixels a frame, x then y (DIS, Kroeger et al. 2016).

    Raises BadInput on frames of fewer than 16 pixels a side.
    """
    height, width = frames.shape[1:]
    if min(height, width) < SMALLEST_FLOW:
        raise BadInput(
            f"The frames have {width}x{height} pixels; optical flow wants {SMALLEST_FLOW} a side or more, so enlarge them."
        )
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    steps = [search.calc(now, then, cast(np.ndarray, None)) for now, then in itertools.pairwise(frames)]
    return np.stack(steps) if steps else np.zeros((0, height, width, 2), np.float32)


def lv_outline(label_map: UInt8[np.ndarray, "h w"], mm_per_pixel: Spacing | None, view: View = "A4C") -> Points:
    """The endocardium of a label map in mm, annulus to annulus (`trace`).

    `mm_per_pixel` is (row, column); None takes pixels as square and the picture as 150 mm deep, which no ratio of
    volumes minds. Raises BadInput where there is no LV of at least 12 pixels.
    """
    height, width = label_map.shape
    grid = Grid(height, width, mm_per_pixel or (Sector().depth / height,) * 2, ((width - 1) / 2, 0.0))
    return spline(trace(label_map, grid, Sector(), view).lv_endo)


def lvef_of_maps(
    ed: UInt8[np.ndarray, "h w"], es: UInt8[np.ndarray, "h w"], mm_per_pixel: Spacing | None = None
) -> float:
    """LVEF in percent of an apical view from its label maps at ED and ES, by single-plane Simpson; errors as `lv_outline`."""
    edv, esv = (volumes.simpson_polygon(lv_outline(each, mm_per_pixel)) for each in (ed, es))
    return volumes.lvef(edv, esv)


def lvef_of_two_views(
    a4c: tuple[UInt8[np.ndarray, "h w"], UInt8[np.ndarray, "h w"]],
    a2c: tuple[UInt8[np.ndarray, "k l"], UInt8[np.ndarray, "k l"]],
    a4c_spacing: Spacing,
    a2c_spacing: Spacing,
) -> float:
    """LVEF in percent by biplane Simpson from (ED, ES) label maps of both apical views and their (row, column) mm.

    Spacing is wanted here, because lengths of two pictures are compared. Errors as `lv_outline`.
    """
    edv, esv = (
        volumes.simpson_biplane(lv_outline(four, a4c_spacing, "A4C"), lv_outline(two, a2c_spacing, "A2C"))
        for four, two in zip(a4c, a2c, strict=True)
    )
    return volumes.lvef(edv, esv)
