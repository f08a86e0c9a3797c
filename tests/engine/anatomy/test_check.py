import re
from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy.check import check, warnings
from engine.anatomy.heart import Sector
from engine.anatomy.presets import preset
from engine.errors import BadInput

HEART = preset("normal")


def refused(heart) -> str:
    with pytest.raises(BadInput) as caught:
        check(heart)
    message = str(caught.value)
    assert message.endswith(".") and "\n" not in message
    assert warnings(heart) == (message,)
    return message


def warned(heart) -> str:
    """What is told of a heart that may be drawn nevertheless."""
    check(heart)
    told = warnings(heart)
    assert told and all(sentence.endswith(".") and len(sentence) < 90 for sentence in told)
    return " ".join(told)


def sound(heart) -> None:
    check(heart)
    assert warnings(heart) == ()


def moved(name: str, index, by) -> "object":
    points = getattr(HEART, name).copy()
    points[index] += by
    return replace(HEART, **{name: points})


@pytest.mark.parametrize("view", ["A4C", "A2C"])
@pytest.mark.parametrize("name", ["normal", "dilated", "hypertrophic"])
def test_plain_presets_are_sound(name, view):
    sound(preset(name, view))


def test_small_drags_are_sound():
    rng = np.random.default_rng(0)
    for _ in range(100):
        sound(HEART.map_points(lambda points: points + rng.normal(0, 0.5, points.shape)))


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
    assert f"The {title} contour crosses itself." in warned(replace(HEART, **{name: points[order]}))


def test_annulus_ends_exchanged():
    order = np.arange(len(HEART.lv_endo))
    order[[0, -1]] = order[[-1, 0]]
    assert "crosses itself" in warned(replace(HEART, lv_endo=HEART.lv_endo[order]))


@pytest.mark.parametrize("index", [1, 2, 4, 6, 7])
def test_inner_through_outer(index):
    middle = HEART.lv_endo.mean(0)
    away = HEART.lv_endo[index] - middle
    assert "The wall has a gap" in warned(moved("lv_endo", index, away / np.hypot(*away) * 22))


@pytest.mark.parametrize(("index", "by"), [(0, [-25.0, 0.0]), (-1, [25.0, 0.0])])
def test_annulus_end_through_the_wall(index, by):
    assert "The wall has a gap" in warned(moved("lv_endo", index, by))


def test_annulus_below_the_feet_of_the_wall_is_sound():
    sound(moved("lv_epi", [0, -1], [0.0, -5.0]))


def test_inner_and_outer_exchanged():
    assert "The wall has a gap" in warned(replace(HEART, lv_endo=HEART.lv_epi, lv_epi=HEART.lv_endo))


def test_thin_wall():
    inner, outer = HEART.lv_endo, HEART.lv_epi
    thin = inner + 0.25 * (outer - inner)
    sound(replace(HEART, lv_epi=inner + 0.6 * (outer - inner)))
    told = warned(replace(HEART, lv_epi=np.concatenate([outer[:3], thin[3:]])))
    assert re.fullmatch(r"The thinnest wall measures [12]\.\d mm\.", told)


def test_la_over_lv():
    assert "The LA overlaps the LV" in warned(replace(HEART, la=HEART.la - [0.0, 30.0]))


def test_la_off_the_annulus():
    assert warned(replace(HEART, la=HEART.la - [0.0, -5.0])) == "The LA ends 5 mm off the annulus."


def test_la_that_touches_is_sound():
    sound(replace(HEART, la=HEART.la - [0.0, 2.0]))


def test_la_left_out():
    middle = HEART.la.mean(0)
    assert warned(replace(HEART, la=middle + (HEART.la - middle) * 0.05)) == "No LA is drawn."


@pytest.mark.parametrize("by", [[60.0, 0.0], [0.0, 80.0], [0.0, -60.0]])
def test_outside_the_sector(by):
    assert re.search(r"\d+% outside the sector", warned(HEART.map_points(lambda points: points + by)))


def test_narrow_sector():
    assert "outside the sector" in warned(replace(HEART, sector=Sector(HEART.sector.depth, 30.0)))


def test_every_fault_is_told():
    heart = HEART.map_points(lambda points: points - [-60.0, 0.0])
    told = warned(replace(heart, lv_endo=heart.lv_epi, lv_epi=heart.lv_endo, la=heart.la - [0.0, -9.0]))
    assert all(words in told for words in ("a gap", "off the annulus", "LV contour lies", "outside the sector"))


@pytest.mark.parametrize(("scale", "word"), [(0.3, "larger"), (2.4, "smaller")])
def test_absurd_volumes(scale, word):
    heart = HEART.map_points(lambda points: points * scale)
    message = refused(replace(heart, sector=Sector(400.0, 84.0)))
    assert f"mL is wanted, so draw the LV {word}" in message


def test_no_number():
    assert "no number" in refused(moved("la", 2, [np.nan, 0.0]))
