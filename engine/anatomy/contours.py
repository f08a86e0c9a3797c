"""Splines, and label maps rasterised from them."""

import numpy as np
from jaxtyping import Bool, UInt8
from skimage.draw import polygon2mask

from engine.anatomy import labels
from engine.anatomy.heart import Grid, Heart, Points


def spline(points: Points, per_segment: int = 12) -> Points:
    """A uniform Catmull-Rom curve through all points, ends included (each end is mirrored once for its tangent).

    Returns ((n - 1) * per_segment + 1, 2). The browser draws the same curve as Beziers whose inner control points are
    p1 + (p2 - p0) / 6 and p2 - (p3 - p1) / 6.
    """
    p = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    u = (np.arange(per_segment) / per_segment)[:, None, None]
    p0, p1, p2, p3 = p[:-3], p[1:-2], p[2:-1], p[3:]
    curve = 0.5 * (2 * p1 + (p2 - p0) * u + (2 * p0 - 5 * p1 + 4 * p2 - p3) * u**2 + (3 * p1 - p0 - 3 * p2 + p3) * u**3)
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])


def fill(points: Points, grid: Grid) -> Bool[np.ndarray, "h w"]:
    """Pixels whose centre lies inside the closed polygon of `points` (mm)."""
    return polygon2mask((grid.height, grid.width), grid.to_pixels(points)[:, ::-1])


def label_map(heart: Heart, grid: Grid) -> UInt8[np.ndarray, "h w"]:
    """The heart's label map on a grid: classes 0..4 of `labels`, everything clipped to the sector."""
    image = np.zeros((grid.height, grid.width), np.uint8)
    inside = heart.sector.contains(grid.mesh())
    image[inside] = labels.SECTOR
    for contour, value in ((heart.lv_epi, labels.MYOCARDIUM), (heart.la, labels.LA), (heart.lv_endo, labels.LV)):
        image[fill(spline(contour), grid) & inside] = value
    return image
