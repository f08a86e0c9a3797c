import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.anatomy import contours, cycle
from engine.anatomy.labels import BACKGROUND, LA, LV, MYOCARDIUM, SECTOR
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


def test_r_squared_and_error_by_hand():
    pairs = np.array([[10.0, 12.0], [20.0, 20.0], [30.0, 26.0]])
    assert measure.r_squared(pairs) == pytest.approx(1 - (4 + 16) / 200)
    assert measure.mean_absolute_error(pairs) == pytest.approx(2)
    assert measure.r_squared(np.array([[1.0, 1.0], [3.0, 3.0]])) == 1


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(3).normal(5, 2, 400)
    estimate = measure.bootstrap(values)
    assert estimate.value == pytest.approx(values.mean())
    error = 1.96 * values.std() / 20
    assert estimate.high - estimate.low == pytest.approx(2 * error, rel=0.1)
    assert measure.bootstrap(values) == estimate, "the same draws each time"


def test_the_bootstrap_leaves_out_what_could_not_be_measured():
    nan = float("nan")
    assert measure.bootstrap(np.array([1.0, nan, 1.0])) == measure.Estimate(1, 1, 1)
    assert measure.bootstrap(np.array([[1.0, nan], [2.0, 5.0]]), measure.mean_absolute_error).value == 3
    assert np.isnan(measure.bootstrap(np.array([nan])).value)


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
