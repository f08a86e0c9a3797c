import numpy as np
import pytest

from engine.anatomy import labels
from engine.errors import BadInput
from tests.training.data.copies import (
    CAMUS_FPS,
    CAMUS_GRID,
    CAMUS_SECTOR,
    CamusPatient,
    cut,
    half_beat,
    write_camus,
    write_nifti,
)
from training.data.camus import list_records, read


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    return write_camus(
        tmp_path_factory.mktemp("camus"),
        [
            CamusPatient("patient0001"),
            CamusPatient("patient0002", split="testing", is_reversed=True),
            CamusPatient("patient0003", split="validation", without=("half_sequence", "half_sequence_gt")),
            CamusPatient("patient0004", is_reversed=True, without=("half_sequence_gt",)),
        ],
    )


def examples(root, patient):
    return [read(record) for record in list_records(root).items if record.patient == patient]


def test_a_sequence_is_what_was_written(copy):
    for example, view in zip(examples(copy, "patient0001"), ("2CH", "4CH"), strict=True):
        frames, maps = half_beat(view, 55.0, 7, seed=11)
        assert np.array_equal(example.frames, frames)
        assert (example.ed, example.es, example.fps, example.lvef) == (0, 6, CAMUS_FPS, 55.0)
        assert example.mm_per_pixel == CAMUS_GRID.mm_per_pixel
        assert (example.view, example.split, example.patient) == (
            {"2CH": "A2C", "4CH": "A4C"}[view],
            "train",
            "patient0001",
        )
        assert list(example.label_maps) == list(range(7))
        fan = CAMUS_SECTOR.contains(CAMUS_GRID.mesh())
        for drawn, found in zip(maps, example.label_maps.values(), strict=True):
            assert np.array_equal(found, np.where((drawn == 0) & fan, labels.SECTOR, drawn))


def test_a_sequence_that_runs_from_es_to_ed_is_turned_round(copy):
    for straight, turned in zip(examples(copy, "patient0001"), examples(copy, "patient0002"), strict=True):
        assert np.array_equal(straight.frames, turned.frames) and turned.split == "test"
        assert (turned.ed, turned.es) == (0, 6)
        for at in range(7):
            assert np.array_equal(straight.label_maps[at], turned.label_maps[at])


def test_without_a_sequence_the_stills_are_taken_and_it_is_told(copy):
    for whole, stills in zip(examples(copy, "patient0001"), examples(copy, "patient0003"), strict=True):
        assert np.array_equal(stills.frames, whole.frames[[0, -1]])
        assert (stills.ed, stills.es, stills.fps, stills.split) == (0, 1, None, "validation")
        for at, same in ((0, 0), (1, 6)):
            assert np.array_equal(stills.label_maps[at], whole.label_maps[same])
    told = [line for line in list_records(copy).odd if "patient0003" in line]
    assert (
        len(told) == 4 and "patient0003_2CH_half_sequence.nii.gz is missing; its ED and ES stills are used" in told[0]
    )


def test_without_labels_of_the_sequence_those_of_the_stills_stand_at_their_frames(copy):
    for whole, part in zip(examples(copy, "patient0001"), examples(copy, "patient0004"), strict=True):
        assert list(part.label_maps) == [0, 6]
        for at in (0, 6):
            assert np.array_equal(part.label_maps[at], whole.label_maps[at])


def test_a_hole_in_the_sector_and_a_speck_beside_it_change_nothing(tmp_path):
    root = write_camus(tmp_path, [CamusPatient("patient0001")])
    before = read(list_records(root).items[0])
    frames = before.frames.copy()
    frames[:, 60:64, 30:34], frames[:, 2, 2] = 0, 200
    path = root / "database_nifti/patient0001/patient0001_2CH_half_sequence.nii.gz"
    write_nifti(path, frames, CAMUS_GRID.mm_per_pixel)
    after = read(list_records(root).items[0])
    assert all(np.array_equal(before.label_maps[at], after.label_maps[at]) for at in range(7))


def test_listing_decodes_nothing(tmp_path):
    root = write_camus(tmp_path, [CamusPatient("patient0001")])
    for path in root.rglob("*.nii.gz"):
        path.write_bytes(b"no picture")
    found = list_records(root)
    assert len(found.items) == 2 and not found.odd
    with pytest.raises(BadInput, match="half_sequence"):
        read(found.items[0])


def test_a_file_that_is_cut_off_is_refused(tmp_path):
    root = write_camus(tmp_path, [CamusPatient("patient0001")])
    for part in ("half_sequence", "half_sequence_gt"):
        cut(
            root / f"database_nifti/patient0001/patient0001_{'2CH' if part == 'half_sequence' else '4CH'}_{part}.nii.gz"
        )
    for record in list_records(root).items:
        with pytest.raises(BadInput, match="damaged or cut off"):
            read(record)


def test_label_maps_of_another_shape_are_refused(tmp_path):
    root = write_camus(tmp_path, [CamusPatient("patient0001")])
    path = root / "database_nifti/patient0001/patient0001_2CH_half_sequence_gt.nii.gz"
    write_nifti(path, np.eye(120, 69, dtype=np.uint8)[None].repeat(7, 0), CAMUS_GRID.mm_per_pixel)
    with pytest.raises(BadInput, match=r"has shape \(7, 120, 69\); \(7, 120, 70\) is wanted"):
        read(list_records(root).items[0])


@pytest.mark.parametrize(
    ("text", "told"),
    [("ED: 1\nES: x\nNbFrame: 7\n", "ES x"), ("", "ED missing"), ("ED: 0\nES: 5\nNbFrame: 7", "ED 0")],
)
def test_a_cfg_without_frame_numbers_is_told_and_the_other_view_kept(tmp_path, text, told):
    root = write_camus(tmp_path, [CamusPatient("patient0001")])
    (root / "database_nifti/patient0001/Info_2CH.cfg").write_text(text)
    found = list_records(root)
    assert [record.view for record in found.items] == ["A4C"]
    assert len(found.odd) == 1 and told in found.odd[0]


def test_frame_numbers_past_the_end_are_refused(tmp_path):
    root = write_camus(tmp_path, [CamusPatient("patient0001")])
    (root / "database_nifti/patient0001/Info_2CH.cfg").write_text("ED: 1\nES: 9\nNbFrame: 9\n")
    with pytest.raises(BadInput, match="has 7 frames, but its cfg puts ED at 1 and ES at 9"):
        read(list_records(root).items[0])


def test_no_patient_lands_in_two_splits(tmp_path):
    root = write_camus(
        tmp_path,
        [
            CamusPatient("patient0001", split="training+testing"),
            CamusPatient("patient0002"),
            CamusPatient("patient0003", split=None),
        ],
    )
    found = list_records(root)
    assert {record.patient: record.split for record in found.items} == {
        "patient0001": None, "patient0002": "train", "patient0003": None,
    }  # fmt: skip
    assert [line.split(";")[0] for line in found.odd] == [
        "patient0001: is in train and test", "patient0003: is in no split",
    ]  # fmt: skip
