"""A heart's contours from a label map drawn elsewhere."""

from functools import lru_cache

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8
from skimage.measure import find_contours

from engine.anatomy import labels
from engine.anatomy.contours import spline
from engine.anatomy.fan import at_usual_depth, fit_fan, is_plausible, standing_fan
from engine.anatomy.heart import LIMITS, Grid, Heart, Points, Sector
from engine.anatomy.labels import View
from engine.errors import BadInput

LV_POINTS, LA_POINTS = 9, 7
WALL = 9.0
"""mm of wall where the map has none"""
LA_LENGTH = 42.0
"""mm of LA where the map has none"""
TENT = 4.0
"""mm from the annulus to where the leaflets meet"""
SMALLEST = 12
"""pixels of LV below which there is nothing to trace"""


def grid_for(label_map: UInt8[np.ndarray, "h w"], mm_per_pixel: tuple[float, float]) -> tuple[Grid, Sector]:
    """Where a label map lies, and the fan round it.

    A map with the sector class shows its fan. Any other is taken as CAMUS crops its images: the probe at the top
    centre, the depth that of the image, the opening 76 degrees or as much as the drawn classes need. Spacing that makes
    a fan no heart fits in is replaced by one that makes it 150 mm deep.
    """
    drawn = label_map > labels.BACKGROUND
    fan = fit_fan(drawn, mm_per_pixel) if (label_map == labels.SECTOR).any() else None
    if fan is None:
        sector, grid = standing_fan(label_map.shape, mm_per_pixel, 76.0)
        x, y = grid.mesh()[drawn].T
        needed = 2 * np.degrees(np.arctan2(np.abs(x), y)).max(initial=0.0) + 2
        sector = Sector(sector.depth, float(np.clip(needed, sector.opening, LIMITS.opening[1])))
        fan = sector, grid
    sector, grid = fan if is_plausible(fan[0]) else at_usual_depth(*fan)
    return grid, sector


def trace(label_map: UInt8[np.ndarray, "h w"], grid: Grid, sector: Sector, view: View) -> Heart:
    """The heart whose label map this is, apex up, as few control points; `sector` is where it is drawn.

    Of each class the largest piece counts. What the map lacks is made up: a wall of 9 mm, an LA below the annulus, and
    always the leaflets. Raises BadInput where there is no LV of at least 12 pixels.
    """
    lv = largest(label_map == labels.LV)
    if lv.sum() < SMALLEST:
        raise BadInput(
            f"The label map has {int(lv.sum())} pixels of LV (label {labels.LV}); draw the LV in it, apex up."
        )
    wall, la = label_map == labels.MYOCARDIUM, largest(label_map == labels.LA)
    has_wall, has_la = wall.sum() > 0.05 * lv.sum(), la.sum() >= SMALLEST

    outline = _outline(lv, grid)
    lv_endo = fit(_open_at_annulus(outline, _wall_run(outline, wall, grid) if has_wall else None), LV_POINTS)
    annulus = lv_endo[[0, -1]]
    lv_epi, atrium = _thicken(lv_endo), _invent_la(lv_endo, sector)
    if has_wall:
        lv_epi = fit(_open_at_feet(_outline(largest(lv | wall), grid), annulus), LV_POINTS)
    if has_la:
        atrium = fit(_open_at(_outline(la, grid), annulus[::-1], away_from=lv_endo), LA_POINTS, annulus[::-1])
    return Heart(view, sector, lv_endo, lv_epi, atrium, *_invent_leaflets(lv_endo))


def largest(mask: Bool[np.ndarray, "h w"]) -> Bool[np.ndarray, "h w"]:
    """The largest piece of a mask; pixels that touch at a corner alone are two pieces."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    return pieces == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if count > 1 else mask


def _outline(mask: Bool[np.ndarray, "h w"], grid: Grid) -> Points:
    """The longest closed border in mm, its points 0.5 mm apart or less, without the last that repeats the first."""
    padded = np.pad(mask, 1).astype(np.float64)
    border = max(find_contours(padded, 0.5), key=len)[:, ::-1] - 1
    return resample(grid.to_mm(border), max(len(border), 400))[:-1]


def resample(curve: Points, count: int) -> Points:
    """`count` points along an open curve, evenly by length, ends included."""
    length = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(curve, axis=0).T))])
    at = np.linspace(0, length[-1], count)
    return np.stack([np.interp(at, length, curve[:, i]) for i in (0, 1)], 1)


def fit(curve: Points, count: int, ends: Points | None = None) -> Points:
    """Control points whose spline lies closest to an open curve; its ends, or the given ones, are kept."""
    ends = curve[[0, -1]] if ends is None else ends
    points = resample(curve, count)
    for _ in range(3):
        # A spline's parameter is no arc length: match each of its points to the curve's at the same share of the way.
        drawn = spline(points)
        share = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(drawn, axis=0).T))])
        fine = resample(curve, 1000)
        target = np.stack([np.interp(share / share[-1], np.linspace(0, 1, 1000), fine[:, i]) for i in (0, 1)], 1)
        target[[0, -1]] = ends
        points = solve(target, count)
    return points


def solve(target: Points, count: int) -> Points:
    """The `count` control points each sample of whose spline lies closest to its own target; the first and last are met."""
    weights, ends = _weights(count), target[[0, -1]]
    inner = np.linalg.lstsq(weights[:, 1:-1], target - weights[:, [0, -1]] @ ends, rcond=None)[0]
    return np.concatenate([ends[:1], inner, ends[1:]])


@lru_cache(maxsize=32)
def _weights(count: int) -> Float[np.ndarray, "m n"]:
    """What each of `count` control points weighs in each sample of their spline."""
    return np.stack([spline(np.stack([row, row], 1))[:, 0] for row in np.eye(count)], 1)


def _axis(outline: Points) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """Unit vectors of an LV outline: down its long axis, and across it to the right of the screen."""
    vectors = np.linalg.svd(outline - outline.mean(0), full_matrices=False)[2]
    down = vectors[0] if vectors[0, 1] > 0 else -vectors[0]
    if abs(down[1]) < 0.5:
        down = np.array([0.0, 1.0])
    return down, np.array([down[1], -down[0]])


def _corners(outline: Points, down: Float[np.ndarray, "2"], across: Float[np.ndarray, "2"]) -> tuple[int, int]:
    """The points farthest to the lower left and the lower right."""
    return int(np.argmax(outline @ (down - across))), int(np.argmax(outline @ (down + across)))


def _wall_run(outline: Points, wall: Bool[np.ndarray, "h w"], grid: Grid) -> tuple[int, int] | None:
    """First and last index of the longest stretch of the outline that touches the wall; None where all or none does."""
    near = cv2.dilate(wall.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    x, y = np.round(grid.to_pixels(outline)).astype(int).T
    touches = near[np.clip(y, 0, grid.height - 1), np.clip(x, 0, grid.width - 1)]
    if touches.all() or not touches.any():
        return None
    # Short gaps are loose pixels, not the annulus: look at which gap is the longest.
    turn = int(np.argmax(touches))
    gaps = np.roll(~touches, -turn)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], gaps.astype(int), [0]])))
    starts, stops = edges[::2], edges[1::2]
    widest = int(np.argmax(stops - starts))
    return int(stops[widest] + turn) % len(outline), int(starts[widest] - 1 + turn) % len(outline)


def _open_at_annulus(outline: Points, run: tuple[int, int] | None) -> Points:
    """The endocardium, left annulus end first: the stretch that touches the wall, else all but the base."""
    down, across = _axis(outline)
    corners = _corners(outline, down, across)
    if run is not None:
        ends = sorted(run, key=lambda i: float(outline[i] @ across))
        width = np.hypot(*(outline[ends[0]] - outline[ends[1]]))
        # A wall drawn with a hole opens elsewhere than at the base.
        if width > 5 and (outline[ends] @ down).min() > np.quantile(outline @ down, 0.5):
            corners = (ends[0], ends[1])
    return _path(outline, *corners, through=-down)


def _open_at_feet(outline: Points, annulus: Points) -> Points:
    """The epicardium between the outer corners of the wall's two feet."""
    along = annulus[1] - annulus[0]
    across = along / np.hypot(*along)
    down = np.array([-across[1], across[0]])
    near = [np.where(np.hypot(*(outline - end).T) < 30, 0.0, -1e6) for end in annulus]
    left = int(np.argmax(outline @ (down - across) + near[0]))
    right = int(np.argmax(outline @ (down + across) + near[1]))
    return _path(outline, left, right, through=-down)


def _open_at(outline: Points, ends: Points, away_from: Points) -> Points:
    """The outline from its point nearest one end to that nearest the other, on the side away from other points."""
    return path_between(outline, ends, outline.mean(0) - away_from.mean(0))


def path_between(outline: Points, ends: Points, through: Float[np.ndarray, "2"]) -> Points:
    """A closed outline from its point nearest one end to that nearest the other, the way that reaches farther in a direction."""
    first, last = (int(np.argmin(np.hypot(*(outline - end).T))) for end in ends)
    return _path(outline, first, last, through)


def _path(outline: Points, first: int, last: int, through: Float[np.ndarray, "2"]) -> Points:
    """The one of the two ways round from point to point that reaches farther in a direction."""
    turned = np.roll(outline, -first, axis=0)
    stop = (last - first) % len(outline)
    ways = turned[: stop + 1], np.concatenate([turned[:1], turned[: stop - 1 : -1] if stop else turned[::-1]])
    return max((way for way in ways if len(way) > 1), key=lambda way: float((way @ through).mean()))


def _thicken(lv_endo: Points) -> Points:
    """Each point moved outwards, square to the curve, by the usual wall; the ends along the annulus."""
    tangent = np.gradient(lv_endo, axis=0)
    tangent[[0, -1]] = np.array([[0.0, -1.0], [0.0, 1.0]]) @ frame_of(lv_endo)
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], 1)
    return lv_endo + WALL * normal / np.hypot(*normal.T)[:, None]


def frame_of(lv_endo: Points) -> Float[np.ndarray, "2 2"]:
    """Unit vectors along the annulus (left to right) and from the LV through it (down)."""
    along = lv_endo[-1] - lv_endo[0]
    across = along / max(float(np.hypot(*along)), 1e-9)
    return np.stack([across, [-across[1], across[0]]])


def _invent_la(lv_endo: Points, sector: Sector) -> Points:
    """Half an egg below the annulus, as long as the sector leaves room for."""
    across, down = frame_of(lv_endo)
    middle, half = (lv_endo[0] + lv_endo[-1]) / 2, np.hypot(*(lv_endo[-1] - lv_endo[0])) / 2
    length = float(np.clip(0.97 * sector.depth - np.hypot(*(middle + down)), 8.0, LA_LENGTH))
    across_at = half * np.array([1.0, 1.22, 0.95, 0.0, -0.95, -1.22, -1.0])
    down_at = length * np.array([0.0, 0.38, 0.8, 1.0, 0.8, 0.38, 0.0])
    return middle + across_at[:, None] * across + down_at[:, None] * down


def _invent_leaflets(lv_endo: Points) -> tuple[Points, Points]:
    """Closed leaflets that meet a little beyond the middle of the annulus, tented into the LV."""
    _, down = frame_of(lv_endo)
    septal, lateral = lv_endo[0], lv_endo[-1]
    tip = septal + 0.56 * (lateral - septal) - TENT * down

    def leaflet(hinge: Float[np.ndarray, "2"]) -> Points:
        return np.stack([hinge, hinge + 0.5 * (tip - hinge) - 0.2 * TENT * down, tip])

    return leaflet(septal), leaflet(lateral)
