import itertools

import numpy as np
import pytest

from engine.anatomy import labels
from engine.errors import BadInput
from tests.training.data.copies import MrPatient, cut, mr_maps, write_mnms
from training.data.mnms import list_records, read


@pytest.mark.parametrize("classes", list(itertools.permutations((1, 2, 3))))
def test_pool_and_wall_are_told_apart_in_whatever_order(tmp_path, classes):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3", classes=classes)])
    ours = np.array([labels.BACKGROUND, labels.LV, labels.MYOCARDIUM, labels.SECTOR])
    for record in list_records(root).items:
        example = read(record)
        wanted = ours[mr_maps(MrPatient("A1B2C3"), record.phase)]
        assert example.phase == record.phase and list(example.label_maps) == [0, 1, 2]
        assert all(
            np.array_equal(found, drawn) for found, drawn in zip(example.label_maps.values(), wanted, strict=True)
        )


def test_a_volume_is_what_was_written(tmp_path):
    patient = MrPatient("A1B2C3", ed=1, es=4)
    root = write_mnms(tmp_path, [patient])
    ed, es = (read(record) for record in list_records(root).items)
    for example in (ed, es):
        assert (example.view, example.fps, example.ed, example.es, example.mm_per_pixel) == (
            "SAX", None, None, None, (1.5, 1.25),
        )  # fmt: skip
        assert example.frames.shape == (3, 64, 72) and example.frames.dtype == np.uint8
        pool = np.stack(list(example.label_maps.values())) == labels.LV
        assert example.frames[pool].min() > 200 > 60 > example.frames[~pool].max()
    sizes = [(mr_maps(patient, phase) == 1).sum() for phase in ("ED", "ES")]
    assert ed.lvef == es.lvef == pytest.approx(100 * (1 - sizes[1] / sizes[0]))


def test_folders_become_splits_and_the_unlabelled_have_neither_labels_nor_lvef(tmp_path):
    folders = ["Training/Labeled", "Training/Unlabeled", "Validation", "Testing"]
    root = write_mnms(tmp_path, [MrPatient(f"P{at}", folder) for at, folder in enumerate(folders)])
    found = list_records(root)
    assert {record.patient: record.split for record in found.items} == {
        "P0": "train", "P1": "train", "P2": "validation", "P3": "test",
    }  # fmt: skip
    assert len(found.items) == 8 and found.odd == ()
    bare = read(found.items[2])
    assert bare.patient == "P1" and bare.label_maps == {} and bare.lvef is None and bare.frames.any()


@pytest.mark.parametrize("unnamed", [True, False])
def test_the_table_is_read_in_its_dialects(tmp_path, unnamed):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3", ed=2, es=0)], unnamed)
    (table,) = root.glob("*.csv")
    table.write_text(table.read_text().replace("External code", "External_Code"))
    assert {(record.ed, record.es) for record in list_records(root).items} == {(2, 0)}


def test_a_patient_in_two_folders_belongs_to_no_split(tmp_path):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3"), MrPatient("A1B2C3", "Testing"), MrPatient("D4E5F6")])
    found = list_records(root)
    assert {record.patient: record.split for record in found.items} == {"A1B2C3": None, "D4E5F6": "train"}
    assert found.odd == ("A1B2C3: is in test and train; a patient belongs in one split, so it is in none",)


def test_what_does_not_fit_the_table_is_told(tmp_path):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3"), MrPatient("D4E5F6"), MrPatient("G7H8I9")])
    (root / "Training/Labeled/A1B2C3").rename(root / "Training/Labeled/X0X0X0")
    (root / "Training/Labeled/D4E5F6/D4E5F6_sa.nii.gz").unlink()
    (root / "Training/Labeled/G7H8I9/G7H8I9_sa_gt.nii.gz").unlink()
    found = list_records(root)
    assert {record.patient for record in found.items} == {"G7H8I9"}
    assert [line.split(":")[0] for line in found.odd] == [
        "Training/Labeled/D4E5F6", "Training/Labeled/G7H8I9", "Training/Labeled/X0X0X0", "A1B2C3",
    ]  # fmt: skip


def test_labels_without_a_ring_are_refused(tmp_path):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3", classes=(1, 1, 1))])
    with pytest.raises(BadInput, match="no class that encloses another"):
        read(list_records(root).items[0])


def test_unknown_labels_are_refused(tmp_path):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3", classes=(1, 2, 7))])
    with pytest.raises(BadInput, match="has labels 0, 1, 2, 7; 0 to 3 are wanted"):
        read(list_records(root).items[0])


@pytest.mark.parametrize("name", ["sa", "sa_gt"])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_that_is_cut_off_is_refused(tmp_path, name, share):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3")])
    cut(root / f"Training/Labeled/A1B2C3/A1B2C3_{name}.nii.gz", share)
    with pytest.raises(BadInput, match=rf"A1B2C3_{name}\.nii\.gz is damaged"):
        read(list_records(root).items[1])


def test_an_instant_past_the_end_is_refused(tmp_path):
    root = write_mnms(tmp_path, [MrPatient("A1B2C3")])
    (table,) = root.glob("*.csv")
    table.write_text(table.read_text().replace(",0,3,", ",0,5,"))
    with pytest.raises(BadInput, match=r"has 5 instants, but the table names 5"):
        read(list_records(root).items[1])


def test_a_folder_that_is_no_copy_is_refused(tmp_path):
    with pytest.raises(BadInput, match="no copy of M&Ms"):
        list_records(tmp_path)
    root = write_mnms(tmp_path / "copy", [MrPatient("A1B2C3")])
    (root / "Training").rename(root / "training_data")
    with pytest.raises(BadInput, match="Training/Labeled, Training/Unlabeled, Validation, Testing not found"):
        list_records(root)
