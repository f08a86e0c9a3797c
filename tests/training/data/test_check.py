import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from engine.errors import BadInput
from tests.training.data.copies import (
    CamusPatient,
    MrPatient,
    Video,
    cut,
    write_camus,
    write_echonet,
    write_mnms,
    write_pediatric,
)
from training.__main__ import app
from training.data.check import check

SOUND = [CamusPatient("patient0001"), CamusPatient("patient0002", split="testing", lvef=30.0, is_reversed=True)]


def run(*arguments) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["data", "check", *map(str, arguments)])
    return result.exit_code, result.stdout, result.stderr


def test_a_sound_copy_is_described(tmp_path):
    code, out, _ = run("camus", write_camus(tmp_path / "camus", SOUND), "--json")
    report = json.loads(out)
    assert code == 0 and report["odd"] == []
    assert (report["patients"], report["clips"], report["frames"], report["labelled_frames"]) == (2, 4, 28, 28)
    assert (report["views"], report["splits"]) == ({"A2C": 2, "A4C": 2}, {"train": 1, "test": 1})
    assert (report["fps"], report["lvef"]) == ([62.5, 62.5], [30.0, 55.0])
    assert (report["height"], report["width"]) == ([120, 120], [70, 70])
    assert (report["mm_per_row"], report["mm_per_column"]) == ([1.25, 1.25], [2.5, 2.5])


def test_every_data_set_has_a_sound_copy(tmp_path):
    copies = {
        "camus": write_camus(tmp_path / "camus", SOUND),
        "echonet": write_echonet(tmp_path / "echonet", [Video("0X1A")]),
        "pediatric": write_pediatric(tmp_path / "pediatric", "PSAX", [Video("CR1-1", split="8")]),
        "mnms": write_mnms(tmp_path / "mnms", [MrPatient("A1B2C3"), MrPatient("D4E5F6", "Training/Unlabeled")]),
    }
    for name, root in copies.items():
        code, out, _ = run(name, root)
        assert code == 0 and out.endswith("All is sound.\n"), out
        for other in copies.keys() - {name}:
            code, out, told = run(other, root)
            assert (code, out) == (2, "") and "is no copy of" in told and told.count("\n") == 1


def test_every_fault_has_one_line_and_nothing_stops_the_walk(tmp_path):
    root = write_camus(
        tmp_path,
        [
            *SOUND,
            CamusPatient("patient0003", split="training+testing"),
            CamusPatient("patient0004", without=("half_sequence", "half_sequence_gt")),
        ],
    )
    patients = root / "database_nifti"
    cut(patients / "patient0001/patient0001_2CH_half_sequence.nii.gz")
    told = patients / "patient0002/Info_4CH.cfg"
    told.write_text(told.read_text().replace("NbFrame: 7", "NbFrame: 8").replace("EF: 30.0", "EF: 130"))
    code, out, _ = run("camus", root)
    assert code == 1 and out.startswith("CAMUS\n  patients    4 ")
    lines = out.splitlines()
    at = lines.index("8 to look at:")
    assert len(lines) == at + 9 and all(line.startswith("  ") for line in lines[at + 1 :])
    for wanted in (
        "patient0003: is in train and test",
        "patient0004_2CH_half_sequence.nii.gz is missing; its ED and ES stills are used",
        "database_nifti/patient0001: patient0001_2CH_half_sequence.nii.gz is damaged or cut off",
        "database_nifti/patient0002: holds 7 frames, but the table says 8",
        "database_nifti/patient0002: has an LVEF of 130 %",
    ):
        assert sum(wanted in line for line in lines) == 1, wanted


def test_odd_labels_are_told(tmp_path):
    root = write_echonet(tmp_path, [Video("0X1A", traced=((2, 1.0), (6, 1.0)))])
    assert "has an LV no larger at ED" in " ".join(check("echonet", root).odd)
    table = root / "VolumeTracings.csv"
    header, *rows = [line.split(",") for line in table.read_text().split()]
    beside = [[name, str(float(x1) + 500), y1, str(float(x2) + 500), y2, at] for name, x1, y1, x2, y2, at in rows]
    table.write_text("\n".join(",".join(row) for row in [header, *beside]))
    (line,) = (line for line in check("echonet", root).odd if "without an LV" in line)
    assert line == "Videos/0X1A.avi: has label maps without an LV: frames 2, 6 (from 0)"


def test_an_unknown_name_and_an_empty_copy_are_refused_in_one_sentence(tmp_path):
    code, out, told = run("acdc", tmp_path)
    assert (code, out) == (
        2,
        "",
    ) and told == "The data set 'acdc' is unknown; use one of camus, echonet, pediatric, mnms.\n"
    (tmp_path / "database_nifti").mkdir()
    (tmp_path / "database_split").mkdir()
    for name in ("training", "validation", "testing"):
        (tmp_path / f"database_split/subgroup_{name}.txt").touch()
    with pytest.raises(BadInput, match="without a single clip"):
        check("camus", tmp_path)


def test_it_is_a_command_of_training(tmp_path):
    command = [sys.executable, "-m", "training", "data", "check", "mnms", str(tmp_path / "nowhere")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.count("\n") == 1 and "no copy of M&Ms" in done.stderr
