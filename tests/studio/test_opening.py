"""Files that a person opens."""

import base64
import json

import cv2
import numpy as np
import pydicom.data
import pytest

from engine.anatomy.contours import label_map
from engine.anatomy.heart import Grid, write_heart
from engine.anatomy.presets import preset
from engine.errors import BadInput
from engine.media.write import write_clip, write_label_maps
from engine.types import Clip
from studio.opening import FINER, fine_grid, open_file, open_frame, shown
from studio.session import FRAME, start

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
    opened, frames = open_file(start(), str(path))
    assert frames == (1 if ending == ".png" else 3)
    assert abs(opened.heart.sector.opening - FAN.opening) < 4
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
    opened, frames = open_file(start(), pydicom.data.get_testdata_file("examples_ybr_color.dcm"))
    assert frames == 30
    assert pixels(opened).max() > 100


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
        session, _ = open_file(start(), path)
        assert shown(session, path) == shows, path


@pytest.mark.parametrize("ending", [".nii.gz", ".png", ".npz"])
def test_a_label_map_becomes_the_drawing(tmp_path, ending):
    heart = preset("dilated")
    grid = heart.sector.grid(256)
    path = write_label_maps(label_map(heart, grid)[None], 1.0, grid.mm_per_pixel, tmp_path / f"map{ending}")
    opened, frames = open_file(start(), str(path))
    assert frames == 0 and opened.backdrop is None
    assert np.abs(opened.heart.lv_endo[[0, -1]] - heart.lv_endo[[0, -1]]).max() < 4


def test_a_heart_file_becomes_the_drawing(tmp_path):
    write_heart(preset("hypertrophic", "A2C"), tmp_path / "heart.json")
    opened, _ = open_file(start(), str(tmp_path / "heart.json"))
    assert opened.heart.to_json() == preset("hypertrophic", "A2C").to_json()


def test_unknown_labels_are_named_and_not_taken_for_a_picture(tmp_path):
    cv2.imwrite(str(tmp_path / "map.png"), np.tile(np.array([0, 1, 2, 7], np.uint8), (64, 16)))
    with pytest.raises(BadInput, match="7"):
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
