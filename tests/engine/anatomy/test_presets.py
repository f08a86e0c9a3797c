from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy import contours, cycle, labels, volumes
from engine.anatomy.check import check, warnings
from engine.anatomy.drawing import drawing_from_json, preset_drawing
from engine.anatomy.heart import Heart
from engine.anatomy.keys import OPEN_PHASE
from engine.anatomy.motion import motion_of
from engine.anatomy.presets import PRESETS, keys_of, preset
from engine.errors import BadInput

VIEWS = ("A4C", "A2C")
ED_AND_ES = np.array([0.0, cycle.ES_PHASE])
ODD = {("septal defect", "A4C"), ("missing LA", "A4C"), ("missing LA", "A2C")}
"""What is meant to be wondered at."""


def wall(heart: Heart, low: float, high: float, side: int) -> np.ndarray:
    """mm of wall at heights between two shares of the long axis; side 0 is septal, 1 lateral."""
    motion = motion_of(heart)
    share = motion.heights / motion.length
    return (motion.epi - motion.endo)[side, (share >= low) & (share <= high)]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_moves_at_its_usual_lvef_and_keeps_its_document(name, view):
    drawing = preset_drawing(name, view)
    ed, es = drawing.hearts_at(ED_AND_ES)
    for heart in (ed, es):
        check(heart)
    assert bool(warnings(ed)) == ((name, view) in ODD), warnings(ed)
    assert drawing.lvef == PRESETS[name].lvef
    assert volumes.lvef(volumes.simpson(ed), volumes.simpson(es)) == pytest.approx(drawing.lvef, abs=0.1)
    sector = replace(ed.sector, opening=ed.sector.opening + 1)
    assert all(sector.contains(points).all() for points in ed.contours().values())
    again = drawing_from_json(drawing.to_json())
    assert again.to_json() == drawing.to_json() and again.heart.view == view


def test_walls_and_atria_are_what_the_names_say():
    normal, thick, septal = (preset(name) for name in ("normal", "hypertrophic", "septal hypertrophy"))
    sides = [np.median(wall(thick, 0.4, 0.9, side)) for side in (0, 1)]
    assert min(sides) > 13 and max(sides) / min(sides) < 1.3  # concentric
    assert 17 < wall(septal, 0.4, 0.9, 0).max() < 24 and wall(septal, 0.4, 0.9, 1).max() < 13
    area = {name: volumes.area(contours.spline(preset(name).la)) for name in ("normal", "large LA", "missing LA")}
    assert area["large LA"] > 1.7 * area["normal"] and area["missing LA"] < 1
    assert volumes.simpson(preset("small LV")) < 0.55 * volumes.simpson(normal)


def test_the_defect_parts_the_septum_in_the_label_map_of_a_four_chamber_view():
    for view, parted in (("A4C", True), ("A2C", False)):
        heart = preset("septal defect", view)
        for shown in cycle.hearts_at(heart, 60.0, ED_AND_ES):
            grid = shown.sector.grid(256)
            pieces = np.unique(_septal_gap(contours.label_map(shown, grid), shown, grid))
            assert (len(pieces) == 2) == parted
    gap = _septal_gap(contours.label_map(heart := preset("septal defect"), g := heart.sector.grid(512)), heart, g)
    assert 8 < gap.sum() * 0.25 < 13  # mm


def _septal_gap(image: np.ndarray, heart: Heart, grid) -> np.ndarray:
    """Along the LV's septal border, every quarter of a millimetre: whether no myocardium lies within 6 mm outside it."""
    motion = motion_of(heart)
    height = np.arange(0.2 * motion.length, 0.93 * motion.length, 0.25)
    inner = np.interp(height, motion.heights, motion.endo[0])
    outside = inner[:, None] + np.arange(0.5, 6.0, 0.25)
    places = motion.apex + np.stack([np.broadcast_to(height[:, None], outside.shape), -outside], -1) @ motion.axes
    column, row = np.moveaxis(np.round(grid.to_pixels(places)).astype(int), -1, 0)
    return ~(image[row, column] == labels.MYOCARDIUM).any(1)


@pytest.mark.parametrize("view", VIEWS)
def test_a_prolapsing_valve_lies_behind_the_annulus_at_end_systole_and_opens_as_any(view):
    drawing = preset_drawing("prolapse", view)
    motion = motion_of(drawing.heart)
    for phase, bulges in ((0.0, False), (cycle.ES_PHASE, True)):
        (heart,) = drawing.hearts_at(np.array([phase]))
        septal, lateral = heart.septal_leaflet[0], heart.lateral_leaflet[0]
        behind = np.array([septal[1] - lateral[1], lateral[0] - septal[0]]) / np.hypot(*(lateral - septal))
        behind = behind * np.sign(behind @ motion.axes[0])
        reach = [
            ((contours.spline(leaf) - septal) @ behind).max() for leaf in (heart.septal_leaflet, heart.lateral_leaflet)
        ]
        assert min(reach) > 3.0 if bulges else max(reach) < 0.1, (phase, reach)
    opened, usual = (
        cycle.hearts_at(drawing.heart, drawing.lvef, np.array([OPEN_PHASE]), keys)[0] for keys in (drawing.keys, ())
    )
    assert np.allclose(opened.septal_leaflet, usual.septal_leaflet, atol=0.05)


@pytest.mark.parametrize("view", VIEWS)
def test_an_aneurysm_is_thin_and_moves_outward_while_the_rest_moves_in(view):
    drawing = preset_drawing("apical aneurysm", view)
    ed, es = drawing.hearts_at(ED_AND_ES)
    tip = len(ed.lv_endo) // 2
    near = slice(tip - 2, tip + 3)
    centre = ed.lv_endo.mean(0)
    for name in ("lv_endo", "lv_epi"):
        moved = np.hypot(*(getattr(es, name) - centre).T) - np.hypot(*(getattr(ed, name) - centre).T)
        assert (moved[near] > 1.5).all(), (name, moved)
    assert np.hypot(*(es.lv_endo[3] - es.lv_endo[-4])) < 0.9 * np.hypot(*(ed.lv_endo[3] - ed.lv_endo[-4]))
    thin = [np.hypot(*(heart.lv_endo - heart.lv_epi).T)[near] for heart in (ed, es)]
    assert np.allclose(thin, 4.0, atol=0.8)


def test_keys_fit_a_heart_that_was_moved_to_another_sector():
    heart = preset("prolapse").map_points(lambda points: 0.8 * points + [3.0, 5.0])
    (at_es, _) = keys_of("prolapse", heart)
    plain, _ = keys_of("prolapse", preset("prolapse"))
    assert np.allclose(at_es.offsets["septal_leaflet"][2], 0.8 * plain.offsets["septal_leaflet"][2], atol=2.0)


@pytest.mark.parametrize("make", [preset, preset_drawing, lambda name: keys_of(name, preset("normal"))])
def test_an_unknown_name_is_refused_with_those_there_are(make):
    with pytest.raises(BadInput, match=r"'tiny'; choose one of normal, .*prolapse\.$"):
        make("tiny")
