import cv2
import numpy as np
import pytest

from engine.anatomy import derived
from engine.anatomy.contours import label_map, spline
from engine.anatomy.heart import Grid
from engine.anatomy.presets import preset
from engine.anatomy.sketch import POINTS, STROKES, Stroke, draw, edges_of
from engine.anatomy.volumes import distance

GRID = Grid(128, 160, (0.5, 0.8), (79.5, 3.0))


def stroke(*points, pressure=0.0) -> Stroke:
    return Stroke(np.array(points, dtype=np.float64), np.full(len(points), float(pressure)))


def thick(mask, pixels: int):
    return cv2.dilate(mask.astype(np.uint8), np.ones((2 * pixels + 1,) * 2, np.uint8)) > 0


@pytest.fixture(scope="module")
def picture():
    heart = preset("normal")
    grid = heart.sector.grid(160)
    grey = np.array([0, 20, 160, 20, 90], np.uint8)[label_map(heart, grid)]
    noise = np.random.default_rng(0).normal(1, 0.15, grey.shape)
    return (grey * noise).clip(0, 255).astype(np.uint8), grid


def test_strokes_lie_on_the_edges_and_cover_them(picture):
    frame, grid = picture
    edges = derived.edges(frame)
    drawn = draw(edges_of(frame, grid), grid)
    assert (drawn & thick(edges, 2)).sum() == drawn.sum()
    assert (edges & thick(drawn, 2)).sum() > 0.85 * edges.sum()


def test_the_wall_is_among_the_edges(picture):
    frame, grid = picture
    points = np.concatenate([stroke.points for stroke in edges_of(frame, grid)])
    lines = [stroke.points for stroke in edges_of(frame, grid)]
    assert len(points) < 1000
    wall = spline(preset("normal").lv_endo)[20:-20]
    nearest = np.min([distance(wall, line) for line in lines], axis=0)
    assert np.median(nearest) < 2.0


def test_there_are_never_too_many():
    """Noise is all edges."""
    frame = np.random.default_rng(0).integers(0, 256, (512, 512), dtype=np.uint8)
    strokes = edges_of(frame, GRID)
    assert 20 < len(strokes) <= STROKES and max(len(stroke.points) for stroke in strokes) <= POINTS
    lengths = [np.hypot(*np.diff(GRID.to_pixels(stroke.points), axis=0).T).sum() for stroke in strokes]
    assert min(lengths) > 0.02 * 512


def test_a_black_picture_has_no_edges():
    assert edges_of(np.zeros((64, 64), np.uint8), GRID) == ()


def test_a_line_is_drawn_where_it_is():
    drawn = draw((stroke([-16.0, 10.0], [16.0, 10.0]),), GRID)
    # 10 mm below the probe at row 3, half a millimetre a row; 20 columns of 0.8 mm to either side of 79.5.
    y, x = np.nonzero(drawn)
    assert set(y) == {23} and abs(x.min() - 59.5) <= 1 and abs(x.max() - 99.5) <= 1


@pytest.mark.parametrize(("pressure", "rows"), [(0.0, 1), (0.5, 2), (1.0, 3)])
def test_pressure_is_width(pressure, rows):
    grid = Grid(256, 256, (1.0, 1.0), (0.0, 0.0))
    drawn = draw((stroke([20.0, 100.0], [220.0, 100.0], pressure=pressure),), grid)
    assert drawn[:, 120].sum() == rows


def test_a_dot_and_what_lies_outside():
    assert draw((stroke([0.0, 20.0], pressure=1.0),), GRID).any()
    assert not draw((stroke([9e8, 9e8], [9e8, -9e8]),), GRID).any()
    assert not draw((), GRID).any()
