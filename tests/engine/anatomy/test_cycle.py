from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy import contours, cycle, labels, volumes
from engine.anatomy.check import check
from engine.anatomy.heart import CONTOURS, LEAFLETS
from engine.anatomy.keys import OPEN_PHASE, Key, tissue_field
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


def corrected(seed: int):
    """A heart of the population and keys at ES, the open valve and two more phases, for contours by chance."""
    rng, heart = np.random.default_rng(seed), draw_subject(seed).heart
    phases = [cycle.ES_PHASE, OPEN_PHASE, *rng.uniform(0.05, 0.95, 2)]
    contours = [rng.permutation(CONTOURS)[: rng.integers(1, 6)] for _ in phases]
    keys = tuple(
        Key(float(phase), {name: rng.normal(0, 1.5, getattr(heart, name).shape) for name in names})
        for phase, names in zip(phases, contours, strict=True)
    )
    return heart, keys


def test_the_lvef_is_kept_whatever_the_hand_corrected():
    rng = np.random.default_rng(3)
    for seed in range(20):
        heart, keys = corrected(seed)
        wanted = float(rng.uniform(40, min(cycle.largest_lvef(heart, keys), 80)))
        ed, es = (volumes.simpson(h) for h in cycle.hearts_at(heart, wanted, np.array([0, cycle.ES_PHASE]), keys))
        assert abs(volumes.lvef(ed, es) - wanted) < 0.5, seed


def test_a_key_shows_exactly_what_the_hand_added_and_none_moves_end_diastole():
    for seed in range(10):
        heart, keys = corrected(seed)
        motion = motion_of(heart)
        for key in keys:
            untouched = tuple(replace(each, offsets={}) if each is key else each for each in keys)
            (shown,), (pose,) = (
                cycle.pose(heart, motion, 0.5, np.array([key.phase]), each) for each in (keys, untouched)
            )
            for name, points in pose.contours().items():
                added = key.offsets.get(name, 0.0)
                assert np.allclose(getattr(shown, name) - points, added, atol=1e-9), (seed, key.phase, name)
        for ed in cycle.pose(heart, motion, 0.5, np.array([0.0, 1.0, 2.0]), keys):
            assert all(np.allclose(getattr(ed, name), points, atol=1e-9) for name, points in heart.contours().items())


def test_a_hat_ends_at_the_keys_beside_it_and_the_others_follow_their_curves():
    heart, phase = preset("normal"), np.linspace(0, 1, 201)
    shape = {name: np.ones_like(points) for name, points in heart.contours().items()}
    keys = tuple(Key(at, shape) for at in (cycle.ES_PHASE, OPEN_PHASE, 0.7, 0.8))
    es, open_, late, last = keys
    assert np.array_equal(cycle.weight(es, "la", phase, keys), cycle.contraction_curve(phase))
    for leaflet in LEAFLETS:
        assert np.array_equal(cycle.weight(open_, leaflet, phase, keys), cycle.opening_curve(phase))
    for key, low, high in ((open_, cycle.ES_PHASE, 0.7), (late, OPEN_PHASE, 0.8), (last, 0.7, 1.0)):
        hat = cycle.weight(key, "lv_endo", phase, keys)
        assert (hat[(phase <= low) | (phase >= high)] == 0).all() and (hat[(phase > low) & (phase < high)] > 0).all()
        assert cycle.weight(key, "lv_endo", np.array([key.phase, key.phase + 3]), keys) == pytest.approx([1, 1])
    assert cycle.weight(late, "lv_endo", np.array([0.62]), keys) == pytest.approx([0.5])
    assert cycle.weight(late, "la", np.array([0.5]), (late,))[0] > 0  # without the others it reaches back to ES


def test_corrections_that_contract_more_than_is_asked_are_told_as_such():
    heart = preset("normal")
    middle = heart.lv_endo.mean(0)
    pushed = Key(cycle.ES_PHASE, {"lv_endo": 0.4 * (middle - heart.lv_endo)})
    with pytest.raises(BadInput, match="corrections at end-systole alone"):
        cycle.beat(heart, 20.0, 8, (pushed,))
    assert cycle.largest_lvef(heart, (pushed,)) > cycle.largest_lvef(heart) > 80
    with pytest.raises(BadInput, match="cannot contract"):
        pulled = Key(cycle.ES_PHASE, {"lv_endo": 0.4 * (heart.lv_endo - middle)})
        cycle.beat(heart, 80.0, 8, (pulled,))


def test_the_tissue_goes_where_the_borders_go():
    for seed in range(12):
        heart, keys = corrected(seed)
        smooth = tuple(
            Key(k.phase, {n: 3 * np.sin(0.02 * getattr(heart, n)[:, ::-1] + k.phase) for n in k.offsets}) for k in keys
        )
        for name in ("lv_endo", "lv_epi"):
            border = contours.spline(getattr(heart, name))
            wanted = [contours.spline(k.offsets.get(name, np.zeros_like(getattr(heart, name)))) for k in smooth]
            off = np.hypot(*np.moveaxis(tissue_field(heart, smooth, border) - wanted, -1, 0))
            inner = slice(12, -12)  # at the annulus three borders meet, and may disagree
            assert np.median(off) < 0.1 and off[:, inner].max() < 1.0, (seed, name)  # mm
        far = np.array([[heart.sector.depth * 2, 0.0]])
        assert np.array_equal(tissue_field(heart, smooth, far), np.zeros((len(smooth), 1, 2)))


def test_leaflets_stay_on_an_annulus_that_was_moved_where_the_valve_is_open():
    heart, shift = preset("normal"), np.array([4.0, 2.0])
    names = ("lv_endo", "septal_leaflet", "la")
    ends = {"lv_endo": 0, "septal_leaflet": 0, "la": -1}
    offsets = {name: np.zeros_like(getattr(heart, name)) for name in names}
    for name in names:
        offsets[name][ends[name]] = shift
    offsets["septal_leaflet"] += shift * (offsets["septal_leaflet"] == 0)
    phase = np.linspace(0, 1, 41)
    for posed in cycle.hearts_at(heart, 55.0, phase, (Key(OPEN_PHASE, offsets),)):
        np.testing.assert_allclose(posed.septal_leaflet[0], posed.lv_endo[0], atol=1e-9)
        np.testing.assert_allclose(posed.la[-1], posed.lv_endo[0], atol=1e-9)
