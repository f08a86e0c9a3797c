"""The drawing table within the studio: the live clip, the controls around it, files, reloads, and screens of several sizes."""

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

import engine
from engine.anatomy import cycle, labels
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import preset_drawing, write_drawing
from engine.anatomy.keys import OPEN_PHASE, Key
from engine.anatomy.sketch import Stroke
from engine.anatomy.volumes import lvef, simpson
from engine.media.write import write_clip, write_label_maps
from engine.types import Conditions

WAIT = 90_000
ES = cycle.ES_PHASE


def ejected(drawing):
    ed, es = drawing.hearts_at(np.array([0.0, ES]))
    return lvef(simpson(ed), simpson(es))


# -- live -------------------------------------------------------------------------------------------------------------


def test_the_clip_follows_an_edit_and_generate_makes_one_to_keep(studio):
    page = studio.page
    studio.choose_model("phantom")
    first = studio.live_clip()
    page.wait_for_selector("#export-mp4", state="hidden")
    studio.drag("lv_endo", 6, -12, 0)
    second = studio.wait_for_another_clip(first)
    studio.generate()
    page.wait_for_selector("#player .player-root[data-live=false]")
    page.wait_for_selector("#export-mp4", state="visible")
    studio.download("export-mp4")
    kept = page.get_attribute("#player figure", "data-source")
    assert kept not in (first, second)
    studio.drag("lv_endo", 6, -6, 0)
    studio.wait_for_another_clip(kept)
    page.wait_for_selector("#export-mp4", state="hidden")


def test_what_was_generated_right_after_an_edit_stays(studio):
    page = studio.page
    studio.choose_model("phantom")
    studio.live_clip()
    studio.drag("lv_endo", 6, -12, 0)
    page.click("#generate")  # before the drawing has come to rest
    page.wait_for_selector("#player [data-status=done]", timeout=WAIT)
    studio.download("export-mp4")
    page.wait_for_timeout(1200)  # a live clip that was put off would have come by now
    assert page.get_attribute("#player [data-ready]", "data-live") == "false"


def test_the_drawing_goes_on_while_a_generation_runs(studio):
    page = studio.page
    studio.choose_model("semantic-video")
    page.fill("#count input[type=number]", "4")
    page.keyboard.press("Tab")
    studio.begin()
    page.wait_for_selector("#player [data-status=running]", timeout=WAIT)
    studio.drag("lv_epi", 4, 0, -10)
    studio.pick("dilated")
    assert page.get_attribute("#player [data-ready]", "data-live") == "false"
    studio.stop()
    studio.drag("lv_epi", 4, 0, 6)
    studio.live_clip()


def test_an_unusual_heart_is_warned_of_and_beats_all_the_same(studio):
    before = studio.live_clip()
    studio.pick("missing LA")
    studio.wait_for_another_clip(before)
    assert studio.page.locator("#editor .numbers .unusual, #editor .message.warning").count() >= 1


# -- the controls around the table ------------------------------------------------------------------------------------


def test_slider_and_end_systole_agree_both_ways(studio, tmp_path):
    page = studio.page
    studio.go(ES)
    studio.drag("lv_endo", 6, 12, 0)
    page.wait_for_function("document.querySelector('#lvef input[type=number]').value !== '60'")
    drawn, _ = studio.save_drawing(tmp_path)
    assert studio.lvef() == drawn.lvef == pytest.approx(ejected(drawn), abs=0.1)
    assert float(studio.number("lvef").split()[0]) == pytest.approx(drawn.lvef, abs=0.51)

    places = page.locator("#editor .line.lv").get_attribute("d")
    with studio.redrawn():
        studio.type_into("lvef", "33")
    assert page.locator("#editor .line.lv").get_attribute("d") != places
    assert studio.number("lvef") == "33 %"
    edv, esv = (float(studio.number(name).split()[0]) for name in ("edv", "esv"))
    assert esv / edv == pytest.approx(0.67, abs=0.01)
    again, _ = studio.save_drawing(tmp_path)
    assert ejected(again) == pytest.approx(33, abs=0.1)


def test_an_edit_ends_an_error(studio, tmp_path):
    (tmp_path / "x.json").write_text("no drawing")
    studio.open_file(tmp_path / "x.json")
    studio.page.wait_for_selector(".status-line[data-kind=error]")
    studio.drag("lv_endo", 2, -10, 0)
    studio.page.wait_for_selector(".status-line[data-kind=note]")


def test_a_slider_s_drag_is_one_step_and_undo_brings_the_slider_back(studio):
    page = studio.page
    with studio.redrawn():
        page.evaluate(
            """() => {
              const slider = document.querySelector('#lvef input[type=range]');
              for (const lvef of [58, 52, 47, 41]) {
                slider.value = lvef;
                slider.dispatchEvent(new Event('input', {bubbles: true}));
              }
            }"""
        )
    page.wait_for_function("document.querySelector('#editor dd.lvef').textContent === '41 %'")
    steps = int(page.get_attribute("#editor .editor-root", "data-undo"))
    assert steps == 1
    studio.undo()
    page.wait_for_function("document.querySelector('#lvef input[type=number]').value === '60'")
    assert studio.number("lvef") == "60 %"


def test_the_heart_rate_is_told_to_the_beat(studio):
    assert studio.page.inner_text("#editor .timeline .time").endswith("of 0.86 s")
    with studio.redrawn():
        studio.type_into("heart-rate", "120")
    assert studio.page.inner_text("#editor .timeline .time").endswith("of 0.50 s")


# -- files and reloads ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full():
    """A drawing with some of everything."""
    drawing = preset_drawing("dilated")
    shift = np.zeros_like(drawing.heart.lv_endo)
    shift[5:7] = [1.5, 0.25]
    return replace(
        drawing,
        keys=(Key(ES, {"lv_endo": shift}), Key(OPEN_PHASE, {"septal_leaflet": np.full((3, 2), 0.5)})),
        directions={"septal_leaflet": np.array([[5.0, 110.0], [2.0, 100.0]])},
        sketch=(Stroke(np.array([[0.0, 50.0], [10.0, 60.0], [20.0, 55.0]]), np.array([0.1, 0.5, 0.9])),),
        lvef=31.5,
        heart_rate=92.0,
        frames=24,
    )


def test_a_saved_drawing_opens_again_and_a_reload_restores_it(studio, full, tmp_path):
    page = studio.page
    write_drawing(full, tmp_path / "full.json")
    with studio.redrawn():
        studio.open_file(tmp_path / "full.json")
    page.wait_for_function("document.querySelector('#heart-rate input[type=number]').value === '92'")
    assert studio.lvef() == 31.5
    saved, path = studio.save_drawing(tmp_path)
    assert saved.to_json() == full.to_json()

    studio.pick("normal")
    with studio.redrawn():
        studio.open_file(path)
    studio.wait_until_kept()
    page.reload()
    studio.wait_until_kept()
    restored, _ = studio.save_drawing(tmp_path)
    assert restored.to_json() == full.to_json()
    assert studio.lvef() == 31.5 and page.input_value("#heart-rate input[type=number]") == "92"
    assert page.locator("#editor .chip.corrected").count() == 2 and page.locator("#editor .ink").get_attribute("d")


def test_a_heart_of_the_first_version_opens(studio, tmp_path):
    heart = preset_drawing("hypertrophic", "A2C").heart
    assert heart.to_json()["version"] == 1
    (tmp_path / "heart.json").write_text(json.dumps(heart.to_json()))
    with studio.redrawn():
        studio.open_file(tmp_path / "heart.json")
    saved, _ = studio.save_drawing(tmp_path)
    assert saved.heart.to_json() == heart.to_json() and saved.keys == ()
    studio.page.wait_for_function("document.querySelector('#view input:checked').value === 'A2C'")


@pytest.fixture
def asked(studio, tmp_path):
    """The studio, asked what the labels of an opened map mean."""
    heart = preset_drawing("dilated").heart
    grid = heart.sector.grid(256)
    write_label_maps(label_map(heart, grid)[None], 1.0, grid.mm_per_pixel, tmp_path / "camus_gt.nii.gz")
    studio.open_file(tmp_path / "camus_gt.nii.gz")
    studio.page.wait_for_selector("#editor dialog.mapping[open]", timeout=WAIT)
    return studio


def test_a_label_map_is_asked_about_and_the_answer_is_the_drawing(asked, tmp_path):
    heart = preset_drawing("dilated").heart
    grid = heart.sector.grid(256)
    assert "camus_gt.nii.gz" in asked.page.inner_text("#editor dialog.mapping")
    with asked.redrawn():
        asked.page.click("#editor .take")
    traced = asked.save_drawing(tmp_path)[0].heart
    wanted, got = (label_map(each, grid) == labels.LV for each in (heart, traced))
    assert 2 * (wanted & got).sum() / (wanted.sum() + got.sum()) > 0.93


def test_a_question_that_is_closed_leaves_the_drawing(asked, tmp_path):
    asked.page.click("#editor dialog.mapping .close")
    assert asked.save_drawing(tmp_path)[0].to_json()["contours"] == preset_drawing("normal").to_json()["contours"]


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    """A simulated recording of the dilated heart, whose file tells its scale."""
    drawing = preset_drawing("dilated")
    conditions = Conditions(heart=drawing.heart, lvef=drawing.lvef)
    pipeline = engine.load("phantom")
    clip = pipeline.generate(conditions, pipeline.card.defaults(seeds=(3,)))[0]
    return write_clip(clip, tmp_path_factory.mktemp("recording") / "clip.nii.gz")


def test_the_backdrop_is_shown_as_chosen_and_its_contours_are_found(studio, recording, tmp_path):
    page = studio.page
    before, _ = studio.save_drawing(tmp_path)
    with studio.redrawn():
        studio.open_file(recording)
    page.wait_for_selector("#editor .backdrop[href]")
    page.click("#editor .shows summary")
    for layer in ("labels", "points"):
        page.uncheck(f"#editor .layer-{layer} input")
    page.click("#editor .shows summary")

    def brightness():
        shot = page.locator("#editor .stage").screenshot()
        grey = cv2.imdecode(np.frombuffer(shot, np.uint8), cv2.IMREAD_GRAYSCALE)
        return grey[100:-100, 100:-100].astype(float)

    whole = brightness()
    page.locator("#editor .opacity").fill("0.2")
    faint = brightness()
    assert faint.mean() < 0.75 * whole.mean()
    page.locator("#editor .opacity").fill("1")
    page.locator("#editor .level").fill("40")
    bright = brightness()
    assert bright.mean() > whole.mean() + 20
    page.locator("#editor .level").fill("128")
    page.locator("#editor .window").fill("80")
    assert brightness().std() > whole.std() + 5
    page.locator("#editor .window").fill("255")
    assert np.abs(brightness() - whole).mean() < 0.5

    opened, _ = studio.save_drawing(tmp_path)
    with studio.redrawn():
        page.click("#editor .find")
    found, _ = studio.save_drawing(tmp_path)
    truth = preset_drawing("dilated").heart
    grid = truth.sector.grid(256)
    wanted = label_map(truth, grid) == labels.LV
    got = label_map(replace(found.heart, sector=truth.sector), grid) == labels.LV
    assert 2 * (wanted & got).sum() / (wanted.sum() + got.sum()) >= 0.85
    studio.undo()
    assert studio.save_drawing(tmp_path)[0].to_json() == opened.to_json()
    studio.undo()
    assert studio.save_drawing(tmp_path)[0].to_json() == before.to_json()


# -- screens ----------------------------------------------------------------------------------------------------------

SCREENS = {"desktop": ((1280, 720), False), "tablet": ((820, 1180), True)}

_OUTSIDE = """() => [...document.querySelectorAll('#editor .editor-root :is(button, select, input, label, summary, dl, p, .stage, .track)')]
  .filter((node) => node.checkVisibility())
  .filter((node) => { const {left, right} = node.getBoundingClientRect(); return left < -0.5 || right > innerWidth + 0.5; })
  .map((node) => node.className || node.tagName)"""
_SMALL = """(least) => [...document.querySelectorAll('#editor .editor-root :is(button, summary, select)')]
  .filter((node) => node.checkVisibility())
  .map((node) => [node.className || node.tagName, node.getBoundingClientRect()])
  .filter(([, {width, height}]) => Math.min(width, height) < least - 0.01)
  .map(([name, {width, height}]) => `${name} ${width}x${height}`)"""


@pytest.fixture(params=[(screen, scheme) for screen in SCREENS for scheme in ("light", "dark")], ids="-".join)
def screen(chromium, studio_url, request):
    """A page of the studio on a screen, and the least side of its buttons."""
    name, scheme = request.param
    (width, height), touch = SCREENS[name]
    context = chromium.new_context(viewport={"width": width, "height": height}, has_touch=touch, color_scheme=scheme)
    page = context.new_page()
    errors = []
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(studio_url)
    page.wait_for_selector("#editor .hearts:not(:disabled)")
    page.wait_for_selector("#player .player-root[data-live=true]", timeout=WAIT)
    yield page, 40 if touch else 24
    context.close()
    assert errors == []


def test_the_table_fits_the_screen_and_its_buttons_the_finger(screen):
    page, least = screen
    for tool in ("points", "transform", "push", "wall", "brush", "pen", "eraser", "arrow"):
        page.click(f"#editor .tool-{tool}")
        assert page.evaluate(_OUTSIDE) == [], tool
        assert page.evaluate(_SMALL, least) == [], tool
        stage = page.locator("#editor .stage").bounding_box()
        assert min(stage["width"], stage["height"]) >= 320
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for opener, dialog in ((".hearts", ".gallery"), (".help", ".keys-panel")):
        page.click(f"#editor {opener}")
        box = page.locator(f"#editor dialog{dialog}[open]").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
        assert page.evaluate(_SMALL, least) == [], dialog
        page.keyboard.press("Escape")
