"""The command line: what it makes, and how it refuses."""

import json
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from typer.testing import CliRunner

from engine.anatomy.drawing import drawing_from_json, preset_drawing, write_drawing
from engine.anatomy.heart import heart_from_json, read_document
from engine.anatomy.keys import Key
from engine.anatomy.presets import PRESETS, preset
from engine.cards import CARDS
from engine.media.read import read_clip
from studio.cli import app

cli = CliRunner()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.invoke(app, ["heart", "normal", "--out", "heart.json"]).exit_code == 0
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "fake.nii.gz").write_bytes(b"nothing of the kind")
    return tmp_path


def run(line):
    return cli.invoke(app, shlex.split(line))


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("view", ["A4C", "a2c"])
def test_heart_writes_the_preset(folder, name, view):
    assert run(f"heart '{name}' --view {view} --out h.json").exit_code == 0
    document = read_document("h.json")
    assert heart_from_json(document).to_json() == preset(name, view.upper()).to_json()
    assert drawing_from_json(document).to_json() == preset_drawing(name, view.upper()).to_json()


def test_phantom_writes_a_clip_and_its_label_maps(folder):
    line = "phantom --heart heart.json --lvef 55 --seed 1 --heart-rate 75 --out clip.nii.gz --labels-out labels.nii.gz"
    assert run(line).exit_code == 0
    clip, labels = nibabel.load("clip.nii.gz"), nibabel.load("labels.nii.gz")
    assert clip.shape == labels.shape == (112, 112, 1, 16)
    assert clip.header.get_zooms() == labels.header.get_zooms()
    assert clip.header.get_zooms()[3] == pytest.approx(60 / 75 / 16)
    assert set(np.unique(labels.dataobj)) == {0, 1, 2, 3, 4}
    first = (folder / "clip.nii.gz").read_bytes()
    assert run(line).exit_code == 0
    assert (folder / "clip.nii.gz").read_bytes() == first
    assert run(line.replace("--seed 1", "--seed 2")).exit_code == 0
    assert (folder / "clip.nii.gz").read_bytes() != first


def test_a_drawing_says_what_no_option_does(folder):
    drawing = replace(preset_drawing("normal"), lvef=40.0, heart_rate=90.0, frames=5, fps=25.0, start=0.5)
    key = Key(0.375, {"lv_epi": np.full_like(drawing.heart.lv_epi, 0.5)})
    write_drawing(replace(drawing, keys=(key,)), "drawn.json")

    def told(line):
        return json.loads(run(line + " --heart drawn.json --json").stdout)["clips"][0]

    made = told("generate phantom --out a.npz")
    asked = made["conditions"]
    assert (asked["lvef"], asked["heart_rate"], asked["fps"], asked["start"]) == (40.0, 90.0, 25.0, 0.5)
    assert made["settings"]["frames"] == 5 and asked["keys"] == [key.to_json()]
    other = told("generate phantom --out b.npz --lvef 50 --frames 3 --fps 30 --start 0")
    assert (other["settings"]["frames"], other["conditions"]["fps"], other["conditions"]["lvef"]) == (3, 30.0, 50.0)
    assert other["conditions"]["start"] == 0
    fixed = told("generate semantic-video --steps 1 --out c.npz")  # takes no frame rate, and 16 frames alone
    assert fixed["settings"]["frames"] == 16 and "fps" not in fixed["conditions"]


def test_a_heart_of_the_first_version_asks_for_no_lvef(folder):
    Path("old.json").write_text(json.dumps(preset("normal").to_json()))
    made = json.loads(run("generate phantom --heart old.json --frames 2 --out a.npz --json").stdout)["clips"][0]
    assert "lvef" not in made["conditions"] and "keys" not in made["conditions"]


def test_the_looks_differ(folder):
    for look in ("echonet", "camus"):
        assert run(f"phantom --heart heart.json --look {look} --out {look}.npz").exit_code == 0
    assert not np.array_equal(read_clip("echonet.npz").frames, read_clip("camus.npz").frames)


def test_generate_numbers_its_files_and_a_seed_is_the_same_alone(folder):
    many = run("generate phantom --heart heart.json --lvef 40 --seed 3 --count 2 --out clip.npz --json")
    assert many.exit_code == 0
    made = json.loads(many.stdout)["clips"]
    assert [clip["path"] for clip in made] == ["clip-1.npz", "clip-2.npz"]
    assert [clip["seed"] for clip in made] == [3, 4]
    assert "step 2 of 2" in many.stderr
    assert run("generate phantom --heart heart.json --lvef 40 --seed 4 --out alone.npz").exit_code == 0
    assert (folder / "alone.npz").read_bytes() == (folder / "clip-2.npz").read_bytes()


def test_generate_from_a_label_map(folder):
    assert run("phantom --heart heart.json --out clip.npz --labels-out labels.nii.gz").exit_code == 0
    assert run("generate phantom --labels labels.nii.gz --lvef 60 --out again.gif").exit_code == 0
    assert len(read_clip("again.gif").frames) == 16


@pytest.mark.skipif("cascaded-1scm" not in CARDS, reason="the weights of no cascade are shipped")
def test_counterfactual_makes_a_measured_clip_of_each_lvef_and_generate_takes_the_drawing_for_a_still(folder):
    quick = "--steps 2 --sampler dpm++2m"
    line = f"counterfactual heart.json --lvef 60 --lvef 20 --model cascaded-1scm {quick} --out clip.npz"
    made = json.loads(run(f"{line} --best-of 2 --json").stdout)["clips"]
    assert [row["path"] for row in made] == ["clip-lvef20.npz", "clip-lvef60.npz"]
    assert [(row["lvef_asked"], row["best_of"]) for row in made] == [(20.0, 2), (60.0, 2)]
    clip = read_clip(made[0]["path"])
    assert clip.frames.shape == (16, 112, 112) and clip.provenance.settings["chosen_from"] == [0, 1]
    again = json.loads(run(f"{line} --seed {made[0]['seed']} --json").stdout)["clips"]
    assert np.array_equal(read_clip(again[0]["path"]).frames, clip.frames)
    drawn = f"generate cascaded-1scm --heart heart.json --lvef 20 --seed {made[0]['seed']} {quick} --out drawn.npz"
    assert run(drawn).exit_code == 0
    assert read_clip("drawn.npz").provenance.conditions["lvef"] == 20.0


def test_models_as_json_are_the_cards():
    cards = json.loads(run("models --json").stdout)
    assert [card["name"] for card in cards] == list(CARDS)
    assert all(card["trained_on"] for card in cards)
    assert all(name in run("models").stdout for name in CARDS)


REFUSED = {
    "heart blob --out h.json": "blob",
    "heart normal --view A3C --out h.json": "A3C",
    "heart normal --out h.txt": ".json",
    "heart normal --out none/h.json": "none",
    "phantom --heart missing.json --out c.mp4": "missing.json",
    "phantom --heart broken.json --out c.mp4": "broken.json",
    "phantom --heart heart.json --lvef 99 --out c.mp4": "99",
    "phantom --heart heart.json --lvef nan --out c.mp4": "nan",
    "phantom --heart heart.json --heart-rate 0 --out c.mp4": "heart rate",
    "phantom --heart heart.json --look film --out c.mp4": "film",
    "phantom --heart heart.json --out c.doc": "c.doc",
    "phantom --heart heart.json --out c.mp4 --labels-out l.mp4": "l.mp4",
    "phantom --heart heart.json --seed -1 --out c.mp4": "-1",
    "generate nobody --heart heart.json --out c.mp4": "nobody",
    "generate phantom --out c.mp4": "heart",
    "generate phantom --heart heart.json --labels fake.nii.gz --out c.mp4": "--labels",
    "generate phantom --labels fake.nii.gz --out c.mp4": "fake.nii.gz",
    "generate phantom --labels heart.json --out c.mp4": "heart.json",
    "generate phantom --heart heart.json --steps 3 --out c.mp4": "--steps",
    "generate phantom --heart heart.json --guidance 2 --out c.mp4": "--guidance",
    "generate phantom --heart heart.json --sampler heun --out c.mp4": "--sampler",
    "generate phantom --heart heart.json --count 0 --out c.mp4": "0 clips",
    "generate phantom --heart heart.json --count 1000000000 --out c.mp4": "1000000000",
    "generate phantom --heart heart.json --frames 65 --out c.mp4": "65 frames",
    "generate phantom --heart heart.json --fps 400 --out c.mp4": "frame rate",
    "generate phantom --heart heart.json --start 2 --out c.mp4": "start",
    "generate semantic-video --heart heart.json --fps 30 --out c.mp4": "fps",
    "generate semantic-video --heart heart.json --frames 8 --out c.mp4": "8 frames",
    "generate phantom --heart heart.json --out c": "c",
    "generate semantic-video --heart heart.json --steps 0 --out c.mp4": "steps",
    "generate semantic-video --heart heart.json --sampler magic --out c.mp4": "magic",
    "generate semantic-video --heart heart.json --guidance nan --out c.mp4": "guidance",
    "counterfactual heart.json --lvef 30 --lvef 4 --out c.mp4": "LVEF is 4",
    "counterfactual heart.json --lvef 30 --frame 99 --out c.mp4": "frame is 99",
    "counterfactual heart.json --lvef 30 --best-of 0 --out c.mp4": "0 clips",
    "counterfactual heart.json --lvef 30 --model phantom --out c.mp4": "phantom",
    "counterfactual heart.json --lvef 30 --quality 7 --out c.mp4": "quality is 7",
    "counterfactual heart.json --lvef 30 --out c.doc": "c.doc",
    "counterfactual missing.png --lvef 30 --out c.mp4": "missing.png",
    "counterfactual fake.nii.gz --lvef 30 --out c.mp4": "fake.nii.gz",
}


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_one_sentence_and_exit_code_2(folder, line):
    result = run(line)
    assert result.exit_code == 2
    assert result.stdout == ""
    sentence = result.stderr.strip()
    assert REFUSED[line] in sentence
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence
    assert {path.name for path in folder.iterdir()} == {"heart.json", "broken.json", "fake.nii.gz"}


def test_a_folder_in_place_of_a_file_is_refused(folder):
    (folder / "c.mp4").mkdir()
    result = run("phantom --heart heart.json --out c.mp4")
    assert (result.exit_code, "Traceback" in result.stderr) == (2, False)


def test_the_process_itself_ends_with_2_and_no_traceback(folder):
    line = [sys.executable, "-m", "studio.cli", "generate", "nobody", "--heart", "heart.json", "--out", "c.mp4"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, env=_environment())
    assert done.returncode == 2
    assert done.stderr.strip() == f"There is no model 'nobody'; choose one of {', '.join(CARDS)}."


def test_help_is_light_and_every_option_is_explained(folder):
    code = (
        "import sys; from typer.testing import CliRunner; from studio.cli import app; "
        "r = CliRunner().invoke(app, ['--help']); assert r.exit_code == 0; "
        "print([m for m in ('torch', 'gradio', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, env=_environment())
    assert done.stdout.strip() == "[]", done.stderr
    for command in ("serve", "models", "heart", "phantom", "generate", "measure"):
        shown = run(f"{command} --help").stdout
        assert "Example: echo-studio" in shown


def _environment():
    import os

    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
