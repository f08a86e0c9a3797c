"""Counterfactuals without a browser: where stills come from, what is asked, how clips are judged."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

import engine
from engine.anatomy.drawing import preset_drawing
from engine.cards import CARDS
from engine.errors import BadInput
from engine.media.write import write_clip
from studio import comparing
from studio import counterfactual as logic
from studio.session import beat_of

DRAWN = replace(preset_drawing("normal", "A4C"), lvef=42.0, heart_rate=66.0)
ONE = "cascaded-1scm"


def ask(source, lvefs=(30.0,), factual=None, draws=1, model=ONE, frame=0, **changes):
    asked = {"heart_rate": None, "quality": None, "seed": 1, **changes}
    return logic.request(source, frame, model, lvefs, factual, draws=draws, **asked)


@pytest.fixture(scope="module")
def drawn():
    return logic.from_drawing(DRAWN)


def test_a_drawing_is_a_source_that_knows_its_heart(drawn):
    assert (drawn.lvef, drawn.heart_rate, drawn.measured) == (42.0, 66.0, False)
    assert np.array_equal(drawn.clip.frames, beat_of(DRAWN).frames)
    assert drawn.still(3).shape == (1, 112, 112) and np.array_equal(drawn.still(3)[0], drawn.clip.frames[3])
    assert logic.shown(drawn, 0).shape == (224, 224)


def test_a_recording_is_measured_and_a_picture_is_not(drawn, tmp_path):
    clip = replace(drawn.clip, provenance=None)
    moving = comparing.from_file(str(write_clip(clip, tmp_path / "beat.npz")))
    assert moving.measured and abs(moving.lvef - 42) < 15
    picture = tmp_path / "still.png"
    cv2.imwrite(str(picture), cv2.resize(drawn.clip.frames[0], (640, 640)))
    still = comparing.from_file(str(picture))
    assert (still.lvef, still.heart_rate, still.measured) == (None, None, False)
    assert len(still.clip.frames) == 1 and still.spacing is None


def test_every_lvef_is_asked_for_once_in_rising_order_with_the_factual_among_them(drawn):
    asked = ask(drawn, (60.0, None, 20.0, 60.0), 42.0, draws=3)
    assert asked.lvefs == (20.0, 42.0, 60.0) and asked.factual == 42.0
    assert asked.settings.seeds == (1, 2, 3)
    told = [asked.conditions(lvef) for lvef in asked.lvefs]
    assert [each.lvef for each in told] == [20.0, 42.0, 60.0]
    assert len({each.reference.tobytes() for each in told}) == 1


def test_what_cannot_be_asked_is_refused_before_anything_is_made(drawn):
    with pytest.raises(BadInput, match="no still"):
        ask(None)
    with pytest.raises(BadInput, match="No LVEF"):
        ask(drawn, (None, None))
    for lvef in (4.0, 91.0, float("nan")):
        with pytest.raises(BadInput, match=r"LVEF is .* 5 to 85 % is wanted"):
            ask(drawn, (30.0, lvef))
    with pytest.raises(BadInput, match="image quality is 2"):
        ask(drawn, quality=2.0)
    with pytest.raises(BadInput, match="heart rate is 500"):
        ask(drawn, heart_rate=500.0)
    blank = logic.Source("blank", engine.Clip(np.full((1, 64, 64), 90, np.uint8), 1.0, (1.0, 1.0)))
    with pytest.raises(BadInput, match="no ultrasound fan"):
        ask(blank)


@pytest.mark.parametrize(
    ("measured", "kind", "words"),
    [
        (45.0, "near", "45 % · 5 too high"),
        (34.9, "off", "35 % · 5 too low"),
        (50.0, "off", "50 % · 10 too high"),
        (50.1, "far", "50 % · 10 too high"),
        (40.4, "near", "40 % · as asked"),
        (float("nan"), "none", "not measured"),
    ],
)
def test_a_verdict_tells_value_and_distance(measured, kind, words):
    found = comparing.verdict(measured, 40.0)
    assert (found["kind"], found["words"]) == (kind, words)


def test_clips_come_one_by_one_measured_of_one_noise_and_in_rising_lvef(drawn):
    pipeline, steps = engine.load(ONE), []
    asked = ask(drawn, (20.0, 70.0), steps=3, sampler="dpm++2m")
    made = list(comparing.compare(asked, pipeline, lambda step: steps.append((step.index, step.total))))
    assert [one.asked for one in made] == [20.0, 70.0]
    assert steps == [(i, 6) for i in range(1, 7)]
    assert {one.clip.provenance.seed for one in made} == {1}
    assert not np.array_equal(made[0].clip.frames, made[1].clip.frames)
    again = engine.load(ONE).generate(asked.conditions(20.0), asked.settings)[0]
    assert np.array_equal(again.frames, made[0].clip.frames)
    row = comparing.row(made[0])
    assert (row["lvef_asked"], row["best_of"], row["model"]) == (20.0, 1, ONE)


def test_the_proposed_cascade_is_one_that_is_here(monkeypatch):
    assert logic.usual_model() in CARDS
    monkeypatch.setattr(logic, "MODELS", {})
    with pytest.raises(BadInput, match="No cascade"):
        logic.usual_model()
