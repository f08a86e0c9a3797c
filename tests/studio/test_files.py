"""Sprite sheets and exports."""

import os
import stat
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.media.read import read_clip, read_label_maps
from engine.media.write import write_label_maps
from engine.types import Clip, Provenance
from studio import autosave, exports, folders, sheets
from studio.components.colours import paint
from studio.session import start

RNG = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def kept(monkeypatch, tmp_path):
    monkeypatch.setenv("ECHO_STUDIO_HOME", str(tmp_path))
    return tmp_path


def clip(seed=7, lvef=35.0):
    made = Provenance("semantic-video", None, seed, {}, {"lvef": lvef}, "0")
    frames, labels = (RNG.integers(0, high, (5, 32, 48)).astype(np.uint8) for high in (256, 5))
    return Clip(frames, 12.5, (0.8, 0.7), made, labels)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 4)])
def test_a_published_png_is_exact_and_its_name_tells_nothing(kept, shape):
    image = RNG.integers(0, 256, shape).astype(np.uint8)
    first, second = sheets.publish(image, ".png"), sheets.publish(image, ".png")
    assert first != second and len(first) > 24
    read = cv2.imread(str(kept / "cache" / first), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(cv2.cvtColor(read, cv2.COLOR_BGRA2RGBA) if len(shape) == 3 else read, image)


def test_scratch_files_go_after_a_day(kept, monkeypatch):
    monkeypatch.setattr(folders, "SWEEP", 0)
    old, young = folders.scratch("sheets") / "old", folders.scratch("sheets") / "young"
    for path in (old, young):
        path.mkdir()
        (path / "x").write_text("x")
    os.utime(old, (time.time() - folders.KEEP - 1,) * 2)
    folders.scratch("sheets")
    assert (old.exists(), young.exists()) == (False, True)


def test_a_scratch_folder_is_swept_at_most_once_a_minute(kept, monkeypatch):
    now = 1000.0
    monkeypatch.setattr(folders.time, "monotonic", lambda: now)
    old = folders.scratch("sheets") / "old"
    old.write_text("x")
    os.utime(old, (0, 0))
    now += folders.SWEEP - 1
    folders.scratch("sheets")
    assert old.exists()
    now += 1
    folders.scratch("sheets")
    assert not old.exists()


def test_the_studios_folders_are_for_their_owner_alone(kept, monkeypatch):
    monkeypatch.setenv("ECHO_STUDIO_HOME", str(kept / "deep" / "home"))
    mask = os.umask(0)
    try:
        exports.write_videos([clip()], ".gif")
        autosave.save("a-browser-of-this-test", start())
    finally:
        os.umask(mask)
    made = [kept / "deep" / "home", *(path for path in (kept / "deep" / "home").rglob("*") if path.is_dir())]
    assert {path.name for path in made} > {"home", "cache", "exports", "sessions"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in made} == {0o700}
    (kept_session,) = (kept / "deep" / "home" / "sessions").iterdir()
    assert stat.S_IMODE(kept_session.stat().st_mode) == 0o600


def test_many_at_once_may_clear_the_same_scratch_folder(kept, monkeypatch):
    monkeypatch.setattr(folders, "SWEEP", 0)
    paths = [folders.scratch("exports") / str(i) for i in range(200)]
    for path in paths:
        path.mkdir()
        (path / "x").write_text("x")
        os.utime(path, (0, 0))
    with ThreadPoolExecutor(8) as pool:
        cleared = list(pool.map(folders.scratch, ["exports"] * 8))
    assert not list(cleared[0].iterdir())


def test_files_are_named_by_what_they_are():
    assert exports.write_videos([clip()], ".mp4").name == "echo-studio_semantic-video_lvef35_seed7.mp4"
    assert exports.name(clip(lvef=None)) == "echo-studio_semantic-video_seed7"
    assert exports.name(clip(lvef=42.5)) == "echo-studio_semantic-video_lvef42.5_seed7"


def test_a_nifti_zip_holds_clip_and_labels(tmp_path):
    made = clip()
    with zipfile.ZipFile(exports.write_volumes([made])) as archive:
        archive.extractall(tmp_path)
    again = read_clip(tmp_path / f"{exports.name(made)}.nii.gz")
    assert np.array_equal(again.frames, made.frames)
    assert (again.fps, again.mm_per_pixel, again.provenance) == (made.fps, made.mm_per_pixel, made.provenance)
    labels, spacing = read_label_maps(tmp_path / f"{exports.name(made)}_labels.nii.gz")
    assert np.array_equal(labels, made.label_maps) and spacing == made.mm_per_pixel


def test_many_clips_are_one_zip_and_the_same_bytes_again():
    many = [clip(seed) for seed in (1, 2, 3)]
    first, second = (exports.write_videos(many, ".gif") for _ in range(2))
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as archive:
        assert archive.namelist() == [f"{exports.name(one)}.gif" for one in many]


def test_a_label_map_has_the_same_colours_in_a_file_and_on_the_page(tmp_path):
    label_map = np.arange(5, dtype=np.uint8)[None, None].repeat(4, 1)
    saved = cv2.imread(str(write_label_maps(label_map, 1.0, (1.0, 1.0), tmp_path / "labels.png")))[..., ::-1]
    painted = paint(label_map[0])
    shown = painted[..., 3] > 0
    assert shown[0].tolist() == [False, True, True, True, False]
    assert np.array_equal(saved[shown], painted[shown][:, :3])


def test_a_clip_without_labels_is_saved_alone():
    with zipfile.ZipFile(exports.write_volumes([replace(clip(), label_maps=None)])) as archive:
        assert len(archive.namelist()) == 1
