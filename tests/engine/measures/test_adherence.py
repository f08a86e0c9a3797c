import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.anatomy import contours, cycle
from engine.anatomy.labels import BACKGROUND, LA, LV, MYOCARDIUM, NAMES, SECTOR
from engine.measures import adherence as measure
from engine.phantom.population import draw_subject


@pytest.fixture(scope="module")
def beat():
    """A subject and the exact label maps of one of its beats at 128x128."""
    subject = draw_subject(7)
    grid = subject.heart.sector.grid(128)
    hearts = cycle.beat(subject.heart, 55.0, 16)
    return subject, np.stack([contours.label_map(heart, grid) for heart in hearts])


def test_dice_by_hand():
    a = np.array([[LV, LV, LV, BACKGROUND]], np.uint8)
    b = np.array([[BACKGROUND, LV, LV, LV]], np.uint8)
    assert measure.dice(a, b, LV) == pytest.approx(2 * 2 / 6)
    assert measure.dice(a, b, LA) == 1.0, "neither has it"
    assert measure.dice(a, np.zeros_like(a), LV) == 0.0


@given(st.integers(0, 2**32 - 1))
def test_dice_is_symmetric_and_bounded(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 5, (2, 9, 11)).astype(np.uint8)
    for label in measure.STRUCTURES:
        assert measure.dice(a, b, label) == measure.dice(b, a, label)
        assert 0 <= measure.dice(a, b, label) <= 1
        assert measure.dice(a, a, label) == 1


def test_grey_is_read_inside_each_structure():
    drawn = np.array([[LV, LV, MYOCARDIUM, LA, SECTOR]], np.uint8)
    frame = np.array([[10, 20, 200, 255, 255]], np.uint8)
    assert measure.cavity_and_wall_grey(frame, drawn) == (15.0, 200.0)
    cavity, wall = measure.cavity_and_wall_grey(frame, np.zeros_like(drawn))
    assert np.isnan([cavity, wall]).all()


def test_area_falls_as_drawn():
    maps = np.zeros((3, 4, 4), np.uint8)
    for frame, rows in enumerate((4, 1, 3)):
        maps[frame, :rows] = LV
    np.testing.assert_array_equal(measure.area_curve(maps), [16, 4, 12])
    assert measure.area_fall(measure.area_curve(maps)) == 0.75
    assert np.isnan(measure.area_fall(measure.area_curve(maps, LA)))


def test_a_true_beat_has_its_lvef(beat):
    subject, maps = beat
    assert measure.lvef(maps, subject.heart.sector, subject.heart.view) == pytest.approx(55, abs=5)


def test_no_lv_has_no_lvef(beat):
    subject, maps = beat
    assert np.isnan(measure.lvef(np.zeros_like(maps), subject.heart.sector, subject.heart.view))


def test_a_perfect_answer_has_perfect_adherence(beat):
    _, maps = beat
    clip = np.array([0, 30, 180, 40, 90], np.uint8)[maps]
    found = measure.adherence([clip, clip], [maps[0], maps[0]], [maps, maps])
    assert {name: estimate.value for name, estimate in found.dice.items()} == {"LV": 1, "myocardium": 1, "LA": 1}
    assert (found.cavity_grey.value, found.wall_grey.value) == (30, 180)
    assert found.area_fall.value == measure.area_fall(measure.area_curve(maps))
    assert found.area_fall.value > 0.25


def test_another_hearts_answer_adheres_less(beat):
    _, maps = beat
    other = draw_subject(8).heart
    drawn = contours.label_map(other, other.sector.grid(128))
    found = measure.adherence([maps], [drawn], [maps])
    assert all(estimate.value < 0.95 for estimate in found.dice.values())


def test_every_frame_is_compared_with_the_map_wanted_for_it(beat):
    _, maps = beat
    shifted = np.roll(maps, 3, 2)
    found = measure.by_frame([shifted, maps], [maps, maps], [maps, maps])
    for label in measure.STRUCTURES:
        frames = found[NAMES[label]]
        assert len(frames) == len(maps)
        for t, frame in enumerate(frames):
            expected = (measure.dice(shifted[t], maps[t], label) + 1) / 2
            assert frame.dice.value == pytest.approx(expected)
            assert (frame.ceiling.value, frame.share.value) == (1, pytest.approx(expected))


def test_a_structure_that_neither_shows_is_not_scored():
    empty = np.zeros((2, 4, 4), np.uint8)
    drawn = empty.copy()
    drawn[1] = LV
    np.testing.assert_array_equal(measure.frame_dice(empty, drawn, LV), [np.nan, 0])
