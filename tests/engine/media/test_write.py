import json
import subprocess
from dataclasses import replace

import imageio_ffmpeg
import nibabel
import numpy as np
import pytest
from PIL import Image

from engine.errors import BadInput
from engine.media import read_clip, read_label_maps, write_clip, write_label_maps
from engine.media.write import CLIP_ENDINGS, LABEL_ENDINGS
from engine.types import Clip, Provenance

PROVENANCE = Provenance("phantom", None, 7, {"steps": 4}, {"lvef": 35.5, "note": "é=;#\\\n'\""}, "Echo Studio 0.1.0")


def make_clip(t=6, h=37, w=52, fps=19.4666, seed=0) -> Clip:
    """Smooth random frames, the third the same as the second."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (t, h // 6 + 1, w // 6 + 1), dtype=np.uint8)
    frames = np.stack([np.asarray(Image.fromarray(c).resize((w, h), Image.Resampling.BICUBIC)) for c in coarse])
    if t > 2:
        frames[2] = frames[1]
    return Clip(frames, fps, (0.31, 0.28), PROVENANCE, rng.integers(0, 5, (t, h, w), dtype=np.uint8))


@pytest.mark.parametrize("ending", [e for e in CLIP_ENDINGS if e != ".mp4"])
@pytest.mark.parametrize("frames", [1, 6])
def test_lossless_round_trip(tmp_path, ending, frames):
    clip = make_clip(frames)
    again = read_clip(write_clip(clip, tmp_path / f"clip{ending}"))
    np.testing.assert_array_equal(again.frames, clip.frames)
    assert (again.fps, again.mm_per_pixel, again.provenance) == (clip.fps, clip.mm_per_pixel, PROVENANCE)


@pytest.mark.parametrize("ending", CLIP_ENDINGS)
def test_same_bytes(tmp_path, ending):
    first, second = (write_clip(make_clip(), tmp_path / f"{name}{ending}").read_bytes() for name in "ab")
    assert first == second
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"a{ending}", f"b{ending}"]


def test_mp4_plays_everywhere(tmp_path):
    clip = make_clip()
    path = write_clip(clip, tmp_path / "clip.mp4")
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    log = subprocess.run(
        [imageio_ffmpeg.get_ffmpeg_exe(), "-i", path], capture_output=True, text=True, check=False
    ).stderr
    assert "h264" in log and "yuv420p" in log and "572x408" in log, log  # 11 times 52x37, the odd side padded
    reader = imageio_ffmpeg.read_frames(path)
    meta = next(reader)
    assert meta["duration"] >= 3
    assert meta["fps"] == pytest.approx(clip.fps, abs=0.01)
    assert sum(1 for _ in reader) == 60  # ten rounds of six


def test_mp4_round_trip(tmp_path):
    clip = make_clip()
    again = read_clip(write_clip(clip, tmp_path / "clip.mp4"))
    assert again.frames.shape == (6, 408, 572)
    assert again.provenance == PROVENANCE and again.fps == clip.fps
    assert again.mm_per_pixel == pytest.approx((0.31 / 11, 0.28 / 11))
    small = again.frames[:, :407].reshape(6, 37, 11, 52, 11).mean((2, 4))
    assert np.abs(small - clip.frames).mean() < 2


def test_large_frames_keep_their_size(tmp_path):
    again = read_clip(write_clip(make_clip(2, 386, 400), tmp_path / "clip.mp4"))
    assert again.frames.shape == (2, 386, 400)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz"])
@pytest.mark.parametrize("frames", [1, 6])
def test_nifti_is_one_slice_over_time(tmp_path, ending, frames):
    clip = make_clip(frames)
    paths = (
        write_clip(clip, tmp_path / f"clip{ending}"),
        write_label_maps(clip.label_maps, clip.fps, clip.mm_per_pixel, tmp_path / f"labels{ending}"),
    )
    for path, values in zip(paths, (clip.frames, clip.label_maps), strict=True):
        image = nibabel.load(path)
        assert image.shape == (52, 37, 1, frames)
        np.testing.assert_array_equal(np.asarray(image.dataobj)[:, :, 0], values.transpose(2, 1, 0))
        assert image.header.get_zooms() == pytest.approx((0.28, 0.31, 1.0, 1 / 19.4666))
        assert image.header.get_xyzt_units() == ("mm", "sec")
        assert image.get_data_dtype() == np.uint8


def test_nifti_is_oriented_as_itk_does(tmp_path):
    image = nibabel.load(write_clip(make_clip(), tmp_path / "clip.nii.gz"))
    assert nibabel.aff2axcodes(image.affine) == ("L", "P", "S")
    assert image.header["qform_code"] == image.header["sform_code"] == 1
    for affine in (image.get_qform(), image.get_sform()):
        np.testing.assert_allclose(affine, np.diag([-0.28, -0.31, 1, 1]), atol=1e-7)


def test_sprite_sheet_is_row_major(tmp_path):
    frames = np.arange(5, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 6), np.uint8)
    sheet = np.asarray(Image.open(write_clip(Clip(frames, 10.0, (1.0, 1.0)), tmp_path / "sheet.png")))
    assert sheet.shape == (8, 18)
    np.testing.assert_array_equal(sheet[::4, ::6], [[0, 1, 2], [3, 4, 0]])


def test_gif_loops_for_ever_at_its_rate(tmp_path):
    image = Image.open(write_clip(replace(make_clip(30), fps=16.0), tmp_path / "clip.gif"))
    assert image.info["loop"] == 0
    total = sum(image.seek(i) or image.info["duration"] for i in range(image.n_frames))
    assert total == pytest.approx(30 / 16 * 1000, abs=10)


def test_npz_fields(tmp_path):
    clip = make_clip()
    with np.load(write_clip(clip, tmp_path / "clip.npz")) as arrays:
        assert set(arrays) == {"frames", "fps", "mm_per_pixel", "provenance", "label_maps"}
        assert json.loads(str(arrays["provenance"]))["model"] == "phantom"
    np.testing.assert_array_equal(read_clip(tmp_path / "clip.npz").label_maps, clip.label_maps)


@pytest.mark.parametrize("ending", LABEL_ENDINGS)
@pytest.mark.parametrize("frames", [1, 5])
def test_label_maps_round_trip(tmp_path, ending, frames):
    label_maps = make_clip(frames).label_maps
    again, spacing = read_label_maps(write_label_maps(label_maps, 25.0, (0.31, 0.28), tmp_path / f"labels{ending}"))
    np.testing.assert_array_equal(again, label_maps)
    assert spacing == pytest.approx((0.31, 0.28))


def test_label_png_is_indexed_and_coloured(tmp_path):
    image = Image.open(write_label_maps(make_clip(1).label_maps, 1.0, (1.0, 1.0), tmp_path / "labels.png"))
    assert image.mode == "P"
    assert len(image.convert("RGB").getcolors()) == 5


def test_unknown_ending(tmp_path):
    with pytest.raises(BadInput, match=r"clip\.mov has no ending.*\.mp4, \.gif, \.png, \.nii\.gz, \.nii, \.npz"):
        write_clip(make_clip(1), tmp_path / "clip.mov")
    with pytest.raises(BadInput, match=r"labels\.mp4 has no ending"):
        write_label_maps(make_clip(1).label_maps, 1.0, (1.0, 1.0), tmp_path / "labels.mp4")


def test_missing_folder_leaves_nothing(tmp_path):
    with pytest.raises(BadInput, match="cannot be written"):
        write_clip(make_clip(1), tmp_path / "none" / "clip.png")
    assert not any(tmp_path.iterdir())


def test_old_file_survives_a_failed_write(tmp_path):
    (tmp_path / "clip.png").mkdir()
    with pytest.raises(BadInput, match="cannot be written"):
        write_clip(make_clip(1), tmp_path / "clip.png")
    assert [p.name for p in tmp_path.iterdir()] == ["clip.png"]
