"""The drawing table in a real browser: points, brushes, structures, and the history of it all."""

from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy import labels
from engine.anatomy.check import check
from engine.anatomy.contours import label_map
from engine.anatomy.drawing import drawing_from_json, preset_drawing
from engine.anatomy.heart import CONTOURS
from engine.anatomy.presets import preset
from engine.anatomy.volumes import wall_thickness
from studio.components.colours import paint

NORMAL = preset("normal")


def test_paint_keeps_the_shape():
    maps = np.random.default_rng(0).integers(0, 5, (3, 4, 5)).astype(np.uint8)
    assert paint(maps, 128).shape == (3, 4, 5, 4)
    assert set(np.unique(paint(maps, 128)[..., 3])) == {0, 128}


def before():
    return {name: np.round(points, 3) for name, points in NORMAL.contours().items()}


def heart_of(editor):
    return drawing_from_json(editor.drawn()).heart


def label_at(heart, mm):
    """The class of the label map at a point."""
    grid = heart.sector.grid(512)
    x, y = np.round(np.array(mm) / grid.mm_per_pixel[::-1] + grid.apex).astype(int)
    return label_map(heart, grid)[y, x]


def press(editor, *keys):
    editor.page.locator(".editor-root .stage").focus()
    for key in keys:
        editor.page.keyboard.press(key)


# -- points -----------------------------------------------------------------------------------------------------------


def test_a_drag_moves_the_point_and_fires_once(editor):
    editor.drag(editor.centre("lv_endo", 2), (-30, 12))
    after = editor.contours()
    expected = np.array([-30, 12]) * editor.mm_per_css_pixel()
    assert after["lv_endo"][2] - before()["lv_endo"][2] == pytest.approx(expected, abs=0.6)
    assert 0.2 < np.linalg.norm(after["lv_endo"][1] - before()["lv_endo"][1]) / np.linalg.norm(expected) < 0.8
    assert len(editor.stage.edits) == editor.rev == editor.steps == 1
    for name in ("lv_epi", "lateral_leaflet"):
        np.testing.assert_array_equal(after[name], before()[name])


def test_without_soft_only_the_point_moves(editor):
    editor.page.click(".soft")
    editor.drag(editor.centre("lv_endo", 3), (10, 25))
    after = editor.contours()
    changed = [(name, i) for name in CONTOURS for i in np.flatnonzero((after[name] != before()[name]).any(1))]
    assert changed == [("lv_endo", 3)]


def test_the_annulus_is_one_place(editor):
    editor.drag(editor.centre("septal_leaflet", 0), (-20, 5))
    after = editor.contours()
    np.testing.assert_array_equal(after["lv_endo"][0], after["la"][-1])
    np.testing.assert_array_equal(after["lv_endo"][0], after["septal_leaflet"][0])
    epi = after["lv_epi"][0] - before()["lv_epi"][0]
    np.testing.assert_allclose(epi, after["lv_endo"][0] - before()["lv_endo"][0], atol=0.002)
    assert epi[0] < -3


def test_chambers_move_as_a_whole_and_shift_moves_all(editor):
    scale = editor.mm_per_css_pixel()
    lv, la = (editor.screen(points.mean(0)) for points in (NORMAL.lv_endo, NORMAL.la))
    editor.drag(la, (15, 0))
    moved_la = editor.contours()
    editor.drag(lv, (0, -20))
    moved_lv = editor.contours()
    editor.page.keyboard.down("Shift")
    editor.drag(lv, (-25, 0))
    editor.page.keyboard.up("Shift")
    moved_all = editor.contours()

    def assert_shift(points, by):
        np.testing.assert_allclose(points, np.broadcast_to(np.array(by) * scale, points.shape), atol=0.6)

    la_shift = moved_la["la"] - before()["la"]
    assert (la_shift[[0, -1]] == 0).all() and (moved_la["lv_endo"] == before()["lv_endo"]).all()
    assert_shift(la_shift[1:-1], (15, 0))
    assert_shift(moved_lv["lv_epi"] - moved_la["lv_epi"], (0, -20))
    for name in CONTOURS:
        assert_shift(moved_all[name] - moved_lv[name], (-25, 0))


def test_arrow_keys_nudge_in_millimetres_and_a_held_key_is_one_step(editor):
    page = editor.page
    page.click(".soft")
    page.mouse.click(*editor.centre("lv_endo", 3))
    assert page.locator(".handle.selected").get_attribute("data-index") == "3"
    page.keyboard.press("ArrowRight")
    first = editor.contours()
    page.keyboard.press("Shift+ArrowUp")
    second = editor.contours()
    np.testing.assert_allclose(first["lv_endo"][3] - before()["lv_endo"][3], [0.5, 0], atol=0.002)
    np.testing.assert_allclose(second["lv_endo"][3] - before()["lv_endo"][3], [0.5, -2], atol=0.002)
    assert editor.steps == 2
    for _ in range(6):
        page.keyboard.down("ArrowLeft")  # without a release: the key repeats
    page.keyboard.up("ArrowLeft")
    np.testing.assert_allclose(editor.contours()["lv_endo"][3] - second["lv_endo"][3], [-3, 0], atol=0.002)
    assert editor.steps == 3
    editor.undo()
    np.testing.assert_array_equal(editor.contours()["lv_endo"], second["lv_endo"])


def test_a_double_click_inserts_a_point_delete_removes_it_and_ends_stay(editor):
    page = editor.page
    index = page.locator(".handle").count()
    middle = (np.array(editor.centre("lv_endo", 5)) + editor.centre("lv_endo", 6)) / 2
    page.mouse.dblclick(*middle)
    after = editor.contours()
    assert len(after["lv_endo"]) == len(NORMAL.lv_endo) + 1 and page.locator(".handle").count() == index + 1
    assert page.locator(".handle.selected").get_attribute("data-index") == "6"
    np.testing.assert_array_equal(np.delete(after["lv_endo"], 6, 0), before()["lv_endo"])
    press(editor, "Delete")
    for name, points in editor.contours().items():
        np.testing.assert_array_equal(points, before()[name])
    page.mouse.click(*editor.centre("lv_endo", 0))
    press(editor, "Delete")
    assert "stay" in page.inner_text(".editor-root .message")
    assert editor.rev == 2


def test_points_are_added_and_deleted_by_button_and_key_down_to_the_fewest(editor):
    page = editor.page
    page.mouse.click(*editor.centre("septal_leaflet", 1))
    page.click(".add-point")
    press(editor, "Insert")
    assert len(editor.contours()["septal_leaflet"]) == len(NORMAL.septal_leaflet) + 2
    for _ in range(6):
        page.locator(".editor-root .stage").focus()
        press(editor, "]", "[")
        if page.locator(".handle.selected").count() == 0:
            page.mouse.click(*editor.centre("septal_leaflet", 1))
        page.click(".delete-point")
        if len(editor.contours()["septal_leaflet"]) > 3:
            page.mouse.click(*editor.centre("septal_leaflet", 1))
    assert len(editor.contours()["septal_leaflet"]) == 3


def test_a_click_or_an_escaped_drag_is_no_edit(editor):
    page = editor.page
    page.mouse.click(*editor.centre("lv_endo", 2))
    x, y = editor.centre("lv_endo", 2)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y)
    assert editor.centre("lv_endo", 2)[0] > x + 30
    page.keyboard.press("Escape")
    page.mouse.up()
    assert (editor.rev, editor.steps, editor.stage.edits) == (0, 0, [])
    assert editor.centre("lv_endo", 2) == pytest.approx((x, y), abs=0.1)


def test_the_label_map_and_the_numbers_follow_the_drag(editor):
    page = editor.page
    fill, volume = page.locator(".fill.lv").get_attribute("d"), editor.number("edv")
    x, y = editor.centre("lv_endo", 5)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 35, y, steps=4)
    assert page.locator(".fill.lv").get_attribute("d") != fill
    assert editor.number("edv") < volume and editor.rev == 0
    page.mouse.up()
    assert editor.number("edv") < volume
    assert editor.number("edv") * (1 - editor.number("lvef") / 100) == pytest.approx(editor.number("esv"), abs=1)


# -- history ----------------------------------------------------------------------------------------------------------


def test_undo_and_redo_by_button_and_key(editor):
    page = editor.page
    assert page.locator(".undo").is_disabled()
    editor.drag(editor.centre("la", 3), (0, -15))
    first = editor.drawn()
    editor.drag(editor.centre("lv_epi", 1), (-15, 0))
    second = editor.drawn()
    assert second["contours"]["lv_epi"] != first["contours"]["lv_epi"]
    press(editor, "Control+z")
    assert editor.drawn() == first
    editor.undo()
    assert editor.drawn() == editor.opened["drawing"]
    press(editor, "Control+Shift+Z")
    assert editor.drawn() == first
    press(editor, "Control+y")
    assert editor.drawn() == second
    assert editor.rev == 6 and page.locator(".redo").is_disabled()
    editor.undo()
    editor.drag(editor.centre("la", 2), (10, 0))
    assert page.locator(".redo").is_disabled()


def test_many_steps_in_a_hurry_are_all_undone(editor):
    page = editor.page
    page.mouse.click(*editor.centre("lv_endo", 3))
    pressed = """([key, ctrlKey, count]) => {
      const stage = document.querySelector('.editor-root .stage');
      for (let i = 0; i < count; i++) stage.dispatchEvent(new KeyboardEvent('keydown', {key, ctrlKey, bubbles: true}));
    }"""
    page.evaluate(pressed, ["ArrowLeft", False, 30])
    assert editor.rev == editor.steps == 30
    page.evaluate(pressed, ["z", True, 40])
    assert editor.steps == 0 and page.locator(".undo").is_disabled()
    assert editor.drawn() == editor.opened["drawing"]


def test_an_older_value_is_ignored_and_a_newer_one_shown(editor):
    page = editor.page
    editor.drag(editor.centre("lv_endo", 2), (-20, 0))
    dragged = editor.drawn()
    x = editor.centre("lv_endo", 2)
    editor.open(preset_drawing("normal"), rev=0, doc=editor.doc)
    page.wait_for_timeout(300)  # nothing is to happen
    assert editor.rev == 1 and editor.centre("lv_endo", 2) == pytest.approx(x, abs=0.1)
    seen = len(editor.stage.read)
    page.click("#read-editor")  # and Python sees what the user sees
    while len(editor.stage.read) == seen:
        page.wait_for_timeout(20)
    assert editor.stage.read[-1]["rev"] == 1
    editor.open(preset_drawing("dilated"), rev=5, doc=editor.doc)
    page.wait_for_selector(".editor-root[data-rev='5']")
    editor.undo()  # the page's own changes can be undone too
    assert editor.drawn() == dragged


# -- brushes ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("radius", [6, 14])
def test_a_push_moves_both_walls_and_never_crosses_them(editor, radius):
    page = editor.page
    editor.tool("push")
    page.locator(".radius").fill(str(radius))
    start = editor.screen(NORMAL.lv_endo[6] - [12, 0])
    page.mouse.move(*start)
    assert page.locator(".ring").is_visible()
    editor.drag(start, (90, 5), steps=12)
    heart = heart_of(editor)
    check(heart)
    assert editor.steps == 1
    assert len(heart.lv_endo) > len(NORMAL.lv_endo)
    assert heart.lv_endo[:, 0].max() > NORMAL.lv_endo[:, 0].max() + 2
    assert heart.lv_epi[:, 0].max() > NORMAL.lv_epi[:, 0].max() + 2
    thickness = wall_thickness(heart)
    assert thickness.septal > 2 and thickness.lateral > 1
    np.testing.assert_array_equal(heart.lv_endo[[0, -1]], [heart.la[-1], heart.la[0]])
    editor.undo()
    assert editor.drawn() == editor.opened["drawing"]


def test_the_wall_brush_thickens_and_thins(editor):
    page = editor.page
    editor.tool("wall")
    start, end = (np.array(editor.screen(NORMAL.lv_endo[i])) for i in (5, 7))
    thick = [editor.number("lateral")]
    for wall in ("thicken", "thin", "thin"):
        page.select_option("select.wall", wall)
        editor.drag(start, end - start, steps=10)
        thick.append(editor.number("lateral"))
    assert thick[1] > thick[0] + 0.5 and thick[2] < thick[1] - 0.5 and 1 <= thick[3] < thick[2]
    assert editor.steps == 3
    check(heart_of(editor))


PAINTED = {
    "lv": (labels.LV, NORMAL.lv_endo[6] + [3, 0], labels.MYOCARDIUM),
    "la": (labels.LA, NORMAL.la[2] + [4, 0], labels.SECTOR),
    "erase": (labels.SECTOR, NORMAL.la[[3, 4]].mean(0) - [0, 6], labels.LA),
}


@pytest.mark.parametrize("region", PAINTED)
def test_a_painted_region_changes_the_label_map_there(editor, region):
    label, place, was = PAINTED[region]
    assert label_at(NORMAL, place) == was
    editor.tool("brush")
    editor.page.select_option("select.region", region)
    editor.page.locator(".radius").fill("7")
    editor.drag(np.array(editor.screen(place)) - [0, 6], (0, 12))
    editor.page.wait_for_function("document.querySelector('.editor-root').dataset.undo === '1'")
    heart = heart_of(editor)
    assert label_at(heart, place) == label
    changed = label_map(heart, heart.sector.grid(256)) != label_map(NORMAL, heart.sector.grid(256))
    assert 0.001 < changed.mean() < 0.05
    editor.undo()
    assert editor.drawn() == editor.opened["drawing"]


# -- structures -------------------------------------------------------------------------------------------------------


def grip(editor, name):
    box = editor.page.locator(f".grip.{name}").bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def spread(points):
    """Distances between all points."""
    return np.linalg.norm(points[:, None] - points[None], axis=-1)


def test_a_structure_is_turned_scaled_and_moved(editor):
    page = editor.page
    editor.tool("transform")
    page.select_option("select.structure", "all")
    start = np.concatenate(list(before().values()))

    editor.drag(grip(editor, "turn"), (40, 10))
    turned = np.concatenate(list(editor.contours().values()))
    np.testing.assert_allclose(spread(turned), spread(start), atol=0.01)
    assert np.abs(turned - start).max() > 5

    editor.drag(grip(editor, "se"), (-30, -50))
    scaled = np.concatenate(list(editor.contours().values()))
    shares = spread(scaled)[spread(turned) > 5] / spread(turned)[spread(turned) > 5]
    assert shares.mean() < 0.95
    np.testing.assert_allclose(shares, shares.mean(), atol=0.003)

    heart = heart_of(editor)
    editor.drag(editor.screen(heart.lv_endo.mean(0)), (-20, 10))
    moved = np.concatenate(list(editor.contours().values()))
    by = np.array([-20, 10]) * editor.mm_per_css_pixel()
    np.testing.assert_allclose(moved - scaled, np.broadcast_to(by, moved.shape), atol=0.6)
    assert editor.steps == 3


def test_mirrored_twice_is_as_before_and_walls_change_sides(editor):
    page = editor.page
    thin = replace(NORMAL, lv_epi=NORMAL.lv_epi + np.where(np.arange(len(NORMAL.lv_epi)) < 4, 3, 0)[:, None] * [1, 0])
    editor.open(replace(preset_drawing("normal"), heart=thin))
    septal, lateral = editor.number("septal"), editor.number("lateral")
    assert septal < lateral - 1
    editor.tool("transform")
    page.click(".mirror")
    assert [editor.number("septal"), editor.number("lateral")] == pytest.approx([lateral, septal], abs=0.11)
    check(heart_of(editor))
    page.click(".mirror")
    for name, points in editor.contours().items():
        np.testing.assert_allclose(points, getattr(thin, name), atol=0.005)


def test_the_ends_of_la_and_leaflets_are_joined_to_the_annulus(editor):
    apart = replace(NORMAL, la=NORMAL.la + np.array([4, 6]), septal_leaflet=NORMAL.septal_leaflet - [3, 0])
    editor.open(replace(preset_drawing("normal"), heart=apart))
    editor.page.click(".snap")
    heart = heart_of(editor)
    np.testing.assert_array_equal(heart.la[[0, -1]], heart.lv_endo[[-1, 0]])
    np.testing.assert_array_equal(heart.septal_leaflet[0], heart.lv_endo[0])
    assert editor.steps == 1


# -- view -------------------------------------------------------------------------------------------------------------


def test_zoom_keeps_handles_usable_and_double_click_resets(editor):
    page = editor.page
    target = page.locator('.handle[data-contour="lv_endo"][data-index="3"] .target')
    box = target.bounding_box()
    x, y = editor.centre("lv_endo", 3)
    page.mouse.move(round(x), round(y))  # a wheel event tells whole pixels, rounded down
    page.mouse.wheel(0, -700)
    page.wait_for_function("document.querySelector('.canvas').viewBox.baseVal.width < 200")
    zoomed = target.bounding_box()
    assert zoomed["width"] == pytest.approx(box["width"], abs=0.5) and zoomed["width"] >= 24
    assert editor.centre("lv_endo", 3) == pytest.approx((x, y), abs=1.5)
    scale = editor.mm_per_css_pixel()
    editor.drag((x, y), (20, 30))
    shift = editor.contours()["lv_endo"][3] - before()["lv_endo"][3]
    assert shift == pytest.approx(np.array([20, 30]) * scale, abs=0.5)
    stage = page.locator(".editor-root .stage").bounding_box()
    page.mouse.dblclick(stage["x"] + stage["width"] - 40, stage["y"] + 40)
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
    shift = editor.contours()["lv_epi"][2] - before()["lv_epi"][2]
    assert shift == pytest.approx(np.array([-30, 0]) * editor.mm_per_css_pixel(), abs=0.7)

    send("touchStart", (x, y))
    send("touchStart", (x, y), (x + 40, y))
    send("touchMove", (x - 40, y), (x + 80, y))
    send("touchEnd")
    page.wait_for_function("document.querySelector('.canvas').viewBox.baseVal.width < 120")
    assert editor.rev == 1


def test_layers_and_sides(editor):
    page = editor.page
    assert page.locator(".side.left").inner_text() == "septal"
    page.click(".shows summary")
    page.uncheck(".layer-points input")
    assert page.locator(".handles").is_hidden()
    page.uncheck(".layer-labels input")
    assert page.locator(".labels").is_hidden()
    editor.open(preset_drawing("normal", "A2C"))
    assert [page.locator(f".side.{side}").inner_text() for side in ("left", "right")] == ["inferior", "anterior"]
