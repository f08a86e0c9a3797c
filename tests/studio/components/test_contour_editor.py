"""The editor in a real browser: gestures, their events, undo, and what Python answers."""

import base64
import itertools
import time

import cv2
import numpy as np
import pytest

from engine.anatomy import labels
from engine.anatomy.contours import label_map
from engine.anatomy.heart import CONTOURS
from engine.anatomy.presets import preset
from studio.components.colours import HEX, paint
from studio.components.contour_editor import rasterise
from studio.session import FRAME, Session, document

DOCS = (f"doc{i}" for i in itertools.count())


def read_png(url: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(url.split(",")[1]), np.uint8), cv2.IMREAD_UNCHANGED)


def test_rasterise_answers_with_the_label_map_and_volumes():
    heart = preset("normal")
    answer = rasterise({"heart": heart.to_json(), "lvef": 60})
    picture = read_png(answer["png"])
    truth = label_map(heart, heart.sector.grid(FRAME))
    assert picture.shape == (FRAME, FRAME, 4)
    assert ((picture[..., 3] > 0) == np.isin(truth, (labels.LV, labels.MYOCARDIUM, labels.LA))).all()
    red, green, blue = bytes.fromhex(HEX["lv"][1:])
    assert (picture[truth == labels.LV] == (blue, green, red, 255)).all()
    assert answer["esv"] == pytest.approx(0.4 * answer["edv"])
    assert answer["message"] is None


def test_rasterise_knows_no_esv_without_an_lvef():
    heart = preset("normal").to_json()
    told, untold = (rasterise({"heart": heart, "lvef": lvef}) for lvef in (60, None))
    assert untold == told | {"esv": None}


@pytest.mark.parametrize("document", [None, 7, [], {}, {"heart": {}, "lvef": 50}, {"heart": None, "lvef": "x"}])
def test_rasterise_answers_nonsense_with_a_sentence(document):
    answer = rasterise(document)
    assert answer["png"] is None and answer["message"].endswith((".", "again."))


def test_rasterise_answers_a_collapsed_heart():
    heart = preset("normal").map_points(lambda points: 0 * points)
    answer = rasterise({"heart": heart.to_json(), "lvef": 50})
    assert answer["message"] and answer["edv"] in (None, 0)


def test_paint_keeps_the_shape():
    maps = np.random.default_rng(0).integers(0, 5, (3, 4, 5)).astype(np.uint8)
    assert paint(maps, 128).shape == (3, 4, 5, 4)
    assert set(np.unique(paint(maps, 128)[..., 3])) == {0, 128}


class Editor:
    """The editor on a page, in terms of what a user does with it."""

    def __init__(self, page, stage):
        self.page, self.stage = page, stage
        page.goto(stage.url)
        page.wait_for_selector(".editor-root[data-ready=true]")
        self.open(preset("normal"))

    def open(self, heart, rev=0, lvef=55.0, doc=None):
        """Shows a heart; under a name of its own unless `doc` is given."""
        self.doc = doc or next(DOCS)
        self.stage.send["editor"] = document(Session(heart, self.doc, rev, lvef=lvef))
        self.page.click("#send-editor")
        if doc is None:
            self.page.wait_for_selector(f".editor-root[data-doc={self.doc}]")
        self.stage.edits.clear()

    def centre(self, contour, index):
        box = self.page.locator(f'.handle[data-contour="{contour}"][data-index="{index}"]').bounding_box()
        return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2

    def drag(self, start, by, steps=5):
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        for step in range(1, steps + 1):
            mouse.move(start[0] + by[0] * step / steps, start[1] + by[1] * step / steps)
        assert self.root("dragging") == "true"
        mouse.up()
        assert self.root("dragging") == "false"

    def root(self, name):
        return self.page.locator(".editor-root").get_attribute(f"data-{name}")

    def mm_per_css_pixel(self):
        scale = self.page.evaluate("document.querySelector('.canvas').getScreenCTM().a")
        return preset("normal").sector.grid(FRAME).mm_per_pixel[0] / scale

    def edits(self, count):
        """The contours of each edit event, once `count` have come; a late one would be seen too.

        Called after every gesture, for of two events in a hurry Python gets the last alone ("always_last").
        """
        end = time.monotonic() + 5
        while len(self.stage.edits) < count and time.monotonic() < end:
            self.page.wait_for_timeout(20)
        self.page.wait_for_timeout(150)
        assert len(self.stage.edits) == count
        contours = [edit["heart"]["contours"] for edit in self.stage.edits]
        return [{name: np.array(points) for name, points in edit.items()} for edit in contours]


@pytest.fixture
def editor(page, components):
    return Editor(page, components)


def before():
    return {name: np.round(points, 3) for name, points in preset("normal").contours().items()}


def test_a_drag_moves_the_point_and_fires_once(editor):
    editor.drag(editor.centre("lv_endo", 2), (-30, 12))
    (after,) = editor.edits(1)
    expected = np.array([-30, 12]) * editor.mm_per_css_pixel()
    assert after["lv_endo"][2] - before()["lv_endo"][2] == pytest.approx(expected, abs=0.6)
    assert 0.2 < np.linalg.norm(after["lv_endo"][1] - before()["lv_endo"][1]) / np.linalg.norm(expected) < 0.8
    assert editor.stage.edits[0]["rev"] == 1 and editor.root("rev") == "1"
    for name in ("lv_epi", "lateral_leaflet"):
        np.testing.assert_array_equal(after[name], before()[name])


def test_without_soft_only_the_point_moves(editor):
    editor.page.click(".soft")
    editor.drag(editor.centre("lv_endo", 3), (10, 25))
    (after,) = editor.edits(1)
    changed = [(name, i) for name in CONTOURS for i in np.flatnonzero((after[name] != before()[name]).any(1))]
    assert changed == [("lv_endo", 3)]


def test_the_annulus_is_one_place(editor):
    editor.drag(editor.centre("septal_leaflet", 0), (-20, 5))
    (after,) = editor.edits(1)
    np.testing.assert_array_equal(after["lv_endo"][0], after["la"][-1])
    np.testing.assert_array_equal(after["lv_endo"][0], after["septal_leaflet"][0])
    epi = after["lv_epi"][0] - before()["lv_epi"][0]
    np.testing.assert_allclose(epi, after["lv_endo"][0] - before()["lv_endo"][0], atol=0.002)
    assert epi[0] < -3


def test_chambers_move_as_a_whole_and_shift_moves_all(editor):
    heart = preset("normal")
    scale = editor.mm_per_css_pixel()
    canvas = editor.page.locator(".canvas").bounding_box()
    top = editor.centre("lv_endo", 3)
    origin = np.array(top) - heart.lv_endo[3] / scale  # the probe on screen
    lv = tuple(origin + heart.lv_endo.mean(0) / scale)
    la = tuple(origin + heart.la.mean(0) / scale)
    assert canvas["y"] < lv[1] < la[1] < canvas["y"] + canvas["height"]

    editor.drag(la, (15, 0))
    editor.edits(1)
    editor.drag(lv, (0, -20))
    editor.edits(2)
    editor.page.keyboard.down("Shift")
    editor.drag(lv, (-25, 0))
    editor.page.keyboard.up("Shift")
    moved_la, moved_lv, moved_all = editor.edits(3)

    def assert_shift(points, by):
        np.testing.assert_allclose(points, np.broadcast_to(np.array(by) * scale, points.shape), atol=0.6)

    la_shift = moved_la["la"] - before()["la"]
    assert (la_shift[[0, -1]] == 0).all() and (moved_la["lv_endo"] == before()["lv_endo"]).all()
    assert_shift(la_shift[1:-1], (15, 0))
    assert_shift(moved_lv["lv_epi"] - moved_la["lv_epi"], (0, -20))
    for name in CONTOURS:
        assert_shift(moved_all[name] - moved_lv[name], (-25, 0))


def test_undo_and_redo_by_button_and_key(editor):
    page = editor.page
    assert page.locator(".undo").is_disabled()
    editor.drag(editor.centre("la", 3), (0, -15))
    editor.edits(1)
    editor.drag(editor.centre("lv_epi", 1), (-15, 0))
    editor.edits(2)
    page.keyboard.press("Control+z")
    editor.edits(3)
    page.click(".undo")
    editor.edits(4)
    page.keyboard.press("Control+Shift+Z")
    first, second, undone, original, redone = editor.edits(5)
    for name in CONTOURS:
        np.testing.assert_array_equal(undone[name], first[name])
        np.testing.assert_array_equal(original[name], before()[name])
        np.testing.assert_array_equal(redone[name], first[name])
    assert (second["lv_epi"] != first["lv_epi"]).any()
    assert [edit["rev"] for edit in editor.stage.edits] == [1, 2, 3, 4, 5]
    assert not page.locator(".redo").is_disabled()


def test_arrow_keys_nudge_in_millimetres(editor):
    editor.page.click(".soft")
    editor.page.mouse.click(*editor.centre("lv_endo", 3))
    assert editor.page.locator(".handle.selected").get_attribute("data-index") == "3"
    editor.page.keyboard.press("ArrowRight")
    editor.edits(1)
    editor.page.keyboard.press("Shift+ArrowUp")
    first, second = editor.edits(2)
    np.testing.assert_allclose(first["lv_endo"][3] - before()["lv_endo"][3], [0.5, 0], atol=0.002)
    np.testing.assert_allclose(second["lv_endo"][3] - before()["lv_endo"][3], [0.5, -2], atol=0.002)


def test_a_click_or_an_escaped_drag_is_no_edit(editor):
    editor.page.mouse.click(*editor.centre("lv_endo", 2))
    x, y = editor.centre("lv_endo", 2)
    editor.page.mouse.move(x, y)
    editor.page.mouse.down()
    editor.page.mouse.move(x + 40, y)
    editor.page.keyboard.press("Escape")
    editor.page.mouse.up()
    assert editor.edits(0) == []
    assert editor.centre("lv_endo", 2) == pytest.approx((x, y), abs=0.1)


def test_the_label_map_and_volumes_follow_the_drag(editor):
    page = editor.page
    page.wait_for_function("document.querySelector('.edv').textContent.endsWith('mL')")
    picture, volume = page.locator(".labels").get_attribute("href"), page.locator(".edv").inner_text()
    x, y = editor.centre("lv_endo", 5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 35, y, steps=4)
    page.wait_for_function("v => document.querySelector('.edv').textContent !== v", arg=volume)
    assert page.locator(".labels").get_attribute("href") != picture
    assert editor.edits(0) == []
    page.mouse.up()
    editor.edits(1)
    assert int(page.locator(".edv").inner_text().split()[0]) < int(volume.split()[0])


def test_zoom_keeps_handles_usable_and_double_click_resets(editor):
    page = editor.page
    box = page.locator('.handle[data-contour="lv_endo"][data-index="3"]').bounding_box()
    x, y = editor.centre("lv_endo", 3)
    page.mouse.move(round(x), round(y))  # a wheel event tells whole pixels, rounded down
    page.mouse.wheel(0, -700)
    page.wait_for_function("document.querySelector('.canvas').viewBox.baseVal.width < 200")
    zoomed = page.locator('.handle[data-contour="lv_endo"][data-index="3"]').bounding_box()
    assert zoomed["width"] == pytest.approx(box["width"], abs=0.5) and zoomed["width"] >= 24
    assert editor.centre("lv_endo", 3) == pytest.approx((x, y), abs=1.5)
    scale = editor.mm_per_css_pixel()
    editor.drag((x, y), (20, 30))
    (after,) = editor.edits(1)
    assert after["lv_endo"][3] - before()["lv_endo"][3] == pytest.approx(np.array([20, 30]) * scale, abs=0.5)
    stage = page.locator(".editor-root .stage").bounding_box()
    page.mouse.dblclick(stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] - 30)
    page.wait_for_function("document.querySelector('.canvas').viewBox.baseVal.width === 256")


def test_a_touch_drags_and_two_fingers_zoom(editor):
    page = editor.page
    touch = page.context.new_cdp_session(page)

    def send(kind, *points):
        fingers = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": fingers})

    x, y = editor.centre("lv_epi", 2)
    send("touchStart", (x + 8, y + 8))  # a finger is not exact
    send("touchMove", (x - 10, y + 8))
    send("touchMove", (x - 22, y + 8))
    send("touchEnd")
    (after,) = editor.edits(1)
    shift = after["lv_epi"][2] - before()["lv_epi"][2]
    assert shift == pytest.approx(np.array([-30, 0]) * editor.mm_per_css_pixel(), abs=0.7)

    send("touchStart", (x, y))
    send("touchStart", (x, y), (x + 40, y))
    send("touchMove", (x - 40, y), (x + 80, y))
    send("touchEnd")
    page.wait_for_function("document.querySelector('.canvas').viewBox.baseVal.width < 120")
    editor.edits(1)


def test_an_older_value_is_ignored_and_a_newer_one_shown(editor):
    editor.drag(editor.centre("lv_endo", 2), (-20, 0))
    editor.edits(1)
    x = editor.centre("lv_endo", 2)
    editor.open(preset("normal"), rev=0, doc=editor.doc)
    editor.page.wait_for_timeout(300)
    assert editor.root("rev") == "1" and editor.centre("lv_endo", 2) == pytest.approx(x, abs=0.1)
    editor.page.click("#read-editor")  # and Python sees what the user sees
    editor.page.wait_for_timeout(300)
    assert editor.stage.read[-1]["rev"] == 1
    editor.open(preset("dilated"), rev=5, doc=editor.doc)
    editor.page.wait_for_selector(".editor-root[data-rev='5']")
    editor.page.click(".undo")  # the page's own changes can be undone too
    (undone,) = editor.edits(1)
    assert undone["lv_endo"][2][0] < before()["lv_endo"][2][0]


def test_layers_and_sides(editor):
    page = editor.page
    assert page.locator(".side.left").inner_text() == "septal"
    page.get_by_label("Points").uncheck()
    assert page.locator(".handles").is_hidden()
    page.get_by_label("Labels").uncheck()
    assert page.locator(".labels").is_hidden()
    editor.open(preset("normal", "A2C"))
    assert [page.locator(f".side.{side}").inner_text() for side in ("left", "right")] == ["inferior", "anterior"]
