import numpy as np
import pytest

from engine.anatomy import contours, cycle, labels, volumes
from engine.anatomy.check import check
from engine.anatomy.motion import motion_of
from engine.anatomy.presets import PRESETS, preset
from engine.errors import BadInput
from engine.phantom.population import draw_subject


def test_measured_lvef_is_the_wanted_one_over_random_hearts():
    rng = np.random.default_rng(1)
    for seed in range(200):
        heart, wanted = draw_subject(seed).heart, float(rng.uniform(10, 80))
        volume = [volumes.simpson(h) for h in cycle.beat(heart, wanted, 16)]
        assert abs(volumes.lvef(max(volume), min(volume)) - wanted) < 0.5, seed
        assert np.argmax(volume) == 0, seed


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("lvef", [10.0, 55.0, 80.0])
def test_every_heart_of_a_beat_can_be_drawn(name, lvef):
    for heart in cycle.beat(preset(name), lvef, 8):
        check(heart)


def test_the_beat_begins_as_drawn_and_closes():
    heart = preset("normal")
    first, last = cycle.hearts_at(heart, 60.0, np.array([0.0, 1.0]))
    for name, points in heart.contours().items():
        assert np.allclose(getattr(first, name), points, atol=1e-9)
        assert np.allclose(getattr(last, name), points, atol=1e-9)


def test_the_wall_keeps_its_area_within_what_shortening_takes():
    """An incompressible wall that shortens by a sixth thickens; seen in one plane its area changes little."""
    heart = preset("normal")
    ed, es = cycle.hearts_at(heart, 60.0, np.array([0.0, cycle.ES_PHASE]))
    grid = heart.sector.grid(256)
    wall = [(contours.label_map(h, grid) == labels.MYOCARDIUM).sum() for h in (ed, es)]
    assert 0.9 < wall[1] / wall[0] < 1.25


def test_the_annulus_descends_towards_the_apex_and_the_valve_opens_only_in_diastole():
    heart = preset("normal")
    motion = motion_of(heart)
    hearts = cycle.beat(heart, 60.0, 32)
    descent = [(heart.lv_endo[0] - h.lv_endo[0]) @ motion.axes[0] for h in hearts]
    assert 8 < max(descent) < 25  # mm, mitral annular plane systolic excursion
    opening = cycle.opening_curve(cycle.phases(32))
    assert (opening[cycle.phases(32) <= cycle.ES_PHASE] == 0).all() and opening.max() > 0.9


def test_motion_maps_contours_onto_contours():
    heart = preset("dilated")
    motion = motion_of(heart)
    (moved,) = cycle.pose(heart, motion, 0.4, np.array([cycle.ES_PHASE]))
    assert np.allclose(motion.displace(heart.lv_endo, 0.4), moved.lv_endo)


@pytest.mark.parametrize("lvef", [-1.0, 0.0, 99.0, float("nan")])
def test_an_lvef_that_no_heart_has_is_refused(lvef):
    with pytest.raises(BadInput, match="LVEF"):
        cycle.beat(preset("normal"), lvef, 8)
