import time
from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy.check import check
from engine.anatomy.heart import Sector
from engine.anatomy.presets import PRESETS, preset
from engine.errors import BadInput

HEART = preset("normal")


def refused(heart) -> str:
    with pytest.raises(BadInput) as caught:
        check(heart)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    return message


def moved(name: str, index, by) -> "object":
    points = getattr(HEART, name).copy()
    points[index] += by
    return replace(HEART, **{name: points})


@pytest.mark.parametrize("view", ["A4C", "A2C"])
@pytest.mark.parametrize("name", PRESETS)
def test_presets_pass(name, view):
    check(preset(name, view))


def test_small_drags_pass():
    rng = np.random.default_rng(0)
    for _ in range(100):
        check(HEART.map_points(lambda points: points + rng.normal(0, 0.5, points.shape)))


def test_empty_drawing():
    assert "inner LV contour encloses 0.0 cm²" in refused(HEART.map_points(lambda points: points * 0 + [0.0, 50.0]))


def test_lv_drawn_as_a_line():
    middle = HEART.lv_endo * [0.0, 1.0]
    assert "inner LV contour encloses 0.0 cm²" in refused(replace(HEART, lv_endo=middle))


@pytest.mark.parametrize(("name", "title"), [("lv_endo", "inner LV"), ("lv_epi", "outer LV"), ("la", "LA")])
def test_self_crossing(name, title):
    points = getattr(HEART, name)
    order = np.arange(len(points))
    order[[2, 4]] = order[[4, 2]]
    assert f"The {title} contour crosses itself" in refused(replace(HEART, **{name: points[order]}))


def test_annulus_ends_exchanged():
    order = np.arange(len(HEART.lv_endo))
    order[[0, -1]] = order[[-1, 0]]
    assert "crosses itself" in refused(replace(HEART, lv_endo=HEART.lv_endo[order]))


@pytest.mark.parametrize("index", [1, 2, 4, 6, 7])
def test_inner_through_outer(index):
    middle = HEART.lv_endo.mean(0)
    away = HEART.lv_endo[index] - middle
    message = refused(moved("lv_endo", index, away / np.hypot(*away) * 22))
    assert "inner LV contour lies" in message and "mm outside the outer one" in message


@pytest.mark.parametrize(("index", "by"), [(0, [-25.0, 0.0]), (-1, [25.0, 0.0])])
def test_annulus_end_through_the_wall(index, by):
    assert "outside the outer one" in refused(moved("lv_endo", index, by))


def test_annulus_below_the_feet_of_the_wall_passes():
    check(moved("lv_epi", [0, -1], [0.0, -5.0]))


def test_inner_and_outer_exchanged():
    assert "outside the outer one" in refused(replace(HEART, lv_endo=HEART.lv_epi, lv_epi=HEART.lv_endo))


def test_la_over_lv():
    assert "LA contour shares" in refused(replace(HEART, la=HEART.la - [0.0, 30.0]))


def test_la_that_touches_passes():
    check(replace(HEART, la=HEART.la - [0.0, 2.0]))


def test_la_left_out_passes():
    middle = HEART.la.mean(0)
    check(replace(HEART, la=middle + (HEART.la - middle) * 0.05))


@pytest.mark.parametrize("by", [[60.0, 0.0], [0.0, 80.0], [0.0, -60.0]])
def test_outside_the_sector(by):
    message = refused(HEART.map_points(lambda points: points + by))
    assert "outside the sector" in message and "%" in message


def test_narrow_sector():
    assert "outside the sector" in refused(replace(HEART, sector=Sector(HEART.sector.depth, 30.0)))


@pytest.mark.parametrize(("scale", "word"), [(0.3, "larger"), (2.4, "smaller")])
def test_absurd_volumes(scale, word):
    heart = HEART.map_points(lambda points: points * scale)
    message = refused(replace(heart, sector=Sector(400.0, 84.0)))
    assert f"mL is wanted, so draw the LV {word}" in message


def test_no_number():
    assert "no number" in refused(moved("la", 2, [np.nan, 0.0]))


def test_fast_enough_for_a_drag():
    check(HEART)
    times = []
    for _ in range(20):
        start = time.perf_counter()
        check(HEART)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.005
