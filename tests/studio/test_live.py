"""The clip that follows a drawing, by the real pipelines."""

import base64
import json
import threading
from dataclasses import replace

import cv2
import numpy as np
import pytest

import engine
from engine.anatomy.drawing import preset_drawing
from engine.anatomy.keys import Key
from engine.cards import CARDS
from engine.errors import BadInput
from studio import live
from studio.jobs import DEVICE

NORMAL = preset_drawing("normal")


def asked(drawing=NORMAL, model="phantom", draft=True):
    return json.loads(json.dumps({"drawing": drawing.to_json(), "model": model, "draft": draft}))


def frames_of(clip):
    """(t, h, w) of the sprite sheet, which holds them row by row."""
    data = base64.b64decode(clip["sprite"].removeprefix("data:image/jpeg;base64,"))
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)
    t, h, w, columns = (clip[name] for name in ("frames", "height", "width", "columns"))
    rows = -(-t // columns)
    assert shown.shape == (rows * h, columns * w)
    return shown.reshape(rows, h, columns, w).swapaxes(1, 2).reshape(-1, h, w)[:t]


@pytest.mark.parametrize("model", CARDS)
def test_every_model_has_a_live_clip(model):
    card = CARDS[model]
    made = live.preview(asked(model=model))["clip"]
    frames = frames_of(made)
    assert frames.shape == (card.frames, *card.size)
    assert (
        frames.std() > 10 and np.abs(np.diff(frames.astype(float), axis=0)).mean() > 0.2
    )  # it shows something, and it moves
    assert made["fps"] == pytest.approx(card.fps or card.frames * NORMAL.heart_rate / 60)
    assert made["masks"] is None and made["preview"] is True
    assert card.title in made["title"] and f"{NORMAL.lvef:g}" in made["title"]
    assert json.loads(json.dumps(made)) == made


def test_a_clip_follows_the_drawing():
    """Each of these is to be seen in the very next clip."""
    plain = live.preview(asked())["clip"]
    assert live.preview(asked())["clip"] == plain
    key = Key(0.375, {"lv_epi": np.full_like(NORMAL.heart.lv_epi, 4.0)})
    wider = NORMAL.heart.map_points(lambda points: points * [1.1, 1.0])
    for change in ({"heart": wider}, {"lvef": 20.0}, {"keys": (key,)}, {"start": 0.4}):
        other = live.preview(asked(replace(NORMAL, **change)))["clip"]
        gap = np.abs(frames_of(other).astype(float) - frames_of(plain)).mean()
        assert gap > 0.5, change
    turned = frames_of(live.preview(asked(replace(NORMAL, start=0.5)))["clip"])
    assert (
        np.abs(turned[0].astype(float) - frames_of(plain)[8]).mean()
        < np.abs(turned[0].astype(float) - frames_of(plain)[0]).mean()
    )


def test_the_length_and_the_rate_are_the_drawings_where_the_model_leaves_them():
    longer = replace(NORMAL, frames=23, fps=40.0)
    made = live.preview(asked(longer))["clip"]
    assert (made["frames"], made["fps"], len(frames_of(made))) == (23, 40.0, 23)
    fixed = live.preview(asked(longer, model="semantic-video"))["clip"]
    assert fixed["frames"] == CARDS["semantic-video"].frames


def test_a_settled_clip_is_the_one_that_generate_makes_and_a_draft_resembles_it():
    full, draft = (live.preview(asked(draft=draft))["clip"] for draft in (False, True))
    assert (full["preview"], draft["preview"]) == (False, True)
    conditions = engine.Conditions(heart=NORMAL.heart, view="A4C", lvef=NORMAL.lvef, heart_rate=NORMAL.heart_rate)
    (clip,) = engine.load("phantom").generate(conditions, CARDS["phantom"].defaults())
    a, b, c = (each.astype(float) for each in (clip.frames, frames_of(full), frames_of(draft)))
    assert np.abs(a - b).mean() < 4, "but for the JPEG"
    assert not np.array_equal(b, c)
    smooth = [np.stack([cv2.GaussianBlur(frame, (0, 0), 4) for frame in each]) for each in (b, c)]
    assert np.corrcoef(smooth[0].ravel(), smooth[1].ravel())[0, 1] > 0.9


def test_steps_are_for_those_who_press_generate():
    assert live.preview(asked(model="semantic-video", draft=False))["clip"]["preview"] is True


@pytest.mark.parametrize(("model", "better"), [("phantom", True), ("semantic-video", False)])
def test_a_draft_is_final_where_a_slower_clip_is_no_better(model, better):
    draft, full = (live.preview(asked(model=model, draft=draft)) for draft in (True, False))
    assert (draft["final"], full["final"]) == (not better, True)
    assert (draft["clip"] != full["clip"]) == better


def test_a_device_in_use_is_told_and_not_waited_for():
    with DEVICE:
        answers = []
        thread = threading.Thread(target=lambda: answers.append(live.preview(asked())))
        thread.start()
        thread.join(20)
        assert answers == [{"busy": True}]
    assert "clip" in live.preview(asked())


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        ({}, "no drawing"),
        ([], "no drawing"),
        (None, "no drawing"),
        (asked(model="none"), "no drawing"),
        (asked(model=["phantom"]), "no drawing"),
        ({**asked(), "drawing": NORMAL.to_json() | {"lvef": 99}}, "99"),
        (asked(replace(NORMAL, heart=NORMAL.heart.map_points(lambda points: points * 0.05))), "cm"),
    ],
)
def test_what_cannot_be_shown_is_one_sentence_and_the_device_is_free(request_, words):
    answer = live.preview(request_)
    assert list(answer) == ["message"] and words in answer["message"] and answer["message"].endswith(".")
    assert DEVICE.acquire(timeout=1)
    DEVICE.release()


@pytest.mark.parametrize(
    "error", [BadInput("The weights are not here; fetch them."), RuntimeError("a path on this machine")]
)
def test_a_model_that_fails_is_told_and_frees_the_device(monkeypatch, error):
    def fail(name):
        raise error

    monkeypatch.setattr(live.engine, "load", fail)
    answer = live.preview(asked())
    assert list(answer) == ["message"] and "machine" not in answer["message"]
    assert ("fetch them" in answer["message"]) == isinstance(error, BadInput)
    assert DEVICE.acquire(timeout=1)
    DEVICE.release()
