"""The sketch: pen strokes in millimetres, drawn by hand or taken from a picture."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, UInt8

from engine.anatomy.derived import edges
from engine.anatomy.heart import Grid, Points

PRESSURE = 0.5
"""of a stroke that no hand drew"""
STROKES, POINTS = 120, 40
"""of a picture, and of one of its strokes, at most"""
SHORTEST = 0.04
"""picture heights, below which an edge is a speck"""
TOLERANCE = 0.004
"""picture heights that a simplified stroke may lie off its edge"""
WIDTHS = (1.0, 3.0)
"""pixels that no pressure and full pressure draw, in a picture 256 pixels high"""


@dataclass(frozen=True, eq=False)
class Stroke:
    """One stroke of the pen: (n, 2) points (x, y) mm as in a `Heart`, and the pressure at each, from 0 to 1."""

    points: Float[np.ndarray, "n 2"]
    pressure: Float[np.ndarray, " n"]


def edges_of(frame: UInt8[np.ndarray, "h w"], grid: Grid) -> tuple[Stroke, ...]:
    """The edges of a picture (`derived.edges`) as strokes, the longest first: at most 120, each of at most 40 points."""
    height = len(frame)
    lines = [line for line in _lines(edges(frame)) if _length(line) >= SHORTEST * height]
    lines = sorted(lines, key=_length, reverse=True)[:STROKES]
    return tuple(_stroke(grid.to_mm(_simplify(line, TOLERANCE * height))) for line in lines)


def draw(strokes: tuple[Stroke, ...], grid: Grid) -> Bool[np.ndarray, "h w"]:
    """Where the strokes have left ink; pressure is their width."""
    lines: dict[int, np.ndarray] = {}
    for stroke in strokes:
        pixels = np.round(grid.to_pixels(stroke.points)).clip(-(2**20), 2**20).astype(int).tolist()
        widths = np.interp(stroke.pressure, (0, 1), WIDTHS) * grid.height / 256
        for i, (here, width) in enumerate(zip(pixels, widths, strict=True)):
            line = lines.setdefault(max(1, round(float(width))), np.zeros((grid.height, grid.width), np.uint8))
            cv2.line(line, here, pixels[min(i + 1, len(pixels) - 1)], 1)
    drawn = np.zeros((grid.height, grid.width), bool)
    for width, line in lines.items():
        drawn |= cv2.dilate(line, np.ones((width, width), np.uint8)) > 0
    return drawn


def _stroke(points: Points) -> Stroke:
    return Stroke(points, np.full(len(points), PRESSURE))


def _length(line: Points) -> float:
    return float(np.hypot(*np.diff(line, axis=0).T).sum())


def _simplify(line: Points, tolerance: float) -> Points:
    """Fewer points within a tolerance (Douglas and Peucker 1973), which grows until few enough are left."""
    while True:
        simple = cv2.approxPolyDP(line.astype(np.float32)[:, None], tolerance, closed=False)[:, 0]
        if len(simple) <= POINTS:
            return simple.astype(np.float64)
        tolerance *= 1.5


def _lines(mask: Bool[np.ndarray, "h w"]) -> list[Points]:
    """Lines one pixel wide, (x, y) pixels in the order of a pen: from loose ends first, straight on where they fork, then loops."""
    left = {(int(x), int(y)) for y, x in np.argwhere(mask)}

    def near(x: int, y: int) -> list[tuple[int, int]]:
        return [(x + u, y + v) for u, v in _AROUND if (x + u, y + v) in left]

    starts = sorted(left, key=lambda pixel: len(near(*pixel)) != 1)
    lines = []
    for start in starts:
        if start not in left:
            continue
        left.remove(start)
        line, heading = [start], (0, 0)
        while following := near(*line[-1]):
            x, y = line[-1]
            ahead = max(
                following,
                key=lambda p: (p[0] - x) * heading[0] + (p[1] - y) * heading[1] - abs(p[0] - x) * abs(p[1] - y),
            )
            left.remove(ahead)
            line.append(ahead)
            before = line[max(0, len(line) - 5)]
            heading = ahead[0] - before[0], ahead[1] - before[1]
        lines.append(np.array(line, dtype=np.float64))
    return lines


_AROUND = ((1, 0), (0, 1), (-1, 0), (0, -1), (1, 1), (-1, 1), (-1, -1), (1, -1))
