"""EchoNet-Dynamic and EchoNet-Pediatric."""

import numpy as np
import pytest

from engine.anatomy import labels
from engine.errors import BadInput
from tests.training.data.copies import Video, cut, ellipse, smooth_clip, write_echonet, write_pediatric, write_table
from training.data import echonet, pediatric


def area_of(scale: float) -> float:
    """Of the traced polygon, by the trapezium rule over its chords."""
    y, left, right = ellipse(scale)
    return float(np.trapezoid((right - left)[::-1], y[::-1]))


@pytest.fixture(scope="module")
def dynamic(tmp_path_factory):
    return write_echonet(
        tmp_path_factory.mktemp("echonet"),
        [
            Video("0X1A"),
            Video("0X2B", split="VAL", traced=((7, 1.1), (3, 0.6), (5, 0.9))),
            Video("0X3C", split="TEST", traced=((4, 1.0),)),
            Video("0X4D", tint=(0.6, 0.8, 1.0)),
        ],
    )


def test_a_video_is_what_was_written(dynamic):
    found = echonet.list_records(dynamic)
    example = echonet.read(found.items[0])
    assert np.abs(example.frames.astype(int) - smooth_clip(Video("0X1A"))).max() <= 4
    assert (example.ed, example.es, example.fps, example.lvef, example.view) == (2, 6, 50.0, 55.5, "A4C")
    assert (example.mm_per_pixel, example.split, example.patient) == (None, "train", "0X1A")
    for at, scale in ((2, 1.0), (6, 0.7)):
        drawn = example.label_maps[at]
        assert drawn.sum() == pytest.approx(area_of(scale), rel=0.02)
        y, x = np.nonzero(drawn)
        assert (x.mean(), y.mean()) == pytest.approx((60, 55), abs=0.6)
        assert set(np.unique(drawn)) == {labels.BACKGROUND, labels.LV}


def test_ed_is_the_largest_of_the_traced_frames_in_whatever_order(dynamic):
    example = echonet.read(echonet.list_records(dynamic).items[1])
    assert (example.ed, example.es, list(example.label_maps), example.split) == (7, 3, [3, 5, 7], "validation")


def test_a_video_with_one_traced_frame_is_left_out_and_told(dynamic):
    found = echonet.list_records(dynamic)
    assert [record.patient for record in found.items] == ["0X1A", "0X2B", "0X4D"]
    assert found.odd == ("0X3C.avi: has 1 traced frames; two are wanted, so it is left out",)


def test_a_tinted_clip_becomes_grey_by_its_luminance(dynamic):
    example = echonet.read(echonet.list_records(dynamic).items[2])
    luminance = smooth_clip(Video("0X4D")) * (0.114 * 0.6 + 0.587 * 0.8 + 0.299 * 1.0)
    assert np.abs(example.frames - luminance).max() <= 5


def test_names_agree_with_and_without_their_ending(tmp_path):
    root = write_echonet(tmp_path, [Video("0X1A")])
    table = root / "FileList.csv"
    table.write_text(table.read_text().replace("0X1A", "0X1A.avi"))
    tracings = root / "VolumeTracings.csv"
    tracings.write_text(tracings.read_text().replace(".avi", ""))
    found = echonet.list_records(root)
    assert len(found.items) == 1 and found.odd == () and sorted(found.items[0].outlines) == [2, 6]


def test_missing_and_unlisted_videos_and_unknown_splits_are_told(tmp_path):
    root = write_echonet(tmp_path, [Video("0X1A"), Video("0X2B", split="maybe")])
    (root / "Videos/0X1A.avi").rename(root / "Videos/other.avi")
    found = echonet.list_records(root)
    assert [record.split for record in found.items] == [None]
    assert found.odd == (
        f"{root.name}/Videos/0X1A.avi: is listed but missing",
        f"{root.name}/Videos/other.avi: is in no row of FileList.csv",
        "0X2B.avi: its split is 'maybe'; one of TRAIN, VAL, TEST is wanted",
    )


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.9])
def test_a_video_that_is_cut_off_is_refused(tmp_path, share):
    root = write_echonet(tmp_path, [Video("0X1A", frames=20)])
    cut(root / "Videos/0X1A.avi", share)
    with pytest.raises(BadInput, match=r"0X1A\.avi"):
        echonet.read(echonet.list_records(root).items[0])


def test_a_tracing_past_the_end_is_refused(tmp_path):
    root = write_echonet(tmp_path, [Video("0X1A", traced=((2, 1.0), (9, 0.7)))])
    with pytest.raises(BadInput, match="holds 9 frames, but frame 9"):
        echonet.read(echonet.list_records(root).items[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Name,EF,FPS,NumberOfFrames,Split\n0X1A,55,50,9,TRAIN\n", "FileName is wanted too"),
        ("", "has the columns none"),
        ("\x00\x01\x02", "FileName"),
    ],
)
def test_a_table_with_other_headers_is_refused(tmp_path, text, told):
    root = write_echonet(tmp_path, [Video("0X1A")])
    (root / "FileList.csv").write_text(text)
    with pytest.raises(BadInput, match=told):
        echonet.list_records(root)


def test_headers_in_another_dialect_are_read(tmp_path):
    root = write_echonet(tmp_path, [Video("0X1A")])
    table = root / "FileList.csv"
    text = (
        table.read_text()
        .replace(",", ";")
        .replace("FileName", " file_name")
        .replace("NumberOfFrames", "Number of Frames")
    )
    table.write_text("\ufeff" + text)
    assert echonet.list_records(root).items[0].frames == 9


def test_rows_that_are_no_numbers_are_passed_over(tmp_path):
    root = write_echonet(tmp_path, [Video("0X1A")])
    with (root / "VolumeTracings.csv").open("a") as file:
        file.write("0X1A.avi,nan,1,2,3,2\n0X1A.avi,1,2\n,,,,,\n0X1A.avi,1,2,3,4,-5\n")
    (record,) = echonet.list_records(root).items
    assert sorted(record.outlines) == [2, 6] and all(np.isfinite(each).all() for each in record.outlines.values())


def test_a_folder_that_is_no_copy_is_refused(tmp_path):
    with pytest.raises(
        BadInput, match=r"no copy of EchoNet-Dynamic: FileList\.csv, VolumeTracings\.csv, Videos not found"
    ):
        echonet.list_records(tmp_path)
    with pytest.raises(BadInput, match="neither A4C nor PSAX"):
        pediatric.list_records(tmp_path)


@pytest.fixture(scope="module")
def children(tmp_path_factory):
    root = tmp_path_factory.mktemp("pediatric")
    write_pediatric(root, "A4C", [Video(f"CR{fold}-CR10{fold}-1", split=f"{fold}", size=64) for fold in range(10)])
    return write_pediatric(
        root, "PSAX", [Video("CR9-CR109-2", split="9"), Video("CR3-CR103-2", split="3", traced=((1, 1.0),))]
    )


def test_folds_become_splits_and_views_are_those_of_their_folders(children):
    found = pediatric.list_records(children)
    assert [record.split for record in found.items] == ["train"] * 8 + ["validation", "test", "test"]
    assert [record.view for record in found.items] == ["A4C"] * 10 + ["PSAX"]
    assert found.items[9].patient == found.items[10].patient == "CR9"


def test_no_systole_means_no_second_traced_frame(children):
    assert pediatric.list_records(children).odd == (
        "PSAX/CR3-CR103-2.avi: has 1 traced frames; two are wanted, so it is left out",
    )


def test_a_short_axis_video_is_what_was_written(children):
    example = pediatric.read(pediatric.list_records(children).items[10])
    assert (example.view, example.ed, example.es, example.fps, example.lvef) == ("PSAX", 2, 6, 30.0, 61.2)
    assert example.label_maps[2].sum() == pytest.approx(area_of(1.0), rel=0.02)
    assert example.frames.shape == (9, 112, 112)


def test_a_child_in_two_splits_is_told_and_belongs_to_none(tmp_path):
    write_pediatric(tmp_path, "A4C", [Video("CR1-CR11-1", split="0"), Video("CR2-CR12-1", split="8")])
    write_pediatric(tmp_path, "PSAX", [Video("CR1-CR11-2", split="9")])
    found = pediatric.list_records(tmp_path)
    assert [record.split for record in found.items] == [None, "validation", None]
    assert found.odd == ("CR1: is in test and train; a patient belongs in one split, so it is in none",)


def test_one_view_is_enough_and_a_broken_one_is_refused(tmp_path):
    write_pediatric(tmp_path, "PSAX", [Video("CR1-CR11-1", split="0")])
    assert len(pediatric.list_records(tmp_path).items) == 1
    write_table(tmp_path / "A4C/FileList.csv", ("FileName",), [])
    with pytest.raises(
        BadInput, match=r"A4C is no copy of EchoNet-Pediatric's A4C: VolumeTracings\.csv, Videos not found"
    ):
        pediatric.list_records(tmp_path)
