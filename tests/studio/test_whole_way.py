"""The main job in a real browser: draw, generate, watch, save, with an empty console (the `page` fixture asserts that)."""

import dataclasses
import json
import re
import subprocess
import sys
import time
import zipfile
from contextlib import contextmanager
from pathlib import Path

import imageio.v3 as iio
import nibabel
import numpy as np
import pydicom.data
import pytest

from engine.anatomy.contours import label_map
from engine.anatomy.heart import heart_from_json, read_heart, write_heart
from engine.anatomy.presets import preset
from engine.cards import CARDS
from engine.errors import BadInput
from engine.media.write import write_label_maps
from engine.shipped import find
from studio import autosave
from studio.guard import COOKIE

WAIT = 90_000  # ms; the first generation of a process brings in torch


def has_weights(name):
    try:
        return CARDS[name].weights is None or bool(find(CARDS[name].weights))
    except BadInput:
        return False


@pytest.fixture
def studio(page, studio_url, wait_until_kept):
    page.goto(studio_url)
    wait_until_kept(page)
    return page


@pytest.fixture
def wait_until_kept(studio_home):
    """Waits until the page is ready and the server's disk holds what it shows; the load of a page ends with that, too."""

    def shown(page):
        values = {name: page.input_value(f"#{name} input >> nth=0") for name in ("lvef", "heart-rate", "count", "seed")}
        numbers = [float(value) if value else None for value in values.values()]
        return [page.get_attribute("#editor [data-ready]", "data-doc"), rev(page), *numbers]

    def kept(page):
        (name,) = (cookie["value"] for cookie in page.context.cookies() if cookie["name"] == COOKIE)
        try:
            value = json.loads((studio_home / autosave.FOLDER / f"{name}.json").read_text())
        except FileNotFoundError:
            return None
        return [value[name] for name in ("doc", "rev", "lvef", "heart_rate", "count", "seed")]

    def wait(page):
        page.wait_for_selector("#editor [data-ready=true]")
        page.wait_for_selector("#player [data-ready=true]")
        end = time.monotonic() + 30
        while (now := shown(page)) != (there := kept(page)):
            assert time.monotonic() < end, f"{now} is on the page, {there} on the disk"
            page.wait_for_timeout(20)

    return wait


def choose_model(page, name):
    page.click("#model input")
    page.get_by_role("option", name=CARDS[name].title).click()
    page.wait_for_selector(f"#status :text({json.dumps(CARDS[name].summary[:20])})")


def generate(page):
    page.click("#generate")
    page.wait_for_selector("#player [data-status=running]", timeout=WAIT)
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)


def rev(page):
    return int(page.get_attribute("#editor [data-ready]", "data-rev"))


@contextmanager
def redrawn(page):
    """Leaves once the editor shows what was done inside."""
    before = rev(page)
    yield
    page.wait_for_function("before => +document.querySelector('#editor [data-ready]').dataset.rev > before", arg=before)


def choose_preset(page, name):
    with redrawn(page):
        page.click("#preset input")
        page.get_by_role("option", name=name).click()


def choose_view(page, view):
    with redrawn(page):
        page.get_by_label(view).check()


def wait_for_preset(page, name):
    page.wait_for_function("name => document.querySelector('#preset input').value === name", arg=name)


def type_into(page, box, text):
    page.fill(f"#{box} input >> nth=0", text)
    page.keyboard.press("Tab")


def drag(page, contour, index, dx, dy):
    box = page.locator(f"#editor .handle[data-contour={contour}][data-index='{index}']").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + dx / 2, y + dy / 2)
    page.mouse.move(x + dx, y + dy)
    with redrawn(page):
        page.mouse.up()


def download(page, elem_id):
    page.wait_for_selector(f"#{elem_id}:not([disabled])", timeout=WAIT)
    with page.expect_download() as got:
        page.click(f"#{elem_id}")
    return got.value


def save_drawing(page, folder):
    path = folder / "drawn.json"
    download(page, "save-drawing").save_as(path)
    return read_heart(path), path


def open_file(page, path):
    page.locator("input[type=file]").first.set_input_files(str(path))


@pytest.mark.parametrize("model", CARDS)
def test_from_a_dragged_point_to_saved_files(studio, tmp_path, model):
    if not has_weights(model):
        pytest.skip(f"the weights of {model} are not shipped")
    page = studio
    choose_model(page, model)
    before, _ = save_drawing(page, tmp_path)
    drag(page, "lv_endo", 6, 15, 0)
    after, drawn = save_drawing(page, tmp_path)
    assert np.hypot(*(after.lv_endo[6] - before.lv_endo[6])) > 2
    page.fill("#lvef input[type=number]", "35")
    page.keyboard.press("Tab")
    page.fill("#seed input", "7")
    page.keyboard.press("Tab")
    generate(page)
    page.wait_for_selector("#player [data-frames='16']")

    page.locator("#player .play").click()
    page.wait_for_selector("#player [data-playing=false]")
    page.locator("#player .scrub").fill("11")
    page.wait_for_selector("#player [data-frame='11']")

    mp4 = download(page, "export-mp4")
    assert mp4.suggested_filename == f"echo-studio_{model}_lvef35_seed7.mp4"
    assert len(iio.imread(Path(mp4.path()).read_bytes(), extension=".mp4")) >= 16
    nifti = download(page, "export-nifti")
    assert nifti.suggested_filename == f"echo-studio_{model}_lvef35_seed7_nifti.zip"
    with zipfile.ZipFile(nifti.path()) as archive:
        archive.extractall(tmp_path)
    clip = nibabel.load(tmp_path / f"echo-studio_{model}_lvef35_seed7.nii.gz")
    labels = nibabel.load(tmp_path / f"echo-studio_{model}_lvef35_seed7_labels.nii.gz")
    assert clip.shape == labels.shape == (*CARDS[model].size[::-1], 1, 16)
    assert np.allclose(clip.header.get_zooms(), labels.header.get_zooms())

    # The command line makes the very same bytes of the same drawing, settings and seed.
    made = tmp_path / "cli.nii.gz"
    asked = ["--heart", drawn, "--lvef", "35", "--heart-rate", "70", "--seed", "7", "--out", made]
    subprocess.run([sys.executable, "-m", "studio.cli", "generate", model, *map(str, asked)], check=True)
    assert made.read_bytes() == (tmp_path / f"echo-studio_{model}_lvef35_seed7.nii.gz").read_bytes()


def test_on_a_tablet_the_clip_comes_into_view_and_generate_stays_there(studio):
    page = studio
    page.set_viewport_size({"width": 1024, "height": 768})
    choose_model(page, "phantom")
    generate(page)
    page.wait_for_function(
        """['#player .stage', '#player .scrub', '#generate', '#status'].every(part => {
             const {top, bottom} = document.querySelector(part).getBoundingClientRect();
             return top >= 0 && bottom <= innerHeight;
           })"""
    )


def test_cancel_stops_and_leaves_the_drawing_and_the_page_ready(studio, tmp_path):
    page = studio
    choose_model(page, "phantom")
    page.fill("#count input[type=number]", "4")
    page.keyboard.press("Tab")
    before, _ = save_drawing(page, tmp_path)
    page.click("#generate")
    page.click("#cancel:not([disabled])")
    page.wait_for_selector("#player [data-status=cancelled]", timeout=WAIT)
    assert save_drawing(page, tmp_path)[0].to_json() == before.to_json()
    page.fill("#count input[type=number]", "1")
    page.keyboard.press("Tab")
    page.click("#generate:not([disabled])")
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    page.wait_for_selector("#player [data-clips='1']")


def test_a_drawing_that_is_no_heart_is_told_and_kept(studio, tmp_path):
    page = studio
    crossed = preset("normal")
    crossed = dataclasses.replace(crossed, lv_endo=crossed.lv_endo[[0, 5, 2, 3, 4, 1, 6, 7, 8]])
    write_heart(crossed, tmp_path / "crossed.json")
    open_file(page, tmp_path / "crossed.json")
    page.wait_for_selector("#status [data-kind=done]", timeout=WAIT)
    choose_model(page, "phantom")
    page.click("#generate")
    page.wait_for_selector("#status [data-kind=error]", timeout=WAIT)
    assert page.inner_text("#status").strip().endswith(".")
    assert np.allclose(save_drawing(page, tmp_path)[0].lv_endo, crossed.lv_endo, atol=1e-3)


def test_a_reload_brings_the_drawing_back(studio, tmp_path, wait_until_kept):
    page = studio
    type_into(page, "lvef", "28")
    drag(page, "lv_epi", 4, 0, -12)
    before, _ = save_drawing(page, tmp_path)
    wait_until_kept(page)
    page.reload()
    wait_until_kept(page)
    after, _ = save_drawing(page, tmp_path)
    assert after.to_json() == before.to_json()
    assert page.input_value("#lvef input[type=number]") == "28"


def test_a_reload_while_a_change_is_being_kept_leaves_a_whole_session_and_a_clean_console(studio, wait_until_kept):
    page = studio
    for by in (-8, 8, -8):
        before = rev(page)
        drag(page, "lv_epi", 4, 0, by)
        page.reload()
        wait_until_kept(page)
        assert rev(page) in (before, before + 1)


def type_lvef(page, turn):
    page.fill("#lvef input[type=number]", str(30 + turn))


CONTROLS = {
    "model": lambda page, turn: choose_model(page, list(CARDS)[turn % len(CARDS)]),
    "lvef": type_lvef,
    "preset": lambda page, turn: choose_preset(page, ["dilated", "normal"][turn % 2]),
    "view": lambda page, turn: choose_view(page, ["A2C", "A4C"][turn % 2]),
    "drag": lambda page, turn: drag(page, "lv_epi", 4, 0, [-8, 8][turn % 2]),
    "new seed": lambda page, turn: page.click("#new-seed"),
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
    page = studio
    choose_model(page, "phantom")
    for turn in range(5):
        before = page.get_attribute("#player [data-ready]", "data-doc")
        CONTROLS[control](page, turn)
        page.click("#generate")
        page.wait_for_selector(f"#player [data-ready]:not([data-doc='{before}'])", timeout=WAIT)
        page.click("#cancel")
        page.wait_for_selector("#player :is([data-status=cancelled], [data-status=done])", timeout=WAIT)


def test_presets_and_views_replace_the_drawing(studio, tmp_path):
    page = studio
    choose_preset(page, "dilated")
    assert np.allclose(save_drawing(page, tmp_path)[0].lv_endo, preset("dilated").lv_endo, atol=1e-3)
    choose_view(page, "A2C")
    heart, _ = save_drawing(page, tmp_path)
    assert heart.view == "A2C"
    assert np.allclose(heart.lv_endo, preset("dilated", "A2C").lv_endo, atol=1e-3)


def test_the_preset_is_named_only_while_the_drawing_is_just_that(studio, tmp_path):
    page = studio
    drag(page, "lv_epi", 4, 0, -12)
    wait_for_preset(page, "custom")
    page.click("#editor .undo")
    wait_for_preset(page, "normal")
    choose_preset(page, "dilated")
    choose_view(page, "A2C")
    wait_for_preset(page, "dilated")
    page.click("#editor .undo")
    page.wait_for_function("document.querySelector('#view input:checked').value === 'A4C'")
    wait_for_preset(page, "dilated")
    write_heart(preset("hypertrophic"), tmp_path / "drawn.json")
    open_file(page, tmp_path / "drawn.json")
    wait_for_preset(page, "hypertrophic")


def test_one_undo_brings_the_whole_drawing_back(studio, tmp_path):
    page = studio
    before, _ = save_drawing(page, tmp_path)
    with redrawn(page):
        open_file(page, pydicom.data.get_testdata_file("examples_ybr_color.dcm"))
    picture = page.get_attribute("#editor image.backdrop", "href")
    opened, _ = save_drawing(page, tmp_path)
    page.click("#editor .undo")
    assert save_drawing(page, tmp_path)[0].to_json() == before.to_json()
    assert page.get_attribute("#editor image.backdrop", "href") is None
    page.click("#editor .redo")
    assert save_drawing(page, tmp_path)[0].to_json() == opened.to_json()
    assert page.get_attribute("#editor image.backdrop", "href") == picture
    with redrawn(page):
        page.locator("#frame input[type=number]").fill("2")
        page.keyboard.press("Tab")
    later = page.get_attribute("#editor image.backdrop", "href")
    drag(page, "lv_epi", 4, 0, -12)
    page.click("#editor .undo")
    assert page.get_attribute("#editor image.backdrop", "href") == later != picture


def test_a_real_recording_opens_as_backdrop_and_sector(studio, tmp_path):
    page = studio
    before, _ = save_drawing(page, tmp_path)
    open_file(page, pydicom.data.get_testdata_file("examples_ybr_color.dcm"))
    page.wait_for_selector("#status [data-kind=done]", timeout=WAIT)
    after, _ = save_drawing(page, tmp_path)
    assert after.sector != before.sector
    assert page.locator("#editor image").count() >= 1
    assert page.locator("#frame").is_visible()


def test_a_label_map_opens_as_the_drawing(studio, tmp_path):
    page = studio
    heart = preset("dilated")
    grid = heart.sector.grid(256)
    write_label_maps(label_map(heart, grid)[None], 1.0, grid.mm_per_pixel, tmp_path / "camus_gt.nii.gz")
    open_file(page, tmp_path / "camus_gt.nii.gz")
    page.wait_for_selector("#status [data-kind=done]", timeout=WAIT)
    traced, _ = save_drawing(page, tmp_path)
    wanted, got = (label_map(h, grid) == 1 for h in (heart, traced))
    assert 2 * (wanted & got).sum() / (wanted.sum() + got.sum()) > 0.93


@pytest.mark.parametrize("name", ["notes.txt", "clip.mp4", "heart.json", "empty.png", "cut.dcm", "<b>x</b>.nii.gz"])
def test_a_bad_file_is_one_sentence_and_the_drawing_stays(studio, tmp_path, name):
    page = studio
    before, _ = save_drawing(page, tmp_path)
    dicom = Path(pydicom.data.get_testdata_file("examples_ybr_color.dcm")).read_bytes()
    content = {"empty.png": b"", "cut.dcm": dicom[:20_000]}.get(name, b"nothing of the kind")
    page.locator("input[type=file]").first.set_input_files(
        files=[{"name": name, "mimeType": "application/octet-stream", "buffer": content}]
    )
    page.wait_for_selector("#status [data-kind=error]", timeout=WAIT)
    sentence = page.inner_text("#status").strip()
    assert re.fullmatch(r"[^\n]+\.", sentence) and "Traceback" not in sentence
    after, _ = save_drawing(page, tmp_path)
    assert heart_from_json(after.to_json()).to_json() == before.to_json()


def test_the_models_page_tells_what_was_learned_from(studio):
    studio.get_by_role("tab", name="Models").click()
    words = studio.inner_text("#models")
    assert "simulated" in words
    assert all(card.title in words for card in CARDS.values())


def test_any_number_typed_is_one_number_everywhere(studio):
    page = studio
    choose_model(page, "phantom")
    page.fill("#seed input", "-5")
    page.keyboard.press("Tab")
    page.wait_for_function("document.querySelector('#seed input').value === '0'")
    for typed, taken in (("-3", "10"), ("35", "35"), ("150", "80")):
        type_into(page, "lvef", typed)
        page.wait_for_function(
            "taken => document.querySelector('#lvef input[type=number]').value === taken"
            " && document.querySelector('#editor dd.lvef').textContent === `${taken} %`",
            arg=taken,
        )
    page.fill("#count input[type=number]", "")
    page.fill("#heart-rate input[type=number]", "1000")
    page.click("#generate")
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    page.wait_for_function("document.querySelector('#player .title').textContent.endsWith('LVEF 80 % · A4C · seed 0')")
    assert "running" not in page.inner_text("#player .message") and page.locator(".toast-body").count() == 0


def test_an_empty_lvef_leaves_it_to_the_model(studio, wait_until_kept):
    page = studio
    choose_model(page, "phantom")
    type_into(page, "lvef", "")
    page.wait_for_selector("#status >> text=No LVEF is asked for")
    type_into(page, "lvef", "42")
    page.wait_for_function("document.querySelector('#editor dd.lvef').textContent === '42 %'")
    page.wait_for_selector("#status >> text=choose an LVEF")
    type_into(page, "lvef", "")
    page.wait_for_function("document.querySelector('#editor dd.lvef').textContent === '–'")
    assert page.get_attribute("#lvef input[type=number]", "placeholder") == "none"
    assert page.inner_text("#editor dd.esv") == "–" and page.inner_text("#editor dd.edv").endswith("mL")
    wait_until_kept(page)
    page.reload()
    wait_until_kept(page)
    assert page.input_value("#lvef input[type=number]") == ""
    page.click("#generate")
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    page.wait_for_function("document.querySelector('#player .title').textContent.endsWith(') · A4C · seed 1')")


def test_a_reload_knows_the_preset_and_an_edit_ends_an_error(studio, tmp_path, wait_until_kept):
    page = studio
    choose_preset(page, "dilated")
    wait_until_kept(page)
    page.reload()
    wait_until_kept(page)
    wait_for_preset(page, "dilated")
    choose_view(page, "A2C")
    assert np.allclose(save_drawing(page, tmp_path)[0].lv_endo, preset("dilated", "A2C").lv_endo, atol=1e-3)
    (tmp_path / "notes.txt").write_text("no picture")
    open_file(page, tmp_path / "notes.txt")
    page.wait_for_selector("#status [data-kind=error] >> text=.json", timeout=WAIT)
    drag(page, "lv_epi", 4, 0, -6)
    page.wait_for_selector("#status [data-kind=note]", timeout=WAIT)
