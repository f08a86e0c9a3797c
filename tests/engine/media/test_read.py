import gzip
import subprocess
import tracemalloc
import zipfile

import imageio_ffmpeg
import nibabel
import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from engine.errors import BadInput
from engine.media import read_clip, read_label_maps, read_labels, write_clip
from engine.media.grey import grey
from engine.media.limits import UNKNOWN_SPACING
from engine.types import Clip, Provenance

RNG = np.random.default_rng(0)
FRAMES = RNG.integers(0, 256, (4, 20, 30), dtype=np.uint8)


def write_avi(path, frames, fps=50):
    """Lossless grey AVI."""
    _, h, w = frames.shape
    source = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{w}x{h}", "-r", str(fps), "-i", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *source, "-c:v", "ffv1", str(path)]
    subprocess.run(command, input=frames.tobytes(), check=True)
    return path


def save_nifti(path, array, zooms=None, units=("mm", "sec"), affine=None):
    image = nibabel.Nifti1Image(array, np.eye(4) if affine is None else affine)
    if zooms:
        image.header.set_zooms(zooms)
    image.header.set_xyzt_units(*units)
    nibabel.save(image, path)
    return path


def test_grey_png(tmp_path):
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.png")
    clip = read_clip(tmp_path / "a.png")
    np.testing.assert_array_equal(clip.frames, FRAMES[:1])
    assert (clip.fps, clip.mm_per_pixel, clip.provenance) == (1.0, UNKNOWN_SPACING, None)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "LA", "1", "I;16"])
def test_any_png_becomes_grey(tmp_path, mode):
    deep = mode == "I;16"
    image = Image.fromarray(FRAMES[0].astype(np.uint16) * 257) if deep else Image.fromarray(FRAMES[0]).convert(mode)
    image.save(tmp_path / "a.png")
    frame = read_clip(tmp_path / "a.png").frames[0]
    assert frame.dtype == np.uint8 and frame.shape == (20, 30)
    if mode in ("RGB", "RGBA", "LA"):
        np.testing.assert_array_equal(frame, FRAMES[0])


def test_tint_becomes_grey(tmp_path):
    tinted = np.stack([FRAMES[0], FRAMES[0] // 4 * 3, FRAMES[0] // 2], -1)
    Image.fromarray(tinted).save(tmp_path / "a.png")
    frame = read_clip(tmp_path / "a.png").frames[0]
    assert np.corrcoef(frame.ravel(), FRAMES[0].ravel())[0, 1] > 0.999


def test_jpeg(tmp_path):
    Image.fromarray(np.full((20, 30), 90, np.uint8)).save(tmp_path / "a.JPG")
    assert np.abs(read_clip(tmp_path / "a.JPG").frames.astype(int) - 90).max() <= 1


def test_foreign_gif(tmp_path):
    first, *rest = map(Image.fromarray, FRAMES)
    first.save(tmp_path / "a.gif", save_all=True, append_images=rest, duration=40)
    clip = read_clip(tmp_path / "a.gif")
    np.testing.assert_array_equal(clip.frames, FRAMES)
    assert clip.fps == 25


def test_avi(tmp_path):
    clip = read_clip(write_avi(tmp_path / "a.avi", FRAMES))
    np.testing.assert_array_equal(clip.frames, FRAMES)
    assert (clip.fps, clip.mm_per_pixel) == (50, UNKNOWN_SPACING)


FOREIGN = {
    (30, 20): (0.3, 0.15),
    (30, 20, 1): (0.3, 0.15, 1.0),
    (30, 20, 4): (0.3, 0.15, 0.02),
    (30, 20, 1, 4): (0.3, 0.15, 1.0, 0.02),
    (30, 20, 1, 1): (0.3, 0.15, 1.0, 0.02),
    (30, 20, 1, 4, 1): (0.3, 0.15, 1.0, 0.02, 1.0),
}


@pytest.mark.parametrize("signs", [(1, 1, 1), (-1, -1, 1), (1, -1, 1), (-1, 1, -1)])
@pytest.mark.parametrize("shape", FOREIGN)
def test_foreign_nifti(tmp_path, shape, signs):
    zooms = FOREIGN[shape]
    affine = np.diag([*np.multiply(signs, (*zooms[:3], 1.0)[:3]), 1.0])
    wanted = FRAMES[: 4 if 4 in shape else 1]
    array = wanted.transpose(2, 1, 0).reshape(shape)
    clip = read_clip(save_nifti(tmp_path / "a.nii.gz", array, zooms, affine=affine))
    np.testing.assert_array_equal(clip.frames, wanted)
    assert clip.mm_per_pixel == (0.15, 0.3)
    assert clip.fps == (50 if len(wanted) > 1 else 1)

    path = save_nifti(tmp_path / "b.nii.gz", array % 4, zooms, affine=affine)
    label_maps, spacing = read_label_maps(path)
    np.testing.assert_array_equal(label_maps, wanted % 4)
    assert spacing == (0.15, 0.3)


@pytest.mark.parametrize("units", [("mm", "unknown"), ("mm", "sec")])
@pytest.mark.parametrize("depth", [1.0, 1.54])
def test_camus_sequence_without_a_rate(tmp_path, units, depth):
    path = save_nifti(
        tmp_path / "patient0001_4CH_half_sequence.nii.gz", FRAMES.transpose(2, 1, 0), (0.3, 0.15, depth), units
    )
    clip = read_clip(path)
    np.testing.assert_array_equal(clip.frames, FRAMES)
    assert (clip.fps, clip.mm_per_pixel) == (30, (0.15, 0.3))


def test_written_nifti_without_its_comment(tmp_path):
    """What another program leaves when it saves our file again: pixels, spacing and rate are still there."""
    image = nibabel.load(write_clip(Clip(FRAMES, 48.5, (0.15, 0.3)), tmp_path / "a.nii.gz"))
    image.header.extensions.clear()
    nibabel.save(image, tmp_path / "b.nii.gz")
    clip = read_clip(tmp_path / "b.nii.gz")
    np.testing.assert_array_equal(clip.frames, FRAMES)
    assert (clip.fps, clip.mm_per_pixel) == (48.5, (0.15, 0.3))


@pytest.mark.parametrize(
    ("dtype", "values", "wanted"),
    [
        (np.float32, [0, 0.5, 1], [0, 128, 255]),
        (np.float64, [0, 100, 255], [0, 100, 255]),
        (np.int16, [-100, 0, 155], [0, 100, 255]),
        (np.float32, [0, np.nan, 100], [0, 0, 100]),
        (np.int16, [7, 7, 7], [7, 7, 7]),
        (np.int32, [900, 900, 900], [0, 0, 0]),
    ],
)
def test_other_number_types(tmp_path, dtype, values, wanted):
    array = np.array(values, dtype).reshape(3, 1) * np.ones((1, 5), dtype)
    np.testing.assert_array_equal(read_clip(save_nifti(tmp_path / "a.nii", array)).frames[0, 0], wanted)


def test_a_long_clip_of_large_numbers_needs_little_more_than_itself():
    values = RNG.integers(-1000, 1000, (64, 128, 128)).astype(np.int16)
    tracemalloc.start()
    levels = grey(values)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    np.testing.assert_array_equal(levels, np.round((values - values.min()) * (255 / np.ptp(values.astype(int)))))
    assert peak < 2 * levels.nbytes


@pytest.mark.parametrize(
    ("found", "named"), [(".gif", ".png"), (".png", ".gif"), (".npz", ".mp4"), (".png", ".dcm"), (".nii", ".npz")]
)
def test_wrong_name(tmp_path, found, named):
    path = write_clip(Clip(FRAMES, 20.0, (1.0, 1.0)), tmp_path / f"clip{found}").rename(tmp_path / f"clip{named}")
    with pytest.raises(BadInput, match=r"is called a .* file but its content is"):
        read_clip(path)


@pytest.mark.parametrize(
    "name", ["a.png", "a.jpg", "a.gif", "a.mp4", "a.avi", "a.nii", "a.nii.gz", "a.npz", "a.dcm", "a", "a.txt"]
)
@pytest.mark.parametrize(
    "content", [b"", b"hello", bytes(2000), gzip.compress(b"hello"), b"\x1f\x8bx", b"#EXTM3U\nfile:///etc/passwd\n"]
)
def test_nonsense(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    for read in (read_clip, read_label_maps):
        with pytest.raises(BadInput, match=r"^[^\n]+\.$"):
            read(tmp_path / name)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        read_clip(tmp_path / "a.png")
    with pytest.raises(BadInput, match="cannot be read"):
        read_clip(tmp_path)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif", ".mp4", ".avi", ".nii", ".nii.gz", ".npz"])
def test_damage_is_told_or_survived(tmp_path, ending):
    """Cut anywhere, or a few bytes changed: a clip or one sentence, never another error."""
    path = tmp_path / f"a{ending}"
    if ending == ".avi":
        write_avi(path, FRAMES)
    elif ending == ".jpg":
        Image.fromarray(FRAMES[0]).save(path)
    else:
        write_clip(Clip(FRAMES, 20.0, (0.3, 0.3)), path)
    whole = path.read_bytes()
    rng = np.random.default_rng(1)
    slow = ending in (".mp4", ".avi")
    for _ in range(2 if slow else 60):
        damaged = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 4000), 4):
            damaged[at] = rng.integers(256)
        for data in (whole[: rng.integers(1, len(whole))], bytes(damaged)):
            path.write_bytes(data)
            try:
                assert read_clip(path).frames.ndim == 3
            except BadInput as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("ending", [".png", ".jpg", ".gif", ".mp4", ".nii", ".nii.gz", ".npz"])
def test_half_a_file(tmp_path, ending):
    path = tmp_path / f"a{ending}"
    if ending == ".jpg":
        Image.fromarray(FRAMES[0]).save(path)
    else:
        write_clip(Clip(FRAMES, 20.0, (0.3, 0.3)), path)
    share = 20 if ending == ".mp4" else 2  # half of our MP4 still holds a whole round
    path.write_bytes(path.read_bytes()[: path.stat().st_size // share])
    with pytest.raises(BadInput, match="cut off"):
        read_clip(path)


def test_absurd_sizes(tmp_path):
    Image.new("1", (5000, 10)).save(tmp_path / "wide.png")
    save_nifti(tmp_path / "long.nii.gz", np.zeros((2, 2, 2001), np.uint8))
    with zipfile.ZipFile(tmp_path / "many.npz", "w") as archive, archive.open("frames.npy", "w") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": (1500, 600, 600)}
        np.lib.format.write_array_header_1_0(file, header)
    write_avi(tmp_path / "long.avi", np.zeros((2001, 8, 8), np.uint8))
    for name in ("wide.png", "long.nii.gz", "many.npz", "long.avi"):
        with pytest.raises(BadInput, match="at most 2000 frames, 4096 pixels"):
            read_clip(tmp_path / name)


def test_four_dimensional_volume(tmp_path):
    path = save_nifti(tmp_path / "volume.nii.gz", np.zeros((5, 6, 7, 2), np.uint8))
    for read in (read_clip, read_label_maps):
        with pytest.raises(BadInput, match=r"has shape \(5, 6, 7, 2\)"):
            read(path)


@pytest.mark.parametrize("frames", ["x", 10**9, -1, float("nan")])
def test_forged_tag_is_ignored(tmp_path, frames):
    text = PngImagePlugin.PngInfo()
    text.add_text(
        "echo-studio", f'{{"echo-studio": 1, "frames": {frames!r}, "columns": 1, "fps": 20, "mm_per_pixel": [1, 1]}}'
    )
    Image.fromarray(FRAMES[0]).save(tmp_path / "a.png", pnginfo=text)
    assert read_clip(tmp_path / "a.png").frames.shape == (1, 20, 30)


def test_pickles_are_not_opened(tmp_path):
    np.savez(tmp_path / "a.npz", frames=np.array([print, 1], dtype=object))
    with pytest.raises(BadInput):
        read_clip(tmp_path / "a.npz")


def test_npz_without_frames(tmp_path):
    np.savez(tmp_path / "a.npz", pictures=FRAMES)
    with pytest.raises(BadInput, match="no array 'frames'"):
        read_clip(tmp_path / "a.npz")


def test_plain_npz(tmp_path):
    np.savez(tmp_path / "a.npz", frames=FRAMES)
    clip = read_clip(tmp_path / "a.npz")
    assert (clip.fps, clip.mm_per_pixel, clip.provenance, clip.label_maps) == (30, UNKNOWN_SPACING, None, None)


def test_provenance_of_other_shape_is_ignored(tmp_path):
    np.savez(tmp_path / "a.npz", frames=FRAMES, provenance='{"model": "x"}')
    assert read_clip(tmp_path / "a.npz").provenance is None
    whole = Provenance("m", "abc", 1, {}, {}, "s")
    assert read_clip(write_clip(Clip(FRAMES, 20.0, (1.0, 1.0), whole), tmp_path / "b.npz")).provenance == whole


LABELS = RNG.integers(0, 4, (3, 20, 30), dtype=np.uint8)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.float32])
@pytest.mark.parametrize("frames", [1, 3])
def test_camus_label_maps(tmp_path, dtype, frames):
    array = LABELS[:frames].transpose(2, 1, 0).astype(dtype)
    path = save_nifti(
        tmp_path / "patient0001_4CH_ED_gt.nii.gz",
        array[..., 0] if frames == 1 else array,
        (0.3, 0.15, 1.0)[: 1 + min(frames, 2)],
    )
    label_maps, spacing = read_label_maps(path)
    np.testing.assert_array_equal(label_maps, LABELS[:frames])
    assert label_maps.dtype == np.uint8 and spacing == (0.15, 0.3)


def test_label_png_without_spacing(tmp_path):
    Image.fromarray(LABELS[0]).save(tmp_path / "a.png")
    label_maps, spacing = read_label_maps(tmp_path / "a.png")
    np.testing.assert_array_equal(label_maps[0], LABELS[0])
    assert spacing == (7.5, 7.5)


@pytest.mark.parametrize("numbers", [[0, 205, 420, 500], [0, 7], [-3, 600]])
def test_whole_numbers_of_any_kind(tmp_path, numbers):
    """As segmentations of other kinds have them, for `mapping` to sort out."""
    values = np.array(numbers, np.float32)[:, None] * np.ones((1, 6), np.float32)
    read, spacing = read_labels(save_nifti(tmp_path / "a.nii.gz", values))
    assert np.issubdtype(read.dtype, np.integer) and read.shape == (1, 6, len(numbers)) and min(spacing) > 0
    assert np.array_equal(read[0], values.T)
    with pytest.raises(BadInput, match="are known, so relabel it"):
        read_label_maps(tmp_path / "a.nii.gz")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2, 9], "has labels 0, 1, 2, 9; only 0 background, 1 LV, 2 myocardium, 3 LA, 4 sector are known"),
        ([0, 85, 170, 255], "has labels 0, 85, 170, 255; only"),
        ([0, 1, 1.5], r"has a label 1\.5; labels are whole numbers"),
        ([0, -1], "has labels -1, 0; only"),
        (list(range(20)), r"has labels 0, 1, 2, 3, 4, 5, 6, 7, \.\.\.; only"),
        ([0, 0], "is empty: every pixel has the label 0"),
        ([0, np.nan], "has a label nan; labels are whole numbers"),
        ([0, 1e30], r"has a label 1e\+30; labels are whole numbers"),
    ],
)
def test_bad_labels(tmp_path, values, message):
    path = save_nifti(tmp_path / "a.nii.gz", np.array(values, np.float32)[:, None] * np.ones((1, 6), np.float32))
    with pytest.raises(BadInput, match=message):
        read_label_maps(path)


def test_label_maps_of_wrong_kind_or_shape(tmp_path):
    Image.fromarray(np.zeros((9, 9, 3), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(BadInput, match="has colours"):
        read_label_maps(tmp_path / "a.png")
    with pytest.raises(BadInput, match="is a file of kind AVI, which holds no label map"):
        read_label_maps(write_avi(tmp_path / "a.avi", FRAMES))
    np.savez(tmp_path / "a.npz", label_maps=np.zeros((2, 3, 4, 5), np.uint8))
    with pytest.raises(BadInput, match=r"of shape \(2, 3, 4, 5\)"):
        read_label_maps(tmp_path / "a.npz")
    Image.new("L", (10, 5000)).save(tmp_path / "b.png")
    with pytest.raises(BadInput, match="10x5000"):
        read_label_maps(tmp_path / "b.png")
