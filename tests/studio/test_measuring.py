"""`echo-studio measure`: what it says of clips that the phantom made, and how it refuses."""

import json
import shutil

import numpy as np
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from engine.errors import BadInput
from engine.measures import lvef
from engine.media.read import read_clip, read_label_maps
from engine.media.write import write_label_maps
from engine.types import Clip, Provenance
from studio.cli import app
from studio.measuring import Draw, arrange, wanted_maps

cli = CliRunner()


class Photographs(nn.Module):
    """Has the signature of Inception's TorchScript."""

    def forward(self, images: torch.Tensor, return_features: bool = False) -> torch.Tensor:
        grey = images[:, 0].flatten(1)
        return torch.stack([grey.mean(1), grey.std(1)], 1)


def run(line):
    return cli.invoke(app, line.split())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A heart, one clip with its label maps in a file beside it, and a folder of six: three LVEFs, two seeds each."""
    folder = tmp_path_factory.mktemp("measuring")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "gen").mkdir()
        assert run("heart normal --out heart.json").exit_code == 0
        for percent in (25, 45, 65):
            for seed in (1, 2):
                line = f"phantom --heart heart.json --lvef {percent} --seed {seed} --out gen/{percent}-{seed}.npz"
                assert run(line).exit_code == 0
        line = "phantom --heart heart.json --lvef 45 --seed 1 --out clip.mp4 --labels-out clip_labels.nii.gz"
        assert run(line).exit_code == 0
        maps, spacing = read_label_maps("clip_labels.nii.gz")
        write_label_maps(maps[:5], 10.0, spacing, "five.nii.gz")
        write_label_maps(maps[:, :100], 10.0, spacing, "short.nii.gz")
        shutil.copy("clip_labels.nii.gz", "gen/45-1_labels.nii.gz")
        (folder / "empty").mkdir()
        (folder / "broken.mp4").write_bytes(b"\0\0\0\x20ftypisom and no more")
        (folder / "alone").mkdir()
        shutil.copy("gen/25-1.npz", "alone/25-1.npz")
        torch.jit.script(Photographs()).save("photographs.pt")
    return folder


@pytest.fixture
def folder(made, monkeypatch):
    monkeypatch.chdir(made)
    monkeypatch.setattr(lvef, "find", find_none)
    monkeypatch.setattr("studio.measuring.find", find_none)
    lvef.load.cache_clear()
    return made


def find_none(name):
    raise BadInput(f"The weights {name} are not here.")


def test_one_clip_is_told_line_by_line_and_frame_by_frame(folder):
    done = run("measure clip.mp4 --labels clip_labels.nii.gz --plot beat.png")
    assert done.exit_code == 0, done.stderr
    assert "16 frames of 448x448" in done.stdout and "LVEF asked for               45.0 %" in done.stdout
    assert "with clip_labels.nii.gz, mean of 16 frames" in done.stdout
    assert "learned from simulated ultrasound alone" in done.stdout
    frames = [line for line in done.stdout.splitlines() if line[:2].strip().isdigit()]
    assert len(frames) == 16 and all(len(line.split()) == 6 for line in frames)
    assert (folder / "beat.png").read_bytes().startswith(b"\x89PNG")


def test_json_holds_the_same_as_numbers(folder):
    done = run("measure clip.mp4 --labels clip_labels.nii.gz --json")
    (clip,) = json.loads(done.stdout, parse_constant=pytest.fail)["clips"]
    assert clip["lvef_asked"] == 45 and clip["lvef_simpson"] == pytest.approx(45, abs=10)
    assert clip["lvef_regressor"] is None, "its weights are hidden here"
    assert clip["seed"] == 1 and clip["model"] == "phantom"
    assert len(clip["by_frame"]["lv_volume_ml"]) == len(clip["by_frame"]["dice"]["LV"]) == 16
    assert (
        clip["dice"]["LV"] == pytest.approx(np.mean(clip["by_frame"]["dice"]["LV"]), abs=1e-5)
        and clip["dice"]["LV"] > 0.8
    )


def test_the_drawn_heart_is_read_from_the_clip_itself(folder):
    wanted = wanted_maps(read_clip("clip.mp4"))
    assert wanted.source == "the heart that was drawn"
    truth = read_label_maps("clip_labels.nii.gz")[0]
    assert (wanted.maps[:, 2::4, 2::4] == truth).mean() > 0.97
    done = run("measure clip.mp4")
    assert "with the heart that was drawn" in done.stdout and "on a simulated clip of that beat" in done.stdout


@pytest.mark.parametrize("heart", [None, {}, {"contours": 1}, "x"])
@pytest.mark.parametrize("percent", [None, "many", 1e9, 10**400])
def test_what_a_file_says_of_itself_is_not_believed_blindly(heart, percent):
    told = Provenance("m", None, 0, {}, {"heart": heart, "lvef": percent}, "s")
    assert wanted_maps(Clip(np.zeros((2, 16, 16), np.uint8), 10.0, (1.0, 1.0), told)) is None


def test_a_folder_makes_a_table_and_its_agreement(folder):
    done = run("measure gen --plot agreement.png")
    assert done.exit_code == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines[1:7]] == [f"{p}-{s}.npz" for p in (25, 45, 65) for s in (1, 2)]
    assert "_labels" not in done.stdout
    single, best = (i for i, line in enumerate(lines) if line.startswith(("single draw", "best of 2 draws")))
    assert lines[single].startswith("single draw") and best == single + 1
    assert (folder / "agreement.png").read_bytes().startswith(b"\x89PNG")


def test_real_clips_give_distances_by_name_and_the_floor(folder):
    done = run("measure gen --real gen --inception photographs.pt --json")
    assert done.exit_code == 0, done.stderr
    document = json.loads(done.stdout)
    found = {(d["name"], d["extractor"].split(" (")[0]): d for d in document["distances"]}
    assert set(found) == {(n, e) for n in ("FID", "KID") for e in ("Inception", "our echo segmenter's bottleneck")}
    assert found["FID", "Inception"]["value"] == pytest.approx(0, abs=1e-6), "the same clips"
    assert found["FID", "Inception"]["floor"]["mean"] > 0
    assert "lvef.safetensors" in document["missing"][0]
    assert document["alike"]["SSIM"].startswith("1.000, mean of 6 clips")
    assert "not present" in document["alike"]["LPIPS"]


def test_draws_are_put_together_by_request_and_never_unevenly():
    def draw(request, seed, asked=50.0, heart="h"):
        return Draw({}, asked, 10.0 * seed, float("nan"), seed, request, heart)

    even = [draw("b", 2, 60.0, "i"), draw("a", 3), draw("a", 1), draw("b", 4, 60.0, "i")]
    asked, measured, hearts = arrange(even, "regressor")
    assert sorted(zip(asked, map(tuple, measured), strict=True)) == [(50, (10, 30)), (60, (20, 40))]
    assert len(set(hearts)) == 2
    asked, measured, hearts = arrange([*even, draw("c", 5), draw("d", 6, float("nan"))], "regressor")
    assert measured.shape == (5, 1) and len(set(hearts)) == 2, "one request has one clip; one clip asks for nothing"
    assert arrange([], "simpson")[1].shape == (0, 1)


REFUSED = {
    "measure missing.mp4": "missing.mp4",
    "measure broken.mp4": "broken.mp4",
    "measure heart.json": "heart.json",
    "measure gen broken.mp4": "broken.mp4",
    "measure empty": "empty",
    "measure clip.mp4 --labels five.nii.gz": "5 label maps",
    "measure clip.mp4 --labels short.nii.gz": "112x100",
    "measure clip.mp4 --labels clip.mp4": "clip.mp4",
    "measure gen --labels clip_labels.nii.gz": "--labels",
    "measure clip.mp4 --plot beat.doc": "beat.doc",
    "measure clip.mp4 --plot none/beat.png": "none",
    "measure alone --plot agreement.png": "--plot",
    "measure clip.mp4 --real gen": "1 clips",
    "measure gen --real empty": "empty",
    "measure gen --real none": "none",
    "measure gen --inception photographs.pt": "--real",
    "measure gen --real gen --inception missing.pt": "missing.pt",
    "measure gen --real gen --i3d photographs.pt": "photographs.pt",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_one_sentence_and_exit_code_2(folder, line):
    before = set(folder.iterdir())
    done = run(line)
    assert done.exit_code == 2, done.stderr
    assert done.stdout == ""
    sentence = done.stderr.strip().splitlines()[-1]
    assert REFUSED[line] in sentence and sentence.endswith(".") and "Traceback" not in done.stderr
    assert set(folder.iterdir()) == before
