import numpy as np
import pytest

from engine.anatomy import labels
from engine.anatomy.check import check
from engine.anatomy.contours import label_map
from engine.anatomy.heart import CONTOURS, LIMITS, Grid, Heart, Sector, heart_from_json
from engine.anatomy.presets import PRESETS, Shape, build, preset
from engine.anatomy.trace import grid_for, trace
from engine.anatomy.volumes import simpson
from engine.errors import BadInput

WANTED = {labels.LV: 0.95, labels.MYOCARDIUM: 0.88, labels.LA: 0.93}


def dice(first, second, label) -> float:
    return 2 * ((first == label) & (second == label)).sum() / ((first == label).sum() + (second == label).sum())


def random_heart(seed: int) -> Heart:
    rng = np.random.default_rng(seed)
    return build(
        Shape(
            view=("A4C", "A2C")[seed % 2],
            sector=Sector(rng.uniform(165, 185), rng.uniform(78, 90)),
            length=rng.uniform(68, 98),
            diameter=rng.uniform(36, 64),
            wall=rng.uniform(6, 15),
            wall_ratio=rng.uniform(0.8, 1.4),
            widest=rng.uniform(0.5, 0.65),
            annulus=rng.uniform(0.58, 0.85),
            bend=rng.uniform(-2, 4),
            la_length=rng.uniform(30, 52),
            la_diameter=rng.uniform(34, 52),
            apex_x=rng.uniform(-4, 5),
            apex_depth=rng.uniform(26, 36),
            tilt=rng.uniform(-4, 14),
        )
    )


@pytest.mark.parametrize("size", [256, 128])
def test_round_trip_of_random_hearts(size):
    for seed in range(30):
        heart = random_heart(seed)
        grid = heart.sector.grid(size)
        drawn = label_map(heart, grid)
        traced = trace(drawn, grid, heart.sector, heart.view)
        again = label_map(traced, grid)
        scores = {label: dice(drawn, again, label) for label in WANTED}
        assert all(scores[label] >= wanted for label, wanted in WANTED.items()), (seed, scores)
        assert simpson(traced) == pytest.approx(simpson(heart), rel=0.06)
        assert np.hypot(*(traced.lv_endo[[0, -1]] - heart.lv_endo[[0, -1]]).T).max() < 5
        assert traced.view == heart.view and traced.sector == heart.sector
        check(traced)


@pytest.mark.parametrize("name", PRESETS)
def test_a_traced_heart_is_a_drawing(name):
    heart = preset(name)
    grid = heart.sector.grid(256)
    traced = trace(label_map(heart, grid), grid, heart.sector, "A4C")
    assert [len(points) for points in traced.contours().values()] == [9, 9, 7, 3, 3]
    again = heart_from_json(traced.to_json())
    for part in CONTOURS:
        np.testing.assert_allclose(again.contours()[part], traced.contours()[part], atol=1e-3)
    # One annulus, and leaflets that hang on it and meet above it.
    for place, points in (
        (0, traced.la[-1]),
        (0, traced.septal_leaflet[0]),
        (-1, traced.la[0]),
        (-1, traced.lateral_leaflet[0]),
    ):
        np.testing.assert_allclose(points, traced.lv_endo[place], atol=1e-9)
    np.testing.assert_allclose(traced.septal_leaflet[-1], traced.lateral_leaflet[-1])
    assert traced.lv_endo[0, 0] < traced.lv_endo[-1, 0]


def drop(image, *classes):
    return np.where(np.isin(image, classes), labels.BACKGROUND, image).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_what_a_map_lacks_is_made_up(seed):
    heart = random_heart(seed)
    grid = heart.sector.grid(256)
    drawn = label_map(heart, grid)
    camus = drop(drawn, labels.SECTOR)
    np.testing.assert_allclose(
        trace(camus, grid, heart.sector, "A4C").lv_endo, trace(drawn, grid, heart.sector, "A4C").lv_endo
    )
    for missing in ((labels.LA,), (labels.MYOCARDIUM,), (labels.LA, labels.MYOCARDIUM)):
        traced = trace(drop(camus, *missing), grid, heart.sector, "A4C")
        check(traced)
        again = label_map(traced, grid)
        assert dice(drawn, again, labels.LV) > 0.95
        if labels.LA in missing:
            assert (again == labels.LA).sum() * grid.mm_per_pixel[0] ** 2 > 200
        if labels.MYOCARDIUM in missing:
            inner, outer = traced.lv_endo, traced.lv_epi
            np.testing.assert_allclose(np.hypot(*(inner - outer).T), 9)


def test_ragged_maps():
    """Loose pixels, a hole in the wall and a frayed border change little."""
    rng = np.random.default_rng(0)
    heart = preset("normal")
    grid = heart.sector.grid(256)
    drawn = drop(label_map(heart, grid), labels.SECTOR)
    ragged = drawn.copy()
    ragged[rng.random(drawn.shape) < 0.002] = labels.LV
    ragged[110:125][ragged[110:125] == labels.MYOCARDIUM] = labels.BACKGROUND
    again = label_map(trace(ragged, grid, heart.sector, "A4C"), grid)
    assert dice(drawn, again, labels.LV) > 0.95 and dice(drawn, again, labels.MYOCARDIUM) > 0.85


def test_camus_spacing():
    """Pixels twice as wide as high, as CAMUS has them."""
    heart = random_heart(2)
    grid = Grid(584, 354, (heart.sector.depth / 584, 2 * heart.sector.depth / 584), (176.5, 0.0))
    drawn = drop(label_map(heart, grid), labels.SECTOR)
    where, sector = grid_for(drawn, grid.mm_per_pixel)
    assert where == grid and sector.depth == pytest.approx(heart.sector.depth)
    assert simpson(trace(drawn, where, sector, "A4C")) == pytest.approx(simpson(heart), rel=0.05)


def test_grid_of_a_map_that_shows_its_sector():
    for seed in range(6):
        heart = random_heart(seed)
        grid = heart.sector.grid(256)
        where, sector = grid_for(label_map(heart, grid), grid.mm_per_pixel)
        np.testing.assert_allclose(where.apex, grid.apex, atol=1.5)
        assert sector.depth == pytest.approx(heart.sector.depth, rel=0.01)
        assert sector.opening == pytest.approx(heart.sector.opening, abs=1.5)


def test_grid_opens_as_far_as_the_heart_needs():
    image = np.zeros((200, 300), np.uint8)
    image[70:120, 70:200] = labels.LV
    grid, sector = grid_for(image, (0.8, 0.8))
    assert sector.contains(grid.mesh()[image == labels.LV]).all()
    assert sector.depth == 160 and sector.opening > 95


@pytest.mark.parametrize("spacing", [(50.0, 50.0), (0.001, 0.001)])
def test_absurd_spacing_becomes_150_mm(spacing):
    _, sector = grid_for(label_map(preset("normal"), Sector().grid(128)), spacing)
    assert sector.depth == 150 and LIMITS.opening[0] <= sector.opening <= LIMITS.opening[1]


@pytest.mark.parametrize("pixels", [0, 3])
def test_map_without_lv(pixels):
    heart = preset("normal")
    grid = heart.sector.grid(128)
    image = drop(label_map(heart, grid), labels.LV)
    image[60, 60 : 60 + pixels] = labels.LV
    with pytest.raises(BadInput, match=f"has {pixels} pixels of LV"):
        trace(image, grid, heart.sector, "A4C")


def test_any_map_is_traced_or_refused():
    rng = np.random.default_rng(3)
    for size in (5, 12, 40):
        for _ in range(25):
            coarse = rng.integers(0, 5, (size // 4 + 1, size // 4 + 1), dtype=np.uint8)
            image = np.kron(coarse, np.ones((4, 4), np.uint8))[:size, :size]
            grid, sector = grid_for(image, (3.0, 3.0))
            try:
                heart = trace(image, grid, sector, "A2C")
            except BadInput:
                continue
            assert all(np.isfinite(points).all() for points in heart.contours().values())
            try:
                check(heart)
            except BadInput as error:
                assert str(error).endswith(".")


def test_lv_alone_in_the_whole_map():
    image = np.ones((64, 64), np.uint8)
    grid, sector = grid_for(image, (2.0, 2.0))
    assert np.isfinite(trace(image, grid, sector, "A4C").lv_epi).all()
