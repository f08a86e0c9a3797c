"""The fan of an ultrasound image, found from the pixels that are lit."""

import numpy as np
from jaxtyping import Bool, Float

from engine.anatomy.heart import LIMITS, Grid, Sector

HALF_ANGLES = np.arange(15.0, 58.01, 1.0)
"""degrees between the axis and an outer beam: every fan that is looked for"""
FINER = np.arange(-1.0, 1.01, 0.125)
"""degrees round the best of them that are looked at next"""
MAX_ROWS = 160
"""rows that vote; more of them add time, not accuracy"""


def fit_fan(lit: Bool[np.ndarray, "h w"], mm_per_pixel: tuple[float, float]) -> tuple[Sector, Grid] | None:
    """The upright fan whose straight edges touch the lit pixels' left and right ends in the most rows.

    Dark flanks are no harm, since a row may end inside the fan, and the frame may cut the fan's lower corners.
    None where no two edges are found (a lit rectangle, a few specks).
    """
    height, width = lit.shape
    rows = np.flatnonzero(lit.any(1))
    if len(rows) < 8:
        return None
    left, right = lit[rows].argmax(1), width - 1 - lit[rows, ::-1].argmax(1)
    spacing = np.array(mm_per_pixel)
    tolerance = float(spacing.mean()) * max(1.0, 0.006 * height)
    ends = []
    for columns, sign, free in ((left, 1.0, left > 0), (right, -1.0, right < width - 1)):
        # Mirrored, the right edge is a left edge, and one search serves both.
        points = np.stack([sign * columns[free] * spacing[1], rows[free] * spacing[0]], 1)
        ends.append(points[:: len(points) // MAX_ROWS + 1])
    if min(len(points) for points in ends) < 8:
        return None
    angles = HALF_ANGLES
    for _ in range(2):
        (left_votes, left_offset), (right_votes, right_offset) = (_edges(points, angles, tolerance) for points in ends)
        best = int(np.argmax(left_votes + right_votes))
        if min(left_votes[best], right_votes[best]) < 4:
            return None
        half = float(angles[best])
        x, reach = (left_offset[best] - right_offset[best]) / 2, (left_offset[best] + right_offset[best]) / 2
        angles = half + FINER
    y = reach / np.tan(np.radians(half))
    grid = Grid(height, width, mm_per_pixel, (float(x / spacing[1]), float(y / spacing[0])))
    depth = _depth(grid.mesh()[lit], half)
    return (Sector(depth, 2 * half), grid) if depth > 0 else None


def standing_fan(shape: tuple[int, ...], mm_per_pixel: tuple[float, float], opening: float) -> tuple[Sector, Grid]:
    """The fan of an image that shows none: the probe at the top centre, the depth that of the image."""
    height, width = shape
    return Sector(height * mm_per_pixel[0], opening), Grid(height, width, mm_per_pixel, ((width - 1) / 2, 0.0))


def at_usual_depth(sector: Sector, grid: Grid) -> tuple[Sector, Grid]:
    """The same fan with square pixels of the size that makes it 150 mm deep: the rule where no spacing is known."""
    spacing = Sector().depth / sector.depth * grid.mm_per_pixel[0]
    return Sector(opening=sector.opening), Grid(grid.height, grid.width, (spacing, spacing), grid.apex)


def is_plausible(sector: Sector) -> bool:
    """Whether a heart may be drawn in this sector."""
    return (
        LIMITS.depth[0] <= sector.depth <= LIMITS.depth[1] and LIMITS.opening[0] <= sector.opening <= LIMITS.opening[1]
    )


def _edges(
    points: Float[np.ndarray, "n 2"], half_angles: Float[np.ndarray, " a"], tolerance: float
) -> tuple[Float[np.ndarray, " a"], Float[np.ndarray, " a"]]:
    """For every half angle the best left edge x + y tan(angle) = offset: its votes and its offset.

    A row votes for an edge that it touches, and three times against one that it sticks out of.
    """
    slopes = np.tan(np.radians(half_angles))
    votes, offsets = np.empty(len(slopes)), np.empty(len(slopes))
    for i, slope in enumerate(slopes):
        reach = points[:, 0] + slope * points[:, 1]
        inward = (reach[None, :] - reach[:, None]) / np.hypot(1, slope) / tolerance
        score = (np.exp(-(inward**2)) - 3 * (inward < -2.5)).sum(1)
        near = inward[best := int(np.argmax(score))]
        weight = np.exp(-(near**2))
        votes[i], offsets[i] = score[best], (weight * reach).sum() / weight.sum()
    return votes, offsets


def _depth(points: Float[np.ndarray, "n 2"], half_angle: float) -> float:
    """How far the lit points of most central beams reach, mm."""
    angle = np.degrees(np.arctan2(points[:, 0], points[:, 1]))
    beams = np.floor((angle / half_angle + 0.8) / 1.6 * 48).astype(int)
    inside = (beams >= 0) & (beams < 48)
    reach = np.zeros(48)
    np.maximum.at(reach, beams[inside], np.hypot(points[inside, 0], points[inside, 1]))
    return float(np.quantile(reach, 0.9))
