from dataclasses import fields, replace

import numpy as np
import pytest

from engine.anatomy import contours, cycle, labels
from engine.anatomy.heart import Grid
from engine.anatomy.presets import PRESETS, preset
from engine.cards import CARDS, card, load
from engine.conditions import check, end_diastolic_map, heart_of, requested_label_maps
from engine.errors import BadInput
from engine.types import Conditions

CARD = CARDS["semantic-video"]


def dice(a: np.ndarray, b: np.ndarray, label: int) -> float:
    return 2 * ((a == label) & (b == label)).sum() / ((a == label).sum() + (b == label).sum())


@pytest.mark.parametrize("name", PRESETS)
def test_a_map_drawn_elsewhere_reads_as_the_heart_it_shows(name):
    """CAMUS's way: pixels twice as high as wide, no sector class."""
    heart = preset(name)
    depth = heart.sector.depth
    grid = Grid(400, 320, (depth / 400, depth / 160), (159.5, 0.0))
    elsewhere = contours.label_map(heart, grid)
    elsewhere[elsewhere == labels.SECTOR] = labels.BACKGROUND
    asked = Conditions(label_maps=elsewhere[None], mm_per_pixel=grid.mm_per_pixel)
    image, spacing = end_diastolic_map(asked, 128)
    assert spacing[0] == spacing[1] and (image == labels.SECTOR).any()
    # The fan is guessed where none is drawn, so only sizes are compared.
    wanted = contours.label_map(heart, heart.sector.grid(256))
    for label in (labels.LV, labels.MYOCARDIUM, labels.LA):
        area = (image == label).sum() * np.prod(spacing)
        assert area == pytest.approx((wanted == label).sum() * np.prod(heart.sector.grid(256).mm_per_pixel), rel=0.08)
    traced = heart_of(asked)
    again = contours.label_map(traced, grid)
    assert dice(again, elsewhere, labels.LV) > 0.95


def test_a_hole_in_the_septum_survives_the_way_to_the_network():
    heart = preset("normal")
    grid = heart.sector.grid(128)
    image = contours.label_map(heart, grid)
    y, x = np.argwhere(image == labels.MYOCARDIUM)[300]
    image[y - 3 : y + 4, x - 3 : x + 4] = labels.LV
    read, _ = end_diastolic_map(Conditions(label_maps=image[None], mm_per_pixel=grid.mm_per_pixel), 128)
    assert np.mean(read == image) > 0.97 and dice(read, image, labels.LV) > 0.98


def test_a_drawn_heart_is_rasterised_on_its_own_frame():
    heart = preset("dilated")
    image, spacing = end_diastolic_map(Conditions(heart=heart), 96)
    assert np.array_equal(image, contours.label_map(heart, heart.sector.grid(96)))
    assert spacing == heart.sector.grid(96).mm_per_pixel


def test_the_requested_maps_are_the_beat_of_the_drawing():
    heart = preset("normal")
    maps = requested_label_maps(Conditions(heart=heart, lvef=60.0), 16, 96)
    wanted = [contours.label_map(h, heart.sector.grid(96)) for h in cycle.beat(heart, 60.0, 16)]
    assert np.array_equal(maps, wanted)
    assert requested_label_maps(Conditions(heart=heart), 16, 96) is None
    grid = heart.sector.grid(128)
    by_map = Conditions(label_maps=contours.label_map(heart, grid)[None], mm_per_pixel=grid.mm_per_pixel, lvef=60.0)
    assert all(dice(a, b, labels.LV) > 0.93 for a, b in zip(requested_label_maps(by_map, 16, 96), wanted, strict=True))


@pytest.mark.parametrize("name", [f.name for f in fields(Conditions) if f.name not in ("heart", "mm_per_pixel")])
def test_a_condition_that_a_card_does_not_accept_is_refused_by_name(name):
    given = {"label_maps": np.ones((1, 8, 8), np.uint8), "view": "A4C", "lvef": 50.0, "heart_rate": 60.0}[name]
    poorer = replace(CARD, accepts=CARD.accepts - {name}, requires=frozenset({"heart"}))
    with pytest.raises(BadInput, match=name):
        check(poorer, Conditions(heart=preset("normal"), **{name: given}), CARD.defaults())


def test_every_card_takes_its_own_defaults():
    for each in CARDS.values():
        check(each, Conditions(heart=preset("normal")), each.defaults())
        assert "simulat" in (each.trained_on + each.paper).lower()


def test_an_unknown_model_is_refused_with_the_known_ones():
    for get in (card, load):
        with pytest.raises(BadInput, match="semantic-video"):
            get("echo-magic")
