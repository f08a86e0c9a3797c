import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.anatomy import contours, cycle
from engine.anatomy.labels import LV, MYOCARDIUM, SECTOR
from engine.measures import simpson
from engine.measures.simpson import Beat
from engine.phantom.population import draw_subject


def exact_maps(seed=7, lvef=55.0, frames=16, size=128):
    """The exact label maps of a beat of one subject, and its view."""
    subject = draw_subject(seed)
    grid = subject.heart.sector.grid(size)
    hearts = cycle.beat(subject.heart, lvef, frames)
    return np.stack([contours.label_map(heart, grid) for heart in hearts]), subject.heart.view


@pytest.fixture(scope="module")
def beat():
    return exact_maps()


@given(
    frames=st.integers(10, 40),
    count=st.integers(2, 4),
    start=st.floats(0, 1),
    fall=st.floats(0.1, 0.7),
)
@settings(max_examples=50)
def test_every_whole_beat_is_found(frames, count, start, fall):
    phase = start + np.arange(frames * count) / frames
    areas = 1000 * (1 - fall * cycle.contraction_curve(phase))
    found = simpson.beats(areas)
    assert count - 1 <= len(found) <= count
    for one in found:
        assert phase[one.es] % 1 == pytest.approx(cycle.ES_PHASE, abs=1.1 / frames)
    assert areas[[one.ed for one in found]].min() >= 1000 * (1 - fall * 0.45), "ED is near the top of its beat"


def test_one_beat_has_its_largest_and_smallest():
    areas = 100 - 40 * cycle.contraction_curve(np.arange(16) / 16)
    assert simpson.beats(areas) == [Beat(0, 6)]
    assert simpson.beats(areas[:7]) == [Beat(0, 6)], "stops at ES"
    assert simpson.beats(np.full(5, 3.0)) == [Beat(0, 0)]


def test_a_slip_of_one_frame_is_no_end_of_a_beat():
    areas = 100 - 40 * cycle.contraction_curve(np.arange(16) / 16)
    slipped = areas.copy()
    slipped[11] = 0.0
    assert simpson.beats(slipped) == simpson.beats(areas)
    np.testing.assert_array_equal(simpson.without_slips(areas), areas)


def test_no_heart_beats_faster_than_hearts_can():
    areas = 100 - 40 * cycle.contraction_curve(np.arange(60) / 30)
    areas[11] += 22
    flickering = [beat.es for beat in simpson.beats(areas)]
    assert len(flickering) == 3 and flickering[1] - flickering[0] < 5
    assert [beat.es for beat in simpson.beats(areas, fps=30.0)] == [flickering[1], flickering[2]]


@pytest.mark.parametrize("wanted", [20.0, 40.0, 60.0])
def test_a_true_beat_has_its_lvef(wanted):
    maps, view = exact_maps(lvef=wanted)
    assert simpson.lvef(maps, view) == pytest.approx(wanted, abs=4)


def test_start_repetition_and_scale_do_not_matter(beat):
    maps, view = beat
    once = simpson.lvef(maps, view)
    assert simpson.lvef(np.concatenate([maps, maps]), view) == pytest.approx(once)
    assert simpson.lvef(np.roll(maps, 4, 0), view) == pytest.approx(once)
    assert simpson.lvef(maps, view, (0.8, 0.8)) == pytest.approx(once, abs=0.5)


def test_the_volume_curve_has_the_shape_of_the_beat(beat):
    maps, view = beat
    spacing = draw_subject(7).heart.sector.grid(128).mm_per_pixel
    curve = simpson.volume_curve(maps, view, spacing)
    assert curve.argmin() == 6 and curve.argmax() == 0
    assert 30 < curve.max() < 400, "mL"
    np.testing.assert_allclose(simpson.volume_curve(maps, view, (2 * spacing[0], 2 * spacing[1])) / curve, 8, rtol=0.25)


def test_two_equal_views_give_the_single_planes_answer(beat):
    maps, _ = beat
    assert simpson.lvef_biplane(maps, maps) == pytest.approx(simpson.lvef(maps), abs=1)


def test_no_lv_has_no_lvef(beat):
    maps, view = beat
    without = np.where(maps == LV, MYOCARDIUM, maps).astype(np.uint8)
    assert np.isnan(simpson.lvef(without, view))
    assert np.isnan(simpson.volume_curve(without, view)).all()
    assert np.isnan(simpson.lvef_biplane(without, maps))
    assert np.isnan(simpson.lvef(np.full((4, 30, 30), SECTOR, np.uint8)))
