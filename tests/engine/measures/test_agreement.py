import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.measures import agreement as measure
from engine.measures.agreement import Agreement, agree, nearest, table

ASKED = np.array([20.0, 35.0, 50.0, 65.0])


def test_figures_by_hand():
    pairs = np.array([[10.0, 12.0], [20.0, 20.0], [30.0, 26.0]])
    assert measure.r_squared(pairs) == pytest.approx(1 - (4 + 16) / 200)
    assert measure.mean_absolute_error(pairs) == pytest.approx(2)
    assert measure.root_mean_squared_error(pairs) == pytest.approx((20 / 3) ** 0.5)
    assert measure.bias(pairs) == pytest.approx(-2 / 3)
    spread = np.std([2, 0, -4], ddof=1)
    assert measure.lower_limit(pairs) == pytest.approx(-2 / 3 - 1.96 * spread)
    assert measure.upper_limit(pairs) == pytest.approx(-2 / 3 + 1.96 * spread)


def test_perfect_measurements_agree_perfectly():
    (found,) = agree(ASKED, ASKED[:, None])
    assert (found.r_squared.value, found.mae.value, found.rmse.value, found.bias.value) == (1, 0, 0, 0)
    assert (found.lower.value, found.upper.value) == (0, 0)


def test_a_constant_offset_is_all_bias():
    (found,) = agree(ASKED, ASKED[:, None] + 5)
    assert (found.bias.value, found.lower.value, found.upper.value) == (5, 5, 5)
    assert found.mae.low == found.mae.high == 5


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_the_single_draw_comes_first_and_the_best_is_never_worse(seed):
    rng = np.random.default_rng(seed)
    asked = rng.uniform(10, 75, 12)
    single, best = agree(asked, asked[:, None] + rng.normal(0, 8, (12, 3)))
    assert (single.best_of, best.best_of) == (1, 3)
    assert best.mae.value <= single.mae.value and best.r_squared.value >= single.r_squared.value
    assert single.mae.low <= single.mae.value <= single.mae.high


def test_best_of_several_cannot_be_shown_without_saying_so():
    single, best = agree(ASKED, ASKED[:, None] + np.array([[9.0, 0.0, -2.0]]))
    for shown in (repr(best), str(best), table([single, best])):
        assert "best of 3" in shown or "best_of=3" in shown
    assert "single draw" in str(single) and "best" not in str(single)
    assert table([single, best]).splitlines()[1].startswith("single draw")
    assert dataclasses.fields(Agreement)[0].name == "best_of"
    assert dataclasses.fields(Agreement)[0].default is dataclasses.MISSING


def test_the_nearest_draw_is_chosen_and_the_unmeasured_passed_over():
    nan = float("nan")
    measured = np.array([[25.0, 18.0, nan], [nan, 60.0, 34.0], [nan, nan, nan]])
    np.testing.assert_array_equal(nearest(ASKED[:3], measured), [18, 34, nan])


def test_a_clip_that_could_not_be_measured_is_left_out_and_told_of():
    nan = float("nan")
    (found,) = agree(np.append(ASKED, [40.0, nan, nan]), np.append(ASKED, [nan, 30.0, nan])[:, None])
    assert (found.requests, found.hearts, found.r_squared.value) == (4, 4, 1)
    assert found.unmeasured == 1, "nothing was asked of the other two"


def test_clips_of_one_heart_are_no_independent_witnesses():
    rng = np.random.default_rng(0)
    hearts = np.repeat(np.arange(8), 10)
    asked = rng.uniform(20, 70, 80)
    measured = (asked + rng.normal(0, 6, 8)[hearts] + rng.normal(0, 0.5, 80))[:, None]
    (alone,), (together,) = agree(asked, measured), agree(asked, measured, hearts)
    assert together.bias.value == alone.bias.value and together.hearts == 8
    assert together.bias.high - together.bias.low > 2 * (alone.bias.high - alone.bias.low)


@pytest.mark.parametrize(
    ("asked", "measured", "said"),
    [
        (ASKED[:2], ASKED[:2, None], "2 clips"),
        (np.full(4, 55.0), ASKED[:, None], "LVEF 55"),
        (np.full(4, np.nan), ASKED[:, None], "0 clips"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked, measured, said):
    with pytest.raises(BadInput, match=said):
        agree(asked, measured)
