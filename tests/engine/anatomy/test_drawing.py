import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy.cycle import USUAL_LVEF
from engine.anatomy.drawing import (
    STROKE_POINTS,
    STROKES,
    Drawing,
    drawing_from_json,
    preset_drawing,
    write_drawing,
)
from engine.anatomy.heart import CONTOURS, LIMITS, heart_from_json, read_document
from engine.anatomy.keys import LARGEST, OPEN_PHASE, Key, check_keys
from engine.anatomy.presets import PRESETS, preset
from engine.anatomy.sketch import Stroke
from engine.errors import BadInput

HEART = preset("normal")
ES = 0.375


def random_drawing(seed: int) -> Drawing:
    rng = np.random.default_rng(seed)
    heart = preset(list(PRESETS)[seed % len(PRESETS)])
    names = rng.permutation(CONTOURS)[: rng.integers(1, 6)]
    keys = tuple(
        Key(phase, {name: rng.normal(0, 2, getattr(heart, name).shape).round(3) for name in names})
        for phase in (ES, OPEN_PHASE, 0.7)
    )
    strokes = tuple(Stroke(rng.uniform(-50, 150, (n, 2)).round(3), rng.random(n).round(3)) for n in (1, 7))
    arrow = {"septal_leaflet": rng.uniform(0, 100, (2, 2)).round(3)}
    return Drawing(heart, keys, arrow, strokes, None if seed % 2 else 33.0, 81.5, 36, 48.0 if seed % 3 else None, 0.25)


@pytest.mark.parametrize("seed", range(6))
def test_a_drawing_survives_its_file(tmp_path, seed):
    drawing = random_drawing(seed)
    write_drawing(drawing, tmp_path / "drawing.json")
    document = read_document(tmp_path / "drawing.json")
    again = drawing_from_json(document)
    assert again.to_json() == drawing_from_json(drawing.to_json()).to_json() == drawing.to_json()
    assert all(np.array_equal(again.keys[2].offsets[n], o) for n, o in drawing.keys[2].offsets.items())
    assert heart_from_json(document).to_json() == drawing.heart.to_json()


def test_a_heart_alone_still_opens_and_what_it_does_not_tell_is_as_in_the_base():
    assert drawing_from_json(HEART.to_json()).to_json() == Drawing(HEART).to_json()
    base = random_drawing(1)
    opened = drawing_from_json(HEART.to_json(), base)
    assert opened.to_json() == {**base.to_json(), **HEART.to_json(), "version": 2, "keys": opened.to_json()["keys"]}
    fits = all(o.shape == getattr(HEART, n).shape for key in base.keys for n, o in key.offsets.items())
    assert len(opened.keys) == (3 if fits else 0)


def test_keys_of_a_base_that_do_not_fit_the_new_heart_are_left_behind():
    base = Drawing(HEART, (Key(ES, {"la": np.ones_like(HEART.la)}),))
    other = replace(HEART, la=HEART.la[:-1])
    assert drawing_from_json(other.to_json(), base).keys == () and drawing_from_json(HEART.to_json(), base).keys


def test_the_largest_drawing_fits_into_a_file(tmp_path):
    rng = np.random.default_rng(0)
    heart = HEART.map_points(lambda _: rng.uniform(-999, 999, (LIMITS.points[1], 2)))
    keys = tuple(Key(p, {n: rng.uniform(-999, 999, o.shape) for n, o in heart.contours().items()}) for p in (0.1, 0.2))
    each = STROKE_POINTS // STROKES
    sketch = tuple(Stroke(rng.uniform(-999, 999, (each, 2)), rng.random(each)) for _ in range(STROKES))
    write_drawing(Drawing(heart, keys, sketch=sketch), tmp_path / "large.json")
    assert len(drawing_from_json(read_document(tmp_path / "large.json")).sketch) == STROKES


def key(**changes):
    return {"phase": ES, "offsets": {"la": [[0.0, 0.0]] * len(HEART.la)}} | changes


def stroke(n=3, **changes):
    return {"points": [[0, 1]] * n, "pressure": [0.5] * n} | changes


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        ({"version": 3}, "version"),
        ({"version": None}, "version"),
        ({"keys": {}}, "keys"),
        ({"keys": [3]}, "keys"),
        ({"keys": [key(phase=p / 20) for p in range(1, LARGEST + 2)]}, f"{LARGEST + 1} keys"),
        ({"keys": [key(phase=0)]}, "phase is 0"),
        ({"keys": [key(phase=1.0)]}, "phase is 1"),
        ({"keys": [key(phase=float("nan"))]}, "phase is nan"),
        ({"keys": [key(phase=True)]}, "phase is True"),
        ({"keys": [key(phase="0.3")]}, "phase is '0.3'"),
        ({"keys": [key(), key(phase=ES + 1e-9)]}, "Two keys"),
        ({"keys": [key(offsets=[1])]}, "no offsets"),
        ({"keys": [key(offsets={"aorta": [[0, 0]]})]}, "aorta"),
        ({"keys": [key(offsets={"la": [[0, 0]] * 3})]}, "corrects 3 points"),
        ({"keys": [key(offsets={"la": [[0, 0]] * 9000})]}, "la"),
        ({"keys": [key(offsets={"la": [[0, float("nan")]] * len(HEART.la)})]}, "no number"),
        ({"keys": [key(offsets={"la": [[0, 1e9]] * len(HEART.la)})]}, "1000 mm"),
        ({"keys": [key(offsets={"la": None})]}, "missing"),
        ({"directions": []}, "directions"),
        ({"directions": {"la": [[0, 0], [1, 1]]}}, "directions"),
        ({"directions": {"septal_leaflet": [[0, 0]]}}, "direction of 'septal_leaflet'"),
        ({"directions": {"septal_leaflet": [[0, 0], [0, float("inf")]]}}, "direction"),
        ({"sketch": "lines"}, "sketch"),
        ({"sketch": [None]}, "sketch"),
        ({"sketch": [stroke()] * (STROKES + 1)}, f"{STROKES + 1} strokes"),
        ({"sketch": [stroke(STROKE_POINTS // 2)] * 3}, f"{STROKE_POINTS} points"),
        ({"sketch": [stroke(points=[])]}, "stroke"),
        ({"sketch": [stroke(points=[[0, 1, 2]])]}, "stroke"),
        ({"sketch": [stroke(pressure=[0.5])]}, "pressure"),
        ({"sketch": [stroke(pressure=[0.5, 2.0, 0.5])]}, "pressure"),
        ({"sketch": [stroke(pressure=[0.5, float("nan"), 0.5])]}, "pressure"),
        ({"sketch": [stroke(pressure=None)]}, "pressure"),
        ({"lvef": 99}, "LVEF"),
        ({"lvef": "55"}, "LVEF"),
        ({"lvef": True}, "LVEF"),
        ({"heart_rate": None}, "heart rate"),
        ({"heart_rate": 10**400}, "heart rate"),
        ({"frames": 1}, "frames"),
        ({"frames": 12.5}, "whole number"),
        ({"frames": 65}, "frames"),
        ({"fps": 0}, "frame rate"),
        ({"fps": [30]}, "frame rate"),
        ({"start": -0.1}, "start"),
        ({"start": float("nan")}, "start"),
    ],
    ids=lambda value: json.dumps(value)[:60] if isinstance(value, dict) else None,
)
def test_what_a_hostile_client_sends_is_refused_in_one_sentence(spoil, word):
    document = copy.deepcopy(Drawing(HEART).to_json()) | spoil
    with pytest.raises(BadInput, match=word) as caught:
        drawing_from_json(document)
    sentence = str(caught.value)
    assert len(sentence) < 250 and sentence.endswith(".") and "\n" not in sentence


@pytest.mark.parametrize("document", [None, [], 3, {}, {"version": 2}, {"version": 2, "contours": []}])
def test_what_is_no_drawing_at_all_is_refused(document):
    with pytest.raises(BadInput):
        drawing_from_json(document)


def test_keys_made_in_python_are_held_to_the_same_rules():
    for keys in (
        (Key(0.0, {}),),
        (Key(0.2, {}), Key(0.2, {})),
        (Key(0.2, {"la": np.ones((2, 2))}),),
        (Key(0.2, {"la": np.full(HEART.la.shape, np.inf)}),),
        (Key(0.2, {"aorta": np.ones((2, 2))}),),
    ):
        with pytest.raises(BadInput):
            check_keys(keys, HEART)
    check_keys((Key(0.2, {"la": np.ones_like(HEART.la)}), Key(0.3, {})), HEART)


def test_without_an_lvef_the_beat_is_the_usual_one():
    unasked, usual = (replace(preset_drawing("normal"), lvef=lvef) for lvef in (None, USUAL_LVEF))
    beats = [drawing.hearts_at(np.array([0.0, ES])) for drawing in (unasked, usual)]
    assert [heart.to_json() for heart in beats[0]] == [heart.to_json() for heart in beats[1]]
    assert np.allclose(beats[0][0].lv_endo, unasked.heart.lv_endo, atol=1e-9)
    assert not np.allclose(beats[0][1].lv_endo, unasked.heart.lv_endo, atol=1)
