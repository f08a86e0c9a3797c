import json
from dataclasses import fields, replace

import numpy as np
import pytest

from engine.anatomy import contours, cycle, labels
from engine.anatomy.heart import Grid, heart_from_json
from engine.anatomy.keys import Key
from engine.anatomy.presets import PRESETS, preset
from engine.cards import CARDS, card, load
from engine.conditions import check, end_diastolic_map, heart_of, recall, requested_label_maps
from engine.errors import BadInput
from engine.provenance import describe
from engine.types import Conditions

CARD, HEART = CARDS["semantic-video"], preset("normal")


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


@pytest.mark.parametrize(
    "name", [f.name for f in fields(Conditions) if f.name not in ("heart", "mm_per_pixel", "keys")]
)
def test_a_condition_that_a_card_does_not_accept_is_refused_by_name(name):
    values = {"view": "A4C", "lvef": 50.0, "heart_rate": 60.0, "fps": 30.0, "start": 0.5, "quality": 0.5}
    picture = np.ones((1, 8, 8), np.uint8)
    given = ({"label_maps": picture, "reference": picture} | values)[name]
    poorer = replace(CARD, accepts=CARD.accepts - {name}, requires=frozenset({"heart"}))
    with pytest.raises(BadInput, match=name):
        check(poorer, Conditions(heart=preset("normal"), **{name: given}), CARD.defaults())


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"fps": 4.0}, "frame rate is 4"),
        ({"fps": float("nan")}, "frame rate"),
        ({"start": 1.5}, "start is 1.5"),
        ({"keys": (Key(0.2, {"la": np.ones((2, 2))}),)}, "corrects 2 points"),
    ],
)
def test_what_lies_beyond_the_limits_is_refused_by_name(asked, words):
    phantom = CARDS["phantom"]
    with pytest.raises(BadInput, match=words):
        check(phantom, Conditions(heart=HEART, **asked), phantom.defaults())


def test_keys_need_the_heart_that_they_correct():
    maps = Conditions(label_maps=np.ones((1, 64, 64), np.uint8), keys=(Key(0.2, {}),))
    with pytest.raises(BadInput, match="without the heart"):
        check(CARD, maps, CARD.defaults())


def test_the_number_of_frames_is_the_card_s_to_limit():
    phantom = CARDS["phantom"]
    for frames in (2, 16, 64):
        check(phantom, Conditions(heart=HEART), replace(phantom.defaults(), frames=frames))
    for each, frames, makes in ((phantom, 1, "2 to 64"), (phantom, 65, "2 to 64"), (CARD, 15, "makes 16")):
        with pytest.raises(BadInput, match=makes):
            check(each, Conditions(heart=HEART), replace(each.defaults(), frames=frames))


def test_the_requested_maps_follow_the_keys_the_rate_and_the_start():
    offset = np.tile([3.0, 0.0], (len(HEART.lv_epi), 1))
    keys = (Key(cycle.ES_PHASE, {"lv_epi": offset}),)
    plain = Conditions(heart=HEART, lvef=60.0)
    maps, moved = (requested_label_maps(asked, 16, 96) for asked in (plain, replace(plain, keys=keys)))
    changed = [(a != b).any() for a, b in zip(maps, moved, strict=True)]
    assert changed[6] and not changed[0]
    assert np.array_equal(requested_label_maps(replace(plain, start=0.25), 16, 96), np.roll(maps, -4, axis=0))
    timed = replace(plain, heart_rate=60.0, fps=16.0, start=0.5)
    assert np.array_equal(requested_label_maps(timed, 24, 96), maps[(np.arange(24) + 8) % 16])


def test_a_record_tells_what_was_asked_for():
    keys = (Key(cycle.ES_PHASE, {"la": np.full_like(HEART.la, 0.125)}),)
    asked = Conditions(
        heart=heart_from_json(HEART.to_json()), keys=keys, view="A2C", lvef=40.0, heart_rate=90.0, fps=25.0, start=0.5
    )
    told = json.loads(json.dumps(describe(asked)))
    assert describe(recall(told)) == told
    for spoilt in (
        None,
        {},
        [],
        {**told, "lvef": "40"},
        {**told, "fps": 0},
        {**told, "view": "PLAX"},
        {**told, "keys": 1},
    ):
        with pytest.raises(BadInput):
            recall(spoilt)


def test_every_card_takes_its_own_defaults():
    for each in CARDS.values():
        drawn = Conditions(heart=preset("normal"))
        still = Conditions(reference=np.ones((1, 112, 112), np.uint8))
        check(each, still if "reference" in each.requires else drawn, each.defaults())
        assert "simulat" in (each.trained_on + each.paper).lower()


def test_an_unknown_model_is_refused_with_the_known_ones():
    for get in (card, load):
        with pytest.raises(BadInput, match="semantic-video"):
            get("echo-magic")
