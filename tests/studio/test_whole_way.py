"""The main job in a real browser: draw, generate, watch, save, with an empty console (the `page` fixture asserts that)."""

import dataclasses
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import imageio.v3 as iio
import nibabel
import numpy as np
import pydicom.data
import pytest

from engine.anatomy.presets import preset
from engine.cards import CARDS
from engine.errors import BadInput
from engine.shipped import find

WAIT = 90_000  # ms; the first generation of a process brings in torch


def has_weights(name):
    try:
        card = CARDS[name]
        return all(find(file) for file in (*card.stages, *filter(None, [card.weights])))
    except (BadInput, KeyError):
        return False


@pytest.mark.parametrize("model", CARDS)
def test_from_a_dragged_point_to_saved_files(studio, tmp_path, model):
    if not has_weights(model):
        pytest.skip(f"the weights of {model} are not shipped")
    page = studio.page
    studio.choose_model(model)
    before, _ = studio.save_drawing(tmp_path)
    studio.drag("lv_endo", 6, 15, 0)
    after, drawn = studio.save_drawing(tmp_path)
    assert np.hypot(*(after.heart.lv_endo[6] - before.heart.lv_endo[6])) > 2
    page.fill("#lvef input[type=number]", "35")
    page.keyboard.press("Tab")
    page.fill("#seed input", "7")
    page.keyboard.press("Tab")
    studio.generate()
    page.wait_for_selector(f"#player [data-frames='{CARDS[model].frames}']")

    page.locator("#player .play").click()
    page.wait_for_selector("#player [data-playing=false]")
    page.locator("#player .scrub").fill("11")
    page.wait_for_selector("#player [data-frame='11']")

    mp4 = studio.download("export-mp4")
    assert mp4.suggested_filename == f"echo-studio_{model}_lvef35_seed7.mp4"
    assert len(iio.imread(Path(mp4.path()).read_bytes(), extension=".mp4")) >= 16
    nifti = studio.download("export-nifti")
    assert nifti.suggested_filename == f"echo-studio_{model}_lvef35_seed7_nifti.zip"
    with zipfile.ZipFile(nifti.path()) as archive:
        archive.extractall(tmp_path)
    clip = nibabel.load(tmp_path / f"echo-studio_{model}_lvef35_seed7.nii.gz")
    assert clip.shape == (*CARDS[model].size[::-1], 1, CARDS[model].frames)
    if "heart" in CARDS[model].accepts:  # else nothing tells where in the beat a frame lies
        labels = nibabel.load(tmp_path / f"echo-studio_{model}_lvef35_seed7_labels.nii.gz")
        assert labels.shape == clip.shape and np.allclose(clip.header.get_zooms(), labels.header.get_zooms())

    # The command line makes the very same bytes of the same drawing, settings and seed.
    made = tmp_path / "cli.nii.gz"
    asked = ["--heart", drawn, "--lvef", "35", "--heart-rate", "70", "--seed", "7", "--out", made]
    subprocess.run([sys.executable, "-m", "studio.cli", "generate", model, *map(str, asked)], check=True)
    assert made.read_bytes() == (tmp_path / f"echo-studio_{model}_lvef35_seed7.nii.gz").read_bytes()


def test_on_a_tablet_the_clip_comes_into_view_and_generate_stays_there(studio):
    page = studio.page
    page.set_viewport_size({"width": 1024, "height": 768})
    studio.choose_model("phantom")
    studio.generate()
    page.wait_for_function(
        """['#player .stage', '#player .scrub', '#generate', '#status'].every(part => {
             const {top, bottom} = document.querySelector(part).getBoundingClientRect();
             return top >= 0 && bottom <= innerHeight;
           })"""
    )


def test_cancel_stops_and_leaves_the_drawing_and_the_page_ready(studio, tmp_path):
    page = studio.page
    studio.choose_model("phantom")
    page.fill("#count input[type=number]", "4")
    page.keyboard.press("Tab")
    before, _ = studio.save_drawing(tmp_path)
    page.click("#generate")
    page.click("#cancel:not([disabled])")
    page.wait_for_selector("#player [data-status=cancelled]", timeout=WAIT)
    assert studio.save_drawing(tmp_path)[0].to_json() == before.to_json()
    page.fill("#count input[type=number]", "1")
    page.keyboard.press("Tab")
    page.click("#generate:not([disabled])")
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    page.wait_for_selector("#player [data-clips='1']")


def test_a_drawing_that_is_no_heart_is_told_and_kept(studio, tmp_path):
    page = studio.page
    crossed = preset("normal")
    crossed = dataclasses.replace(crossed, lv_endo=crossed.lv_endo[[0, 5, 2, 3, 4, 1, 6, 7, 8]])
    (tmp_path / "crossed.json").write_text(json.dumps(crossed.to_json()))
    studio.open_file(tmp_path / "crossed.json")
    page.wait_for_selector("#status [data-kind=done]", timeout=WAIT)
    studio.choose_model("phantom")
    page.click("#generate")
    page.wait_for_selector("#status [data-kind=error]", timeout=WAIT)
    assert page.inner_text("#status").strip().endswith(".")
    assert np.allclose(studio.save_drawing(tmp_path)[0].heart.lv_endo, crossed.lv_endo, atol=1e-3)


def test_a_reload_brings_the_drawing_back(studio, tmp_path):
    page = studio.page
    studio.type_into("lvef", "28")
    studio.drag("lv_epi", 4, 0, -12)
    before, _ = studio.save_drawing(tmp_path)
    studio.wait_until_kept()
    page.reload()
    studio.wait_until_kept()
    after, _ = studio.save_drawing(tmp_path)
    assert after.to_json() == before.to_json()
    assert page.input_value("#lvef input[type=number]") == "28"


def test_a_reload_while_a_change_is_being_kept_leaves_a_whole_session_and_a_clean_console(studio):
    page = studio.page
    for by in (-8, 8, -8):
        before = studio.rev
        studio.drag("lv_epi", 4, 0, by)
        page.reload()
        studio.wait_until_kept()
        assert studio.rev in (before, before + 1)


def type_lvef(studio, turn):
    studio.page.fill("#lvef input[type=number]", str(30 + turn))


CONTROLS = {
    "model": lambda studio, turn: studio.choose_model(list(CARDS)[turn % len(CARDS)]),
    "lvef": type_lvef,
    "heart": lambda studio, turn: studio.pick(["dilated", "normal"][turn % 2]),
    "view": lambda studio, turn: studio.choose_view(["A2C", "A4C"][turn % 2]),
    "drag": lambda studio, turn: studio.drag("lv_epi", 4, 0, [-8, 8][turn % 2]),
    "new seed": lambda studio, turn: studio.page.click("#new-seed"),
}


@pytest.fixture
def slow_stream(page):
    """gradio's stream of answers comes late, as on a busy line; every other answer comes as it does."""
    page.add_init_script(
        """
        const quick = window.fetch;
        window.fetch = async (request, ...more) => {
          const answer = await quick(request, ...more);
          if (!String(request.url ?? request).includes('/queue/data')) return answer;
          const wait = (chunk, out) => new Promise((done) => setTimeout(() => done(out.enqueue(chunk)), 150));
          return new Response(answer.body.pipeThrough(new TransformStream({ transform: wait })), answer);
        };
        """
    )


@pytest.mark.parametrize("control", CONTROLS)
def test_a_click_on_generate_right_after_a_change_is_heard(slow_stream, studio, control):
    studio.choose_model("phantom")
    for turn in range(5):
        CONTROLS[control](studio, turn)
        studio.begin()
        studio.stop()


def test_presets_and_views_replace_the_drawing(studio, tmp_path):
    studio.pick("dilated")
    assert np.allclose(studio.save_drawing(tmp_path)[0].heart.lv_endo, preset("dilated").lv_endo, atol=1e-3)
    studio.choose_view("A2C")
    heart = studio.save_drawing(tmp_path)[0].heart
    assert heart.view == "A2C"
    assert np.allclose(heart.lv_endo, preset("dilated", "A2C").lv_endo, atol=1e-3)


def test_one_undo_brings_the_whole_drawing_back(studio, tmp_path):
    page = studio.page
    before, _ = studio.save_drawing(tmp_path)
    with studio.redrawn():
        studio.open_file(pydicom.data.get_testdata_file("examples_ybr_color.dcm"))
    picture = page.get_attribute("#editor image.backdrop", "href")
    opened, _ = studio.save_drawing(tmp_path)
    studio.undo()
    assert studio.save_drawing(tmp_path)[0].to_json() == before.to_json()
    assert page.get_attribute("#editor image.backdrop", "href") is None
    with studio.redrawn():
        page.click("#editor .redo")
    assert studio.save_drawing(tmp_path)[0].to_json() == opened.to_json()
    assert page.get_attribute("#editor image.backdrop", "href") == picture
    with studio.redrawn():
        page.locator("#frame input[type=number]").fill("2")
        page.keyboard.press("Tab")
    later = page.get_attribute("#editor image.backdrop", "href")
    studio.drag("lv_epi", 4, 0, -12)
    studio.undo()
    assert page.get_attribute("#editor image.backdrop", "href") == later != picture


def test_a_real_recording_opens_as_backdrop_and_sector(studio, tmp_path):
    page = studio.page
    before, _ = studio.save_drawing(tmp_path)
    studio.open_file(pydicom.data.get_testdata_file("examples_ybr_color.dcm"))
    page.wait_for_selector("#status [data-kind=done]", timeout=WAIT)
    after, _ = studio.save_drawing(tmp_path)
    assert after.heart.sector != before.heart.sector
    assert page.locator("#editor image").count() >= 1
    assert page.locator("#frame").is_visible()


@pytest.mark.parametrize("name", ["notes.txt", "clip.mp4", "heart.json", "empty.png", "cut.dcm", "<b>x</b>.nii.gz"])
def test_a_bad_file_is_one_sentence_and_the_drawing_stays(studio, tmp_path, name):
    page = studio.page
    before, _ = studio.save_drawing(tmp_path)
    dicom = Path(pydicom.data.get_testdata_file("examples_ybr_color.dcm")).read_bytes()
    content = {"empty.png": b"", "cut.dcm": dicom[:20_000]}.get(name, b"nothing of the kind")
    page.locator("input[type=file]").first.set_input_files(
        files=[{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    page.wait_for_selector("#status [data-kind=error]", timeout=WAIT)
    sentence = page.inner_text("#status").strip()
    assert re.fullmatch(r"[^\n]+\.", sentence) and "Traceback" not in sentence
    after, _ = studio.save_drawing(tmp_path)
    assert after.to_json() == before.to_json()


def test_the_models_page_tells_what_was_learned_from(studio):
    studio.page.get_by_role("tab", name="Models").click()
    words = studio.page.inner_text("#models")
    assert "simulated" in words
    assert all(card.title in words for card in CARDS.values())


def test_any_number_typed_is_one_number_everywhere(studio):
    page = studio.page
    studio.choose_model("phantom")
    page.fill("#seed input", "-5")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#seed input').value === '0'")
    for typed, taken in (("-3", "5"), ("35", "35"), ("150", "85")):
        studio.type_into("lvef", typed)
        page.wait_for_function(
            "taken => document.querySelector('#lvef input[type=number]').value === taken"
            " && document.querySelector('#editor dd.lvef').textContent === `${taken} %`",
            arg=taken,
        )
    page.fill("#count input[type=number]", "")
    page.fill("#heart-rate input[type=number]", "1000")
    page.click("#generate")
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    page.wait_for_function("document.querySelector('#player .title').textContent.endsWith('LVEF 85 % · A4C · seed 0')")
    assert "running" not in page.inner_text("#player .message") and page.locator(".toast-body").count() == 0


def test_an_empty_lvef_leaves_it_to_the_model(studio):
    page = studio.page
    studio.choose_model("phantom")
    studio.type_into("lvef", "")
    page.wait_for_selector("#status >> text=No LVEF is asked for")
    studio.type_into("lvef", "42")
    page.wait_for_function("document.querySelector('#editor dd.lvef').textContent === '42 %'")
    page.wait_for_selector("#status >> text=Generate makes a clip")
    studio.type_into("lvef", "")
    page.wait_for_function("document.querySelector('#editor dd.lvef').textContent === '–'")
    assert page.get_attribute("#lvef input[type=number]", "placeholder") == "none"
    assert page.inner_text("#editor dd.esv") == "–" and page.inner_text("#editor dd.edv").endswith("mL")
    studio.wait_until_kept()
    page.reload()
    studio.wait_until_kept()
    assert page.input_value("#lvef input[type=number]") == ""
    page.click("#generate")
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    page.wait_for_function("document.querySelector('#player .title').textContent.endsWith(') · A4C · seed 1')")


def test_a_reload_knows_that_the_drawing_is_a_preset(studio, tmp_path):
    page = studio.page
    studio.pick("dilated")
    studio.wait_until_kept()
    page.reload()
    studio.wait_until_kept()
    studio.choose_view("A2C")
    assert np.allclose(studio.save_drawing(tmp_path)[0].heart.lv_endo, preset("dilated", "A2C").lv_endo, atol=1e-3)
