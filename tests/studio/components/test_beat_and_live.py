"""The drawing table in a real browser: the beat and its key frames, valve and sketch, hearts to start from, the live clip."""

import base64
import json
import re
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest

from engine.anatomy import cycle, labels
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import drawing_from_json, preset_drawing
from engine.anatomy.heart import CONTOURS
from engine.anatomy.keys import LARGEST, OPEN_PHASE, Key
from engine.anatomy.presets import PRESETS
from engine.anatomy.volumes import lvef, simpson
from studio import live, table
from studio.session import fine_grid

NORMAL = preset_drawing("normal")
ES = cycle.ES_PHASE


def press(editor, *keys):
    editor.page.locator(".editor-root .stage").focus()
    for key in keys:
        editor.page.keyboard.press(key)
    editor.wait()


def on_screen(editor):
    """The contours that the handles show, in mm."""
    place = "({dataset, transform}) => [dataset.contour, transform.baseVal[0].matrix.e, transform.baseVal[0].matrix.f]"
    places = editor.page.eval_on_selector_all(".handle", f"all => all.map({place})")
    grid = editor.opened["frame"]
    contours = {name: [] for name in CONTOURS}
    for name, x, y in places:
        contours[name].append([(v - grid["apex"][i]) * grid["mm_per_pixel"][1 - i] for i, v in enumerate((x, y))])
    return {name: np.array(points) for name, points in contours.items()}


def ejected(document):
    """LVEF of a drawing as the engine measures it at ED and ES."""
    ed, es = drawing_from_json(document).hearts_at(np.array([0.0, ES]))
    return lvef(simpson(ed), simpson(es))


# -- the beat ---------------------------------------------------------------------------------------------------------


def test_keys_buttons_and_track_go_to_an_instant(editor):
    page = editor.page
    for key, phase in (("2", ES), ("3", OPEN_PHASE), ("1", 0)):
        press(editor, key)
        assert float(editor.root("phase")) == pytest.approx(phase)
        assert page.locator(".chip[aria-pressed=true]").get_attribute("data-phase") == f"{phase:g}"
    for phase, words in ((ES, "ES"), (OPEN_PHASE, "Valve open"), (0, "ED")):
        editor.go(phase)
        assert page.inner_text(".instant") == words
    track = page.locator(".editor-root .track")
    box = track.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 20)
    page.mouse.down()
    seen = []
    for share in (0.2, 0.4, 0.7):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 20)
        seen.append(float(editor.root("phase")))
    page.mouse.up()
    assert seen == pytest.approx([0.2, 0.4, 0.7], abs=0.02)
    track.focus()
    page.keyboard.press("ArrowRight")
    later = float(editor.root("phase"))
    assert 0 < later - seen[-1] < 0.04
    page.keyboard.press("ArrowLeft")
    assert float(editor.root("phase")) == seen[-1]
    page.keyboard.press("Home")
    assert float(editor.root("phase")) == 0 and editor.rev == 0


def test_the_contours_beat_and_rest(editor):
    page = editor.page
    press(editor, "k")
    page.wait_for_function("document.querySelector('.editor-root').dataset.phase > .2")
    assert page.locator(".beat").get_attribute("aria-pressed") == "true"
    page.click(".beat")
    phase = editor.root("phase")
    page.wait_for_timeout(150)  # nothing is to happen
    assert editor.root("phase") == phase and editor.rev == 0


def test_a_drag_at_es_is_a_key_and_the_lvef_follows_it(editor):
    editor.go(ES)
    volume = simpson(replace(NORMAL.heart, **on_screen(editor)))
    editor.drag(editor.centre("lv_endo", 6), (14, 0))
    drawn = editor.drawn()
    (key,) = drawn["keys"]
    assert key["phase"] == pytest.approx(ES) and "lv_endo" in key["offsets"]
    assert drawn["contours"] == editor.opened["drawing"]["contours"]
    assert simpson(replace(NORMAL.heart, **on_screen(editor))) > volume + 1
    assert drawn["lvef"] < NORMAL.lvef - 1
    assert ejected(drawn) == pytest.approx(drawn["lvef"], abs=0.1)
    assert editor.number("lvef") == pytest.approx(drawn["lvef"], abs=0.5)
    assert editor.page.locator(f".chip[data-phase='{ES:g}'].corrected").count() == 1
    editor.undo()
    assert editor.drawn() == editor.opened["drawing"]


def test_another_lvef_moves_the_contours_at_es(editor):
    editor.go(ES)
    editor.drag(editor.centre("lv_endo", 6), (10, 0))
    edited = drawing_from_json(editor.drawn())
    for rev, wanted in ((2, 35.0), (3, 62.0)):
        editor.open(replace(edited, lvef=wanted), rev=rev, doc=editor.doc)
        editor.page.wait_for_selector(f".editor-root[data-rev='{rev}']")
        editor.wait()
        shown = replace(NORMAL.heart, **on_screen(editor))
        assert lvef(simpson(NORMAL.heart), simpson(shown)) == pytest.approx(wanted, abs=0.1)
        assert editor.number("lvef") == wanted
        assert editor.number("esv") == pytest.approx(simpson(shown), abs=0.6)
    assert editor.steps == 2  # a slider's moves in quick succession are one
    editor.undo()
    assert editor.drawn()["lvef"] == edited.lvef


def test_a_drag_at_another_instant_is_a_key_there_and_the_curve_follows(editor):
    page = editor.page
    box = page.locator(".editor-root .track").bounding_box()
    page.mouse.click(box["x"] + 0.2 * box["width"], box["y"] + 20)
    editor.wait()
    phase = float(editor.root("phase"))
    curve = page.locator(".curve").get_attribute("d")
    assert page.locator(".reset-key").is_disabled()
    editor.drag(editor.centre("lv_endo", 6), (-25, 0))
    moved = editor.centre("lv_endo", 6)
    drawn = editor.drawn()
    assert [key["phase"] for key in drawn["keys"]] == pytest.approx([phase]) and 0.15 < phase < 0.25
    assert drawn["lvef"] == NORMAL.lvef
    assert page.locator(".curve").get_attribute("d") != curve
    (shown,) = drawing_from_json(drawn).hearts_at(np.array([phase]))
    np.testing.assert_allclose(on_screen(editor)["lv_endo"], shown.lv_endo, atol=0.01)
    editor.go(ES)
    editor.drag(editor.centre("lv_endo", 2), (5, 0))
    assert len(editor.drawn()["keys"]) == 2
    page.mouse.click(box["x"] + phase * box["width"], box["y"] + 20)
    editor.wait()
    assert editor.centre("lv_endo", 6) == pytest.approx(moved, abs=12)
    page.click(".reset-key")
    assert [key["phase"] for key in editor.drawn()["keys"]] == pytest.approx([ES])


def test_a_correction_too_many_is_refused_and_the_beat_comes_back(editor):
    full = replace(NORMAL, keys=tuple(Key(phase, {}) for phase in np.linspace(0.05, 0.95, LARGEST)))
    editor.open(full)
    editor.go(ES)
    before = on_screen(editor)
    editor.drag(editor.centre("lv_endo", 6), (14, 0))
    assert f"{LARGEST} instants" in editor.page.inner_text(".editor-root .message") and editor.rev == 0
    for name, points in on_screen(editor).items():
        np.testing.assert_allclose(points, before[name], atol=0.01)


def test_the_heart_rate_is_the_seconds_of_the_beat(editor):
    editor.open(replace(NORMAL, heart_rate=120.0))
    assert editor.page.inner_text(".timeline .time").endswith("of 0.50 s")
    editor.open(replace(NORMAL, heart_rate=60.0))
    editor.go(ES)
    assert editor.page.inner_text(".timeline .time") in ("0.37 of 1.00 s", "0.38 of 1.00 s")


# -- valve and sketch -------------------------------------------------------------------------------------------------


def test_a_leaflet_drawn_at_valve_open_is_a_key_of_the_valve(editor):
    editor.go(OPEN_PHASE)
    editor.page.click(".soft")
    editor.drag(editor.centre("septal_leaflet", 2), (-8, 6))
    drawn = editor.drawn()
    (key,) = drawn["keys"]
    assert key["phase"] == pytest.approx(OPEN_PHASE) and set(key["offsets"]) == {"septal_leaflet"}
    shift = np.array(key["offsets"]["septal_leaflet"][2])
    assert shift == pytest.approx(np.array([-8, 6]) * editor.mm_per_css_pixel(), abs=0.6)
    assert drawn["lvef"] == NORMAL.lvef


def test_an_arrow_belongs_to_the_nearest_leaflet_and_a_short_drag_takes_it_away(editor):
    editor.tool("arrow")
    tips = {name: getattr(NORMAL.heart, name)[-1] for name in ("septal_leaflet", "lateral_leaflet")}
    for name, side in (("septal_leaflet", -4), ("lateral_leaflet", 4)):
        editor.drag(editor.screen(tips[name] + [side, 0]), (4 * side, -40))
        start, end = np.array(editor.drawn()["directions"][name])
        np.testing.assert_allclose(end - start, np.array([4 * side, -40]) * editor.mm_per_css_pixel(), atol=0.7)
    assert set(editor.drawn()["directions"]) == set(tips)
    editor.drag(editor.screen(tips["septal_leaflet"] - [4, 0]), (3, 0))
    assert set(editor.drawn()["directions"]) == {"lateral_leaflet"}
    assert editor.page.locator(".arrow[data-leaflet=lateral_leaflet]").get_attribute("d")
    editor.undo()
    assert set(editor.drawn()["directions"]) == set(tips)


def pen(page, places, forces):
    """A stroke with a pen that tells its pressure."""
    client = page.context.new_cdp_session(page)
    kinds = ["mousePressed", *["mouseMoved"] * (len(places) - 1)]
    for kind, (x, y), force in zip(kinds, places, forces, strict=True):
        event = {"type": kind, "x": x, "y": y, "pointerType": "pen", "force": force, "button": "left", "buttons": 1}
        client.send("Input.dispatchMouseEvent", event | {"clickCount": 1})
    (x, y), ending = places[-1], {"type": "mouseReleased", "pointerType": "pen", "button": "left", "clickCount": 1}
    client.send("Input.dispatchMouseEvent", ending | {"x": x, "y": y})


def test_pen_eraser_contours_and_clear(editor):
    page = editor.page
    editor.tool("pen")
    x, y = editor.screen([-20, 60])
    pen(page, [(x + 10 * i, y + (i % 2)) for i in range(9)], np.linspace(0.1, 0.9, 9))
    (stroke,) = editor.drawn()["sketch"]
    assert np.array(stroke["points"])[[0, -1], 0] == pytest.approx([-20, -20 + 80 * editor.mm_per_css_pixel()], abs=1)
    assert stroke["pressure"][0] == pytest.approx(0.1, abs=0.05) and stroke["pressure"][-1] > 0.7
    assert (np.diff(stroke["pressure"]) > 0).all()
    assert len(page.locator(".ink").get_attribute("d")) > 50

    editor.tool("eraser")
    page.locator(".radius").fill("8")
    editor.drag((x + 40, y - 30), (0, 60), steps=8)
    assert len(editor.drawn()["sketch"]) == 2

    editor.tool("pen")
    page.click(".sketch-contours")
    assert len(editor.drawn()["sketch"]) == 2 + len(CONTOURS)
    page.click(".sketch-clear")
    assert editor.drawn()["sketch"] == [] and page.locator(".sketch-clear").is_disabled()
    for strokes in (7, 2, 1, 0):
        editor.undo()
        assert len(editor.drawn()["sketch"]) == strokes


def test_the_edges_of_the_image_become_strokes(editor):
    page = editor.page
    editor.tool("pen")
    assert page.locator(".sketch-image").is_disabled()
    grid = fine_grid(NORMAL.heart.sector)
    inside = np.isin(label_map(NORMAL.heart, grid), (labels.MYOCARDIUM,))
    jpeg = cv2.imencode(".jpg", cv2.GaussianBlur(np.where(inside, 180, 20).astype(np.uint8), (0, 0), 2))[1]
    backdrop = "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode()
    editor.open(NORMAL, backdrop=backdrop)
    page.click(".sketch-image")
    page.wait_for_function("document.querySelector('.editor-root').dataset.undo === '1'")
    sketch = editor.drawn()["sketch"]
    points = np.concatenate([np.array(stroke["points"]) for stroke in sketch])
    wall = np.concatenate([NORMAL.heart.lv_endo, NORMAL.heart.lv_epi])
    away = np.linalg.norm(wall[:, None] - points[None], axis=-1).min(1)
    assert len(points) > 20 and np.median(away) < 3


# -- hearts to start from ---------------------------------------------------------------------------------------------


def pick(editor, name):
    rev = editor.rev
    editor.page.click(".hearts")
    editor.page.click(f".tile[data-heart='{name}']")
    editor.page.wait_for_function("rev => +document.querySelector('.editor-root').dataset.rev > rev", arg=rev)
    return editor.drawn()


@pytest.mark.parametrize("view", ["A4C", "A2C"])
def test_every_heart_of_the_gallery_opens_and_can_be_undone(editor, view):
    editor.open(preset_drawing("normal", view))
    for count, name in enumerate(PRESETS):
        expected = preset_drawing(name, view).to_json()
        if count == 0:
            editor.drag(editor.centre("la", 3), (0, -10))
        before = editor.drawn()
        assert pick(editor, name) == expected
        assert editor.number("lvef") == pytest.approx(expected["lvef"], abs=0.51)
    editor.undo()
    assert editor.drawn() == before


def test_an_unusual_heart_is_opened_with_a_warning(editor):
    pick(editor, "hypertrophic")
    assert editor.page.locator(".numbers .unusual").count() >= 1


@pytest.mark.parametrize("name", PRESETS)
def test_every_heart_makes_a_live_clip(name):
    answer = live.preview({"drawing": preset_drawing(name).to_json(), "model": "phantom", "draft": True})
    assert answer["clip"]["frames"] == 16, answer


def test_a_random_patient_is_another_each_time(editor):
    first, second = pick(editor, "random"), pick(editor, "random")
    assert first["contours"] != second["contours"] != editor.opened["drawing"]["contours"]
    assert editor.steps == 2


# -- the labels of a file ---------------------------------------------------------------------------------------------


@pytest.fixture
def question(editor):
    """The editor, asked what the labels of a map mean that has numbers of its own."""
    grid = NORMAL.heart.sector.grid(192)
    map_ = np.array([0, 7, 20, 3, 9])[label_map(preset_drawing("dilated").heart, grid)]
    editor.open(NORMAL, rev=1, doc=editor.doc, question=table.ask("map.nii.gz", map_[None], grid.mm_per_pixel))
    editor.page.wait_for_selector("dialog.mapping[open]")
    return editor


MEANT = {"7": labels.LV, "20": labels.MYOCARDIUM, "3": labels.LA, "9": labels.SECTOR}


def test_the_answer_what_labels_mean_becomes_the_contours(question):
    page = question.page
    assert page.locator(".labels-found select").count() == 4
    for value, meant in MEANT.items():
        page.select_option(f".labels-found select[data-value='{value}']", str(meant))
    page.click(".take")
    page.wait_for_function("document.querySelector('.editor-root').dataset.undo === '1'")
    assert page.locator("dialog[open]").count() == 0
    heart, wanted = drawing_from_json(question.drawn()).heart, preset_drawing("dilated").heart
    grid = wanted.sector.grid(192)
    got, truth = (label_map(each, grid) == labels.LV for each in (heart, wanted))
    assert 2 * (got & truth).sum() / (got.sum() + truth.sum()) > 0.93
    question.undo()
    assert question.drawn() == question.opened["drawing"]


def test_an_unanswered_question_leaves_the_drawing(question):
    question.page.keyboard.press("Escape")
    question.page.wait_for_function("!document.querySelector('dialog[open]')")
    assert question.rev == 1 and question.steps == 0


# -- the live clip ----------------------------------------------------------------------------------------------------


def settle(editor):
    """Waits until the better clip of the last change has been shown."""
    drawing, asked = editor.drawn(), editor.stage.asked
    end = time.monotonic() + 30
    while not asked or asked[-1]["draft"] or asked[-1]["drawing"] != drawing:
        assert time.monotonic() < end
        editor.page.wait_for_timeout(20)
    editor.page.wait_for_selector(f".player-root[data-live=true] .title:text-is('Live {asked[-1]['number']}')")


def test_an_edit_puts_a_new_clip_in_the_player(editor):
    settle(editor)
    title = editor.page.inner_text(".player-root .title")
    editor.drag(editor.centre("lv_epi", 4), (0, -12))
    settle(editor)
    assert editor.page.inner_text(".player-root .title") != title
    last = editor.stage.asked[-1]
    assert last["drawing"] == editor.drawn() and last["model"] == "phantom"
    assert editor.page.get_attribute(".player-root", "data-frames") == "6"


def test_what_is_superseded_is_never_asked_for(editor):
    settle(editor)
    editor.stage.gate.clear()
    before = len(editor.stage.asked)
    for i in range(6):
        editor.drag(editor.centre("lv_epi", 4), (0, [-6, 5][i % 2]), steps=8)
    assert len(editor.stage.asked) == before + 1  # the rest waits, and the latest wins
    editor.stage.gate.set()
    settle(editor)
    drawn = editor.drawn()
    later = editor.stage.asked[before + 1 :]
    assert len(later) <= 2 and all(each["drawing"] == drawn for each in later)


def test_the_live_clip_can_be_off_or_the_model_s(editor):
    page = editor.page
    settle(editor)
    page.select_option("select.live", "off")
    count = len(editor.stage.asked)
    editor.drag(editor.centre("lv_epi", 4), (0, -6))
    page.wait_for_timeout(500)  # nothing is to happen
    assert len(editor.stage.asked) == count
    page.select_option("select.live", "model")
    settle(editor)
    assert {each["model"] for each in editor.stage.asked[count:]} == {editor.opened["model"]}


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"lvef": 1e30}, {"contours": {"lv_endo": [[None, 1]]}}, {"sector": "wide"}], ids=str
)
def test_a_drawing_that_is_refused_is_told_and_stays_on_screen(editor, change):
    page = editor.page

    def tamper(route):
        sent = route.request.post_data_json
        for asked in sent["data"] if isinstance(sent["data"], list) else [sent["data"]]:
            asked["drawing"] |= change
        route.continue_(post_data=json.dumps(sent))

    page.route(re.compile("component_server"), tamper)
    page.click(".hearts")
    page.click(".tile[data-heart=dilated]")
    page.wait_for_selector(".editor-root .message.warning span")
    assert page.inner_text(".editor-root .message").strip().endswith(".")
    assert editor.rev == 0 and page.locator(".editor-root").get_attribute("data-undo") == "0"
