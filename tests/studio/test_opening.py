"""Files that a person opens."""

import base64
import json
from dataclasses import replace

import cv2
import nibabel
import numpy as np
import pydicom.data
import pytest

from engine.anatomy.contours import label_map
from engine.anatomy.drawing import drawing_from_json, write_drawing
from engine.anatomy.heart import Grid
from engine.anatomy.keys import Key
from engine.anatomy.presets import preset
from engine.anatomy.sketch import Stroke
from engine.errors import BadInput
from engine.media.write import write_clip, write_label_maps
from engine.types import Clip
from studio import table
from studio.opening import open_file, open_frame, shown
from studio.session import FINER, FRAME, fine_grid, start

FAN = preset("dilated").sector


def recording(frames=3, size=300):
    """Speckle inside a fan, brighter from frame to frame; letters burnt in at the corner."""
    grid = FAN.grid(size)
    rng = np.random.default_rng(0)
    inside = FAN.contains(grid.mesh())
    stack = np.stack(
        [(inside * rng.integers(60 + 40 * i, 90 + 40 * i, inside.shape)).astype(np.uint8) for i in range(frames)]
    )
    for frame in stack:
        cv2.putText(frame, "DOE", (4, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 255, 1)
    return Clip(stack, 20.0, grid.mm_per_pixel)


def pixels(session):
    data = base64.b64decode(session.backdrop.partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE)


def test_the_fine_grid_covers_the_editors_frame():
    coarse, fine = FAN.grid(FRAME), fine_grid(FAN)
    corners = np.array([[-0.5, -0.5], [FRAME - 0.5, FRAME - 0.5]])
    assert np.allclose(coarse.to_mm(corners), fine.to_mm(corners * FINER + (FINER - 1) / 2))
    assert isinstance(fine, Grid) and fine.height == FRAME * FINER


@pytest.mark.parametrize("ending", [".nii.gz", ".npz", ".png", ".gif", ".mp4"])
def test_a_recording_becomes_backdrop_and_sector(tmp_path, ending):
    path = write_clip(recording(1 if ending == ".png" else 3), tmp_path / f"clip{ending}")
    made = open_file(start(), str(path))
    opened = made.session
    assert (made.frames, made.question) == (1 if ending == ".png" else 3, None)
    assert abs(opened.drawing.heart.sector.opening - FAN.opening) < 4
    picture = pixels(opened)
    assert picture.shape == (FRAME * FINER, FRAME * FINER)
    assert picture[FRAME * FINER // 2, FRAME * FINER // 2] > 40
    assert picture[:60, :150].max() < 40  # the burnt-in letters are gone
    assert len(opened.backdrop) < 100_000
    assert opened.rev == start().rev + 1


def test_each_frame_can_be_chosen(tmp_path):
    path = str(write_clip(recording(), tmp_path / "clip.nii.gz"))
    means = [pixels(open_frame(start(), path, frame)[0]).mean() for frame in (0, 1, 2, 99)]
    assert means[0] < means[1] < means[2] == means[3]


def test_a_real_dicom_opens():
    opened = open_file(start(), pydicom.data.get_testdata_file("examples_ybr_color.dcm"))
    assert opened.frames == 30
    assert pixels(opened.session).max() > 100


def test_what_had_to_be_assumed_is_known(tmp_path):
    cv2.imwrite(str(tmp_path / "fan.png"), recording(1).frames[0])
    cv2.imwrite(str(tmp_path / "noise.png"), np.random.default_rng(0).integers(0, 256, (200, 200), dtype=np.uint8))
    known = {
        str(write_clip(recording(1), tmp_path / "fan.nii.gz")): (True, True),
        str(tmp_path / "fan.png"): (True, False),
        str(tmp_path / "noise.png"): (False, False),
        pydicom.data.get_testdata_file("CT_small.dcm", download=False): (False, True),
    }
    for path, shows in known.items():
        assert shown(open_file(start(), path).session, path) == shows, path


@pytest.mark.parametrize("ending", [".nii.gz", ".png", ".npz"])
def test_a_label_map_becomes_a_question_and_the_answer_the_drawing(tmp_path, ending):
    heart = preset("dilated")
    grid = heart.sector.grid(256)
    path = write_label_maps(label_map(heart, grid)[None], 1.0, grid.mm_per_pixel, tmp_path / f"map{ending}")
    before = start()
    opened = open_file(before, str(path))
    assert opened.frames == 0 and opened.session is before
    meant = {str(each["value"]): each["guess"] for each in opened.question["labels"]}
    assert meant == {"1": 1, "2": 2, "3": 3, "4": 4}
    answer = table.mapped({"token": opened.question["token"], "meant": meant, "drawing": before.drawing.to_json()})
    traced = drawing_from_json(answer["drawing"]).heart
    assert np.abs(traced.lv_endo[[0, -1]] - heart.lv_endo[[0, -1]]).max() < 4


def test_a_recording_in_a_file_for_maps_is_a_recording(tmp_path):
    """Whole grey levels, as labels are, but too many of them."""
    rng = np.random.default_rng(2)
    grey = (FAN.contains(FAN.grid(200).mesh()) * rng.integers(20, 250, (200, 200))).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "still.png"), grey)
    opened = open_file(start(), str(tmp_path / "still.png"))
    assert opened.frames == 1 and opened.question is None and opened.session.backdrop


@pytest.mark.parametrize("ending", [".png", ".nii"])
def test_a_recording_in_colours_or_fractions_is_a_recording(tmp_path, ending):
    rng = np.random.default_rng(2)
    grey = FAN.contains(FAN.grid(200).mesh()) * rng.uniform(20, 250, (200, 200))
    path = str(tmp_path / f"still{ending}")
    if ending == ".png":
        cv2.imwrite(path, np.stack([grey, grey, grey], -1).astype(np.uint8))
    else:
        nibabel.save(nibabel.Nifti1Image(grey.T.astype(np.float32), np.eye(4)), path)
    opened = open_file(start(), path)
    assert opened.frames == 1 and opened.question is None and opened.session.backdrop


def busy():
    """A session whose drawing has everything on it."""
    made = start()
    key = Key(0.5, {"la": np.full_like(made.drawing.heart.la, 2.0)})
    sketch = (Stroke(np.array([[0.0, 50.0], [9.0, 60.0]]), np.array([0.5, 1.0])),)
    arrows = {"septal_leaflet": np.array([[0.0, 90.0], [0.0, 80.0]])}
    drawn = {"keys": (key,), "sketch": sketch, "directions": arrows}
    timing = {"lvef": 33.0, "heart_rate": 95.0, "frames": 20, "fps": 30.0, "start": 0.25}
    return replace(made, drawing=replace(made.drawing, **drawn, **timing))


def test_a_heart_file_becomes_the_drawing_and_keeps_the_timing(tmp_path):
    heart = preset("hypertrophic", "A2C")
    (tmp_path / "heart.json").write_text(json.dumps(heart.to_json()))
    before = busy()
    opened = open_file(before, str(tmp_path / "heart.json")).session
    blank = replace(before.drawing, heart=heart, keys=(), sketch=(), directions={})
    assert opened.drawing.to_json() == blank.to_json()
    assert (opened.doc, opened.rev) == (before.doc, before.rev + 1)


def test_a_drawing_file_becomes_the_drawing_as_a_whole(tmp_path):
    write_drawing(busy().drawing, tmp_path / "drawing.json")
    opened = open_file(start(), str(tmp_path / "drawing.json")).session
    assert opened.drawing.to_json() == busy().drawing.to_json()
    again = open_file(opened, str(tmp_path / "drawing.json")).session
    assert again.drawing.to_json() == busy().drawing.to_json()


def test_other_labels_are_asked_about_and_not_taken_for_a_picture(tmp_path):
    cv2.imwrite(str(tmp_path / "map.png"), np.tile(np.array([0, 1, 2, 7], np.uint8), (64, 16)))
    opened = open_file(start(), str(tmp_path / "map.png"))
    assert [each["value"] for each in opened.question["labels"]] == [1, 2, 7]
    assert opened.session.backdrop is None


def test_a_picture_of_one_label_is_refused(tmp_path):
    cv2.imwrite(str(tmp_path / "map.png"), np.full((64, 64), 3, np.uint8))
    with pytest.raises(BadInput, match="empty"):
        open_file(start(), str(tmp_path / "map.png"))


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.json", b"[]"),
        ("x.json", json.dumps({"contours": {"lv_endo": [[1, "a"]]}}).encode()),
        ("x.nii", b"\0" * 400),
        ("x.npz", b"PK\x03\x04 cut"),
        ("x.png", b"\x89PNG\r\n\x1a\n cut"),
        ("x", b"nothing"),
        ("x.exe", b"MZ"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as error:
        open_file(start(), str(tmp_path / name))
    assert str(error.value).endswith(".") and "\n" not in str(error.value)
