import numpy as np
import pytest

from engine.anatomy import labels
from engine.anatomy.check import warnings
from engine.anatomy.contours import label_map, spline
from engine.anatomy.heart import CONTOURS, Heart
from engine.anatomy.paint import paint
from engine.anatomy.presets import Shape, build, preset
from engine.anatomy.volumes import area, distance
from engine.errors import BadInput
from engine.phantom.population import draw_subject

HEART = preset("normal")
BASE = (HEART.lv_endo[0] + HEART.lv_endo[-1]) / 2
LABEL_OF = {"lv_endo": labels.LV, "lv_epi": labels.MYOCARDIUM, "la": labels.LA}


def at(*points) -> np.ndarray:
    return np.array(points, dtype=np.float64)


def painted_map(heart: Heart, path: np.ndarray, radius: float, label: int, grid) -> np.ndarray:
    """The label map with the disc's sweep on it, pixel by pixel."""
    drawn = label_map(heart, grid)
    line = np.concatenate([path[::3], path[-1:]])
    swept = distance(grid.mesh().reshape(-1, 2), line).reshape(drawn.shape) <= radius
    return np.where(swept & (drawn > 0), np.uint8(label), drawn)


def dice(first, second, label) -> float:
    return 2 * ((first == label) & (second == label)).sum() / max(1, (first == label).sum() + (second == label).sum())


def strokes(count: int, per_segment: int = 1):
    """Random hearts and strokes along their contours: with the contour's own label, or the eraser from outside of it."""
    rng = np.random.default_rng(0)
    for seed in range(count):
        heart = draw_subject(seed).heart.map_points(lambda points: spline(points, per_segment))
        name = ("lv_endo", "lv_epi", "la")[seed % 3]
        curve = spline(getattr(heart, name), 12 // per_segment)
        middle = curve.mean(0)
        first = rng.integers(0.1 * len(curve), 0.8 * len(curve))
        stretch = curve[first : first + rng.integers(1, 20)]
        radius, erases = rng.uniform(3, 8), name != "lv_endo" and rng.random() < 0.4
        shift = rng.uniform(0.3, 0.8) if erases else rng.uniform(-0.5, 0.4)
        away = (stretch - middle) / np.hypot(*(stretch - middle).T)[:, None]
        yield heart, stretch + shift * radius * away, radius, labels.SECTOR if erases else LABEL_OF[name]


@pytest.mark.parametrize(("per_segment", "share"), [(1, 0.55), (3, 0.85)])
def test_the_map_becomes_what_was_painted(per_segment, share):
    """In every class; and of what changed, more than half is there with the points of any heart, most of it with three times as many."""
    scores, drawn = [], []
    for heart, path, radius, label in strokes(24, per_segment):
        grid = heart.sector.grid(112)
        wanted, before = painted_map(heart, path, radius, label, grid), label_map(heart, grid)
        after = label_map(paint(heart, path, radius, label), grid)
        scores.append([dice(wanted, after, each) for each in (labels.LV, labels.MYOCARDIUM, labels.LA)])
        if (wanted != before).sum() > 30:
            drawn.append(1 - (wanted != after).sum() / (wanted != before).sum())
    assert np.min(scores) >= 0.93
    assert len(drawn) > 12 and np.median(drawn) > share


def test_as_many_points_as_before_and_those_away_from_the_brush_where_they_were():
    for heart, path, radius, label in strokes(30):
        after = paint(heart, path, radius, label)
        for name in CONTOURS:
            old, new = getattr(heart, name), getattr(after, name)
            assert old.shape == new.shape
            spacing = np.hypot(*np.diff(old, axis=0).T).max()
            far = distance(old, path if len(path) > 1 else np.repeat(path, 2, axis=0)) > radius + 3 * spacing
            assert np.hypot(*(old - new)[far].T).max(initial=0) < 0.8


@pytest.mark.parametrize(
    ("label", "place"),
    [(labels.LV, [0, -50]), (labels.MYOCARDIUM, None), (labels.LA, [0, 20]), (labels.SECTOR, [-60, 20])],
)
def test_painting_what_is_there_already_changes_nothing(label, place):
    wall = (HEART.lv_endo[2] + HEART.lv_epi[2]) / 2
    path = wall[None] if place is None else at(BASE + place)
    after = paint(HEART, path, 3.0, label)
    for name in CONTOURS:
        assert np.array_equal(getattr(after, name), getattr(HEART, name))


@pytest.mark.parametrize("label", [labels.LV, labels.MYOCARDIUM, labels.LA])
def test_a_loose_island_joins_nothing(label):
    after = paint(HEART, at(BASE - [75, -10]), 6.0, label)
    assert all(np.array_equal(getattr(after, name), getattr(HEART, name)) for name in CONTOURS)


@pytest.mark.parametrize("label", [labels.LV, labels.MYOCARDIUM])
def test_what_is_unpainted_again_is_nearly_what_was(label):
    wall = (HEART.lv_endo[3] + HEART.lv_epi[3]) / 2
    grid = HEART.sector.grid(256)
    before = label_map(HEART, grid)
    inner = label == labels.LV
    there = paint(HEART, wall[None], 5.0, label if inner else labels.SECTOR)
    back = paint(there, wall[None], 7.0, labels.MYOCARDIUM)
    assert dice(before, label_map(back, grid), labels.LV) > 0.96


def test_only_the_contours_that_change_are_drawn_anew():
    into_the_wall = paint(HEART, HEART.lv_endo[2][None], 5.0, labels.LV)
    assert not np.array_equal(into_the_wall.lv_endo, HEART.lv_endo)
    for name in ("lv_epi", "la", "septal_leaflet", "lateral_leaflet"):
        assert np.array_equal(getattr(into_the_wall, name), getattr(HEART, name))
    onto_the_wall = paint(HEART, HEART.lv_epi[2][None], 5.0, labels.MYOCARDIUM)
    assert np.array_equal(onto_the_wall.lv_endo, HEART.lv_endo)
    assert not np.array_equal(onto_the_wall.lv_epi, HEART.lv_epi)


def test_la_and_leaflets_follow_the_annulus():
    line = np.linspace(HEART.lv_endo[0] - [3, -4], HEART.lv_endo[-1] - [-3, -4], 9)
    after = paint(HEART, line, 6.0, labels.LV)
    assert (after.lv_endo[[0, -1], 1] > HEART.lv_endo[[0, -1], 1] + 3).all()
    assert np.allclose(after.la[[0, -1]], after.lv_endo[[-1, 0]])
    for name, end in (("septal_leaflet", 0), ("lateral_leaflet", -1)):
        assert np.allclose(getattr(after, name)[0], after.lv_endo[end])
        assert np.allclose(np.diff(getattr(after, name), axis=0), np.diff(getattr(HEART, name), axis=0))


def test_erasing_the_la_lays_it_on_the_annulus_and_painting_brings_it_back():
    middle = HEART.la.mean(0)
    gone = paint(HEART, at(middle - [8, 0], middle - [-8, 0]), 40.0, labels.SECTOR)
    assert area(spline(gone.la)) < 1e-6 and gone.la.shape == HEART.la.shape
    assert np.allclose(gone.la[[0, -1]], gone.lv_endo[[-1, 0]])
    back = paint(gone, at(middle), 18.0, labels.LA)
    assert area(spline(back.la)) > 800
    assert np.allclose(back.la[[0, -1]], back.lv_endo[[-1, 0]])


def test_a_hole_through_the_septum():
    """LV painted across the wall leaves a gap in it, from the cavity to the other side."""
    heart = HEART.map_points(lambda points: spline(points, 3))
    inner, outer = spline(heart.lv_endo), spline(heart.lv_epi)
    place = inner[len(inner) // 4]
    beyond = outer[np.argmin(np.hypot(*(outer - place).T))]
    after = paint(heart, at(place, beyond + 0.3 * (beyond - place)), 5.0, labels.LV)
    assert any("gap" in told for told in warnings(after))


def test_no_lv_left():
    with pytest.raises(BadInput, match="No LV is left"):
        paint(HEART, at(HEART.lv_endo.mean(0)), 90.0, labels.SECTOR)


@pytest.mark.parametrize(
    ("path", "radius", "label", "said"),
    [
        (np.zeros((0, 2)), 5.0, 1, "path"),
        (at([np.nan, 0]), 5.0, 1, "path"),
        (at([0, 1e9]), 5.0, 1, "path"),
        (at([0, 50]), 0.0, 1, "radius is 0"),
        (at([0, 50]), float("nan"), 1, "radius is nan"),
        (at([0, 50]), 1e6, 1, "radius"),
        (at([0, 50]), 5.0, 0, "label 0"),
        (at([0, 50]), 5.0, 7, "label 7"),
    ],
)
def test_what_no_brush_can_do(path, radius, label, said):
    with pytest.raises(BadInput, match=said):
        paint(HEART, path, radius, label)


@pytest.mark.parametrize("seed", range(40))
def test_scribbles_leave_a_heart(seed):
    """However wild the strokes, what comes out can be painted on, or there is no LV."""
    rng = np.random.default_rng(seed)
    heart = build(Shape())
    for _ in range(5):
        path = rng.uniform([-60, 10], [60, 160], (rng.integers(1, 6), 2))
        try:
            heart = paint(heart, path, float(rng.uniform(1, 25)), int(rng.integers(1, 5)))
        except BadInput as error:
            assert "No LV" in str(error)
        for name in CONTOURS:
            assert np.isfinite(getattr(heart, name)).all() and np.abs(getattr(heart, name)).max() < 400
