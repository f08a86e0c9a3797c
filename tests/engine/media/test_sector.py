import cv2
import numpy as np
import pytest
from pydicom.data import get_testdata_file

from engine.anatomy.heart import Grid, Sector
from engine.errors import BadInput
from engine.media import read_clip
from engine.media.sector import backdrop, find_sector, hide_outside

EXAMPLE = get_testdata_file("examples_ybr_color.dcm", download=False)


def make_fan(grid: Grid, sector: Sector, seed: int, dark: float = 0.0, words: bool = False) -> np.ndarray:
    """A speckled fan; `dark` is the share of its lower flanks that is black."""
    rng = np.random.default_rng(seed)
    points = grid.mesh()
    speckle = cv2.GaussianBlur(rng.rayleigh(60, points.shape[:2]).astype(np.float32), (0, 0), 1.2)
    angle, depth = np.degrees(np.arctan2(points[..., 0], points[..., 1])), np.hypot(points[..., 0], points[..., 1])
    shade = (np.abs(angle) / (sector.opening / 2) > 1 - dark) & (depth > 0.5 * sector.depth)
    cavity = np.hypot(points[..., 0], (points[..., 1] - 0.55 * sector.depth) / 2) < 0.14 * sector.depth
    frame = np.where(sector.contains(points), speckle, 0)
    frame[shade | cavity] *= 0.02
    frame = np.clip(frame, 0, 255).astype(np.uint8)
    if words:
        size = grid.height / 600
        cv2.putText(frame, "DOE 12", (4, int(20 * size) + 6), cv2.FONT_HERSHEY_SIMPLEX, size, 255, 1)
        cv2.putText(frame, "15cm", (int(grid.width * 0.88), grid.height // 2), cv2.FONT_HERSHEY_SIMPLEX, size, 200, 1)
        rows, columns = rng.integers(0, grid.height, 36), rng.integers(0, grid.width, 36)
        frame[rows, columns] = 255
        frame[-max(4, grid.height // 40) :, grid.width // 8 : -grid.width // 8] = 70
    return frame


@pytest.mark.parametrize("opening", [60.0, 74.0, 90.0])
@pytest.mark.parametrize("dark", [0.0, 0.4])
@pytest.mark.parametrize("size", [(112, 140), (256, 300), (480, 640)])
def test_exact_fans(opening, dark, size):
    rng = np.random.default_rng(int(opening))
    for seed in range(2):
        height, width = size
        apex = (width * rng.uniform(0.45, 0.55), height * rng.uniform(0.02, 0.08))
        sector = Sector(rng.uniform(120, 200), opening)
        spacing = sector.depth / (0.82 * height)
        grid = Grid(height, width, (spacing, spacing), apex)
        found, where = find_sector(make_fan(grid, sector, seed, dark, words=True), grid.mm_per_pixel)
        assert np.hypot(*np.subtract(where.apex, apex)) < max(3, 0.012 * height)
        assert abs(found.opening - opening) < 4
        assert found.depth == pytest.approx(sector.depth, rel=0.04)


def test_pixels_that_are_not_square():
    sector = Sector(160.0, 75.0)
    grid = Grid(600, 420, (160 / 580, 2 * 160 / 580), (210.0, 10.0))
    found, where = find_sector(make_fan(grid, sector, 0), grid.mm_per_pixel)
    assert abs(found.opening - 75) < 4 and found.depth == pytest.approx(160, rel=0.04)
    assert np.hypot(*np.subtract(where.apex, grid.apex)) < 4


def test_corners_cut_by_the_frame():
    """As EchoNet-Dynamic crops: 112 x 112, apex near (61, 6.5), 89 degrees, 110 pixels deep."""
    grid = Grid(112, 112, (1.4, 1.4), (61.0, 6.5))
    found, where = find_sector(make_fan(grid, Sector(154.0, 89.0), 3), (1.4, 1.4))
    assert np.hypot(*np.subtract(where.apex, grid.apex)) < 3
    assert abs(found.opening - 89) < 4 and found.depth == pytest.approx(1.4 * 105.5, rel=0.05)


@pytest.mark.parametrize("spacing", [None, (1.0, 1.0), (20.0, 20.0), (0.001, 0.001)])
def test_unknown_or_absurd_spacing_means_150_mm(spacing):
    grid = Grid(256, 300, (0.7, 0.7), (150.0, 8.0))
    found, where = find_sector(make_fan(grid, Sector(168.0, 80.0), 1), spacing)
    assert found.depth == 150
    assert where.mm_per_pixel == pytest.approx((150 / 240, 150 / 240), rel=0.04)
    assert np.hypot(*np.subtract(where.apex, grid.apex)) < 3


@pytest.mark.parametrize("pick", ["first", "brightest"])
def test_real_example(pick):
    """By eye on the picture: axis at x 170, edges at about 42 degrees, bottom of the arc at y 201."""
    frames = read_clip(EXAMPLE).frames
    sector, grid = find_sector(frames[0] if pick == "first" else frames.max(0), None)
    x, y = grid.apex
    assert abs(x - 170) < 3 and 3 < y < 22
    assert 76 < sector.opening < 94
    assert y + sector.depth / grid.mm_per_pixel[0] == pytest.approx(201, abs=4)


def test_bar_across_the_screen_is_no_fan():
    frame = read_clip(get_testdata_file("examples_palette.dcm", download=False)).frames[0]
    _, grid = find_sector(frame, None)
    assert abs(grid.apex[0] - 460) < 10


def test_names_vanish_outside_the_fan():
    frame = read_clip(EXAMPLE).frames[0]
    sector, grid = find_sector(frame, None)
    hidden = hide_outside(frame, grid, sector)
    assert hidden[:30, :40].max() == 0 < frame[:30, :40].max()
    inside = sector.contains(grid.mesh())
    np.testing.assert_array_equal(hidden[inside], frame[inside])


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (8, 8), (40, 3), (3, 40), (64, 64)])
@pytest.mark.parametrize("fill", ["white", "noise"])
def test_no_fan_is_taken_whole(shape, fill):
    frame = (
        np.full(shape, 200, np.uint8)
        if fill == "white"
        else np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    )
    try:
        sector, grid = find_sector(frame, None)
    except BadInput:
        assert fill == "white" or min(shape) < 8
        return
    assert sector.depth == 150 and 20 <= sector.opening <= 120
    assert (grid.height, grid.width) == shape


def test_black_picture():
    with pytest.raises(BadInput, match="black"):
        find_sector(np.zeros((100, 100), np.uint8), None)


def test_backdrop_puts_each_place_where_it_is():
    sector = Sector(150.0, 80.0)
    source = Grid(600, 800, (0.27, 0.3), (390.0, 12.0))
    target = sector.grid(256)
    marks = np.array([[-30.0, 60.0], [0.0, 20.0], [35.0, 90.0], [5.0, 140.0]])
    points = source.mesh()
    spots = np.exp(-((points[:, :, None] - marks) ** 2).sum(-1) / 2 / 2.5**2).sum(-1)
    picture = backdrop((255 * spots).astype(np.uint8), source, target)
    assert picture.shape == (256, 256) and picture.dtype == np.uint8
    for x, y in target.to_pixels(marks):
        ys, xs = np.mgrid[:256, :256]
        near = picture * (np.hypot(xs - x, ys - y) < 12)
        assert (near * xs).sum() / near.sum() == pytest.approx(x, abs=0.3)
        assert (near * ys).sum() / near.sum() == pytest.approx(y, abs=0.3)


def test_backdrop_on_its_own_grid_is_the_same_picture():
    frame = np.random.default_rng(0).integers(0, 256, (60, 80), dtype=np.uint8)
    grid = Grid(60, 80, (0.5, 0.4), (40.0, 2.0))
    np.testing.assert_array_equal(backdrop(frame, grid, grid), frame)
