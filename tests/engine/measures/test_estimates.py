import numpy as np
import pytest

from engine.measures.agreement import mean_absolute_error, r_squared
from engine.measures.estimates import Estimate, bootstrap


def test_the_interval_of_a_mean_is_the_textbook_one():
    values = np.random.default_rng(3).normal(5, 2, 400)
    estimate = bootstrap(values)
    assert estimate.value == pytest.approx(values.mean())
    error = 1.96 * values.std() / 20
    assert estimate.high - estimate.low == pytest.approx(2 * error, rel=0.1)
    assert bootstrap(values) == estimate, "the same draws each time"


def test_the_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    found = [bootstrap(rng.normal(3, 1, 60)) for _ in range(120)]
    covered = np.mean([estimate.low <= 3 <= estimate.high for estimate in found])
    # Three standard errors of a share of 0.95 over 120 trials are 0.06.
    assert 0.88 <= covered < 1


def test_rows_of_one_heart_are_drawn_together():
    rng = np.random.default_rng(1)
    of_heart = rng.normal(0, 1, 20)
    rows, hearts = np.repeat(of_heart, 30), np.repeat(np.arange(20), 30)
    once, many = bootstrap(of_heart), bootstrap(rows, hearts=hearts)
    assert many.value == pytest.approx(once.value)
    assert (many.low, many.high) == pytest.approx((once.low, once.high)), "copies of a heart add nothing"
    assert bootstrap(rows).high < many.high


def test_the_bootstrap_leaves_out_what_could_not_be_measured():
    nan = float("nan")
    assert bootstrap(np.array([1.0, nan, 1.0])) == Estimate(1, 1, 1)
    assert bootstrap(np.array([[1.0, nan], [2.0, 5.0]]), mean_absolute_error).value == 3
    assert np.isnan(bootstrap(np.array([nan])).value)
    assert str(bootstrap(np.array([nan]))) == "not measured"


def test_draws_without_a_figure_are_left_out():
    """Of three hearts, one drawn thrice has no variance, and its R2 is minus infinity."""
    found = bootstrap(np.array([[10.0, 12.0], [40.0, 37.0], [70.0, 72.0]]), r_squared)
    assert np.isfinite([found.low, found.high]).all() and found.low <= found.value <= found.high


def test_one_heart_has_no_interval():
    found = bootstrap(np.array([4.0, 6.0]), hearts=np.array(["a", "a"]))
    assert found.value == 5 and np.isnan([found.low, found.high]).all()
