import warnings
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import get_testdata_file
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, UltrasoundMultiFrameImageStorage, generate_uid

from engine.errors import BadInput
from engine.media import read_clip, write_clip
from engine.media.limits import UNKNOWN_SPACING

EXAMPLE = Path(get_testdata_file("examples_ybr_color.dcm", download=False))
FRAMES = np.random.default_rng(0).integers(0, 256, (3, 24, 32), dtype=np.uint8)
REGION = {"x": (2, 30), "y": (1, 23), "delta": (0.03, 0.04), "format": 1, "units": 3}


def make_region(x, y, delta, format, units):
    region = pydicom.Dataset()
    region.RegionSpatialFormat = format
    region.RegionLocationMinX0, region.RegionLocationMaxX1 = x
    region.RegionLocationMinY0, region.RegionLocationMaxY1 = y
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = units
    region.PhysicalDeltaX, region.PhysicalDeltaY = delta
    return region


def save(path, frames=FRAMES, regions=(), syntax=ExplicitVRLittleEndian, **values):
    """A small uncompressed ultrasound file; `values` are further elements by keyword, None deletes one."""
    data = pydicom.Dataset()
    data.file_meta = FileMetaDataset()
    data.file_meta.TransferSyntaxUID = syntax
    data.file_meta.MediaStorageSOPClassUID = UltrasoundMultiFrameImageStorage
    data.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    data.PatientName, data.PatientID, data.PatientBirthDate = "DOE^JANE", "ID-4711", "19500101"
    data.Modality = "US"
    data.NumberOfFrames, data.Rows, data.Columns = frames.shape[:3]
    data.SamplesPerPixel = 1 if frames.ndim == 3 else 3
    data.PhotometricInterpretation = "MONOCHROME2" if frames.ndim == 3 else "RGB"
    data.PlanarConfiguration = 0
    data.BitsAllocated = data.BitsStored = 8 * frames.itemsize
    data.HighBit, data.PixelRepresentation = data.BitsStored - 1, 0
    data.PixelData = frames.tobytes()
    if regions:
        data.SequenceOfUltrasoundRegions = list(regions)
    for name, value in values.items():
        setattr(data, name, value)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data.save_as(path, enforce_file_format=True)
    return path


def test_example():
    clip = read_clip(EXAMPLE)
    assert clip.frames.shape == (30, 240, 320)
    assert clip.fps == pytest.approx(30, abs=0.01)
    # The region box describes the 640x480 original, so its scale is not this picture's.
    assert clip.mm_per_pixel == UNKNOWN_SPACING
    assert clip.provenance is None
    repeats = [i for i in range(29) if np.array_equal(clip.frames[i], clip.frames[i + 1])]
    assert repeats == [10, 27]
    # Taken as YBR, RGB would come out with a bright background.
    assert np.median(clip.frames) <= 2 and clip.frames.max() > 150


@pytest.mark.parametrize("name", ["scan", "1.2.840.114340.3.16117", "SCAN.DCM"])
def test_without_an_ending(tmp_path, name):
    (tmp_path / name).write_bytes(EXAMPLE.read_bytes())
    assert len(read_clip(tmp_path / name).frames) == 30


@pytest.mark.parametrize("implicit", [True, False])
def test_without_preamble_and_file_meta(tmp_path, implicit):
    data = pydicom.dcmread(save(tmp_path / "a.dcm", FrameTime=20))
    data.SOPClassUID = UltrasoundMultiFrameImageStorage
    bare = pydicom.Dataset(data)
    bare.save_as(tmp_path / "bare", implicit_vr=implicit, little_endian=True, enforce_file_format=False)
    clip = read_clip(tmp_path / "bare")
    np.testing.assert_array_equal(clip.frames, FRAMES)
    assert clip.fps == 50


def test_uncompressed(tmp_path):
    clip = read_clip(save(tmp_path / "a.dcm", FrameTime=20, HeartRate=0, regions=[make_region(**REGION)]))
    np.testing.assert_array_equal(clip.frames, FRAMES)
    assert clip.fps == 50
    assert clip.mm_per_pixel == pytest.approx((0.4, 0.3))


@pytest.mark.parametrize(
    ("values", "fps"),
    [
        ({}, 30),
        ({"FrameTime": 0}, 30),
        ({"FrameTime": 0, "CineRate": 48}, 48),
        ({"FrameTimeVector": [0, 10, 30]}, 50),
        ({"RecommendedDisplayFrameRate": 25}, 25),
        ({"FrameTime": 1e9}, 30),
    ],
)
def test_frame_rate(tmp_path, values, fps):
    assert read_clip(save(tmp_path / "a.dcm", **values)).fps == pytest.approx(fps)


def test_still_has_rate_one(tmp_path):
    assert read_clip(save(tmp_path / "a.dcm", FRAMES[:1])).fps == 1


@pytest.mark.parametrize(
    ("regions", "values", "spacing"),
    [
        ([], {}, UNKNOWN_SPACING),
        ([REGION | {"x": (2, 60)}], {}, UNKNOWN_SPACING),
        ([REGION | {"y": (2, 40)}], {}, UNKNOWN_SPACING),
        ([REGION | {"format": 2}], {}, UNKNOWN_SPACING),
        ([REGION | {"units": 4}], {}, UNKNOWN_SPACING),
        ([REGION | {"delta": (0.0, 0.0)}], {}, UNKNOWN_SPACING),
        ([REGION | {"delta": (0.03, -0.04)}], {}, (0.4, 0.3)),
        ([REGION | {"x": (0, 9), "delta": (0.1, 0.1)}, REGION], {}, (0.4, 0.3)),
        ([REGION | {"format": 3}, REGION], {}, (0.4, 0.3)),
        ([], {"PixelSpacing": [0.5, 0.6]}, (0.5, 0.6)),
    ],
)
def test_spacing(tmp_path, regions, values, spacing):
    path = save(tmp_path / "a.dcm", regions=[make_region(**region) for region in regions], **values)
    assert read_clip(path).mm_per_pixel == pytest.approx(spacing)


def test_kinds_of_pixels(tmp_path):
    colour = np.stack([FRAMES] * 3, -1)
    np.testing.assert_array_equal(read_clip(save(tmp_path / "a.dcm", colour)).frames, FRAMES)
    inverted = save(tmp_path / "b.dcm", PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_clip(inverted).frames, 255 - FRAMES)
    deep = np.array([0, 1000, 2000, 4000], np.uint16).reshape(1, 2, 2)
    np.testing.assert_array_equal(read_clip(save(tmp_path / "c.dcm", deep)).frames.ravel(), [0, 64, 128, 255])
    palette = read_clip(get_testdata_file("examples_palette.dcm", download=False))
    assert palette.frames.shape == (1, 350, 800) and 10 < palette.frames.mean() < 40


def test_patient_goes_nowhere(tmp_path):
    clip = read_clip(save(tmp_path / "a.dcm", FrameTime=20))
    assert "DOE" not in str(asdict(clip)) and clip.provenance is None
    for ending in (".gif", ".png", ".nii", ".npz"):
        data = write_clip(clip, tmp_path / f"clip{ending}").read_bytes()
        assert not any(secret in data for secret in (b"DOE", b"JANE", b"4711", b"19500101"))


def test_truncated_anywhere(tmp_path):
    whole, path = EXAMPLE.read_bytes(), tmp_path / "a.dcm"
    for share in (0.0001, 0.0006, 0.001, 0.01, 0.1, 0.2, 0.25, 0.5, 0.9, 0.98, 0.999, 0.99995):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(BadInput, match=r"cut off|damaged"):
            read_clip(path)


def test_truncated_uncompressed(tmp_path):
    path = save(tmp_path / "a.dcm")
    whole = path.read_bytes()
    for missing in (2, FRAMES[0].size, 2 * FRAMES[0].size):
        path.write_bytes(whole[:-missing])
        with pytest.raises(BadInput, match=r"cut off|damaged"):
            read_clip(path)


def test_changed_bytes(tmp_path):
    whole, path = (
        save(tmp_path / "a.dcm", FrameTime=20, regions=[make_region(**REGION)]).read_bytes(),
        tmp_path / "b.dcm",
    )
    rng = np.random.default_rng(2)
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(132, 1100, 3):
            data[at] = rng.integers(256)
        path.write_bytes(bytes(data))
        try:
            assert read_clip(path).frames.ndim == 3
        except BadInput as error:
            assert "\n" not in str(error)


def test_absurd_size_is_refused_before_decoding(tmp_path):
    for values in ({"Rows": 60000}, {"NumberOfFrames": 5000}, {"Rows": 4000, "Columns": 4000, "NumberOfFrames": 1000}):
        with pytest.raises(BadInput, match="at most 2000 frames, 4096 pixels"):
            read_clip(save(tmp_path / "a.dcm", **values))


def test_no_picture(tmp_path):
    for name in ("test-SR.dcm", "rtplan.dcm", "waveform_ecg.dcm"):
        with pytest.raises(BadInput, match="DICOM without a picture"):
            read_clip(get_testdata_file(name, download=False))


def test_unknown_compression_is_named(tmp_path):
    path = save(tmp_path / "a.dcm")
    data = path.read_bytes().replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0")
    path.write_bytes(data)
    with pytest.raises(BadInput, match=r"is compressed as .* which is not read here"):
        read_clip(path)
