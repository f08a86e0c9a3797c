"""The hearts that the drawing table can start from."""

import base64
import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.anatomy.drawing import drawing_from_json
from engine.anatomy.heart import Sector
from engine.anatomy.presets import PRESETS
from studio import table
from studio.session import FRAME
from tests.studio.drawn import NORMAL, asked, corrected


def test_the_gallery_shows_every_preset_and_anyone():
    made = table.hearts()
    assert [each["name"] for each in made["hearts"]] == [*PRESETS, None]
    for each in made["hearts"]:
        assert each["title"] and each["about"].endswith(".") and set(each["pictures"]) == {"A4C", "A2C"}
        data = base64.b64decode(each["pictures"]["A4C"].partition(",")[2])
        shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        assert shown.shape == (table.PICTURE, table.PICTURE, 4) and shown[..., 3].any()
    assert len({each["pictures"]["A4C"] for each in made["hearts"]}) == len(made["hearts"])
    assert set(made["normal"]) == {"edv", "esv", "lvef", "septal", "lateral", "la"}
    assert all(len(bounds) == 2 for bounds in made["normal"].values())
    assert json.loads(json.dumps(made)).keys() == made.keys()


@pytest.mark.parametrize("view", ["A4C", "A2C"])
@pytest.mark.parametrize("behind", [False, True])
def test_a_preset_or_a_patient_takes_the_place_of_the_drawing(view, behind):
    before = replace(corrected(NORMAL), heart=replace(NORMAL.heart, view=view, sector=Sector(130.0, 70.0)))
    before = replace(before, heart_rate=111.0, frames=32, fps=50.0, start=0.5, lvef=12.0)
    for answer, lvef in (
        (table.preset(asked(before, name="dilated", behind=behind)), PRESETS["dilated"].lvef),
        (table.random_patient(asked(before, seed=7, behind=behind)), None),
    ):
        made = drawing_from_json(answer["drawing"])
        assert made.heart.view == view
        assert (made.heart.sector == before.heart.sector) == behind
        assert (made.heart_rate, made.frames, made.fps, made.start) == (111.0, 32, 50.0, 0.5)
        assert made.lvef != 12.0 if lvef is None else made.lvef == lvef
        assert made.sketch == () and made.directions == {}
        assert answer["frame"]["height"] == FRAME
        assert table.pose(asked(made))["warnings"] is not None


def test_a_patient_is_the_same_again_and_another_is_another():
    first, again, other = (table.random_patient(asked(seed=seed)) for seed in (3, 3, 4))
    assert first == again and first["drawing"]["contours"] != other["drawing"]["contours"]
