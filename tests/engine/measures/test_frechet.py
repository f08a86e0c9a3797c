import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import BadInput
from engine.measures.frechet import TooFew, frechet_distance, gaussian_distance, kernel_distance


def test_gaussians_with_one_set_of_axes_have_a_closed_form():
    """Where covariances commute, |mu_a - mu_b|^2 + sum (sd_a - sd_b)^2 along their common axes."""
    rng = np.random.default_rng(0)
    axes = np.linalg.qr(rng.normal(size=(5, 5)))[0]
    a, b = rng.uniform(0.1, 3, (2, 5))
    mean_a, mean_b = rng.normal(size=(2, 5))
    found = gaussian_distance(mean_a, axes * a**2 @ axes.T, mean_b, axes * b**2 @ axes.T)
    assert found == pytest.approx(((mean_a - mean_b) ** 2).sum() + ((a - b) ** 2).sum())


def test_any_two_gaussians_as_the_matrix_root_has_it():
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    a, b = (root @ root.T for root in rng.normal(size=(2, 6, 6)))
    exact = np.trace(a + b - 2 * sqrtm(a @ b)).real
    assert gaussian_distance(np.zeros(6), a, np.zeros(6), b) == pytest.approx(exact)


def test_samples_of_known_gaussians_come_to_their_distance():
    rng = np.random.default_rng(2)
    a, b = rng.normal(0, 1, (20_000, 3)), rng.normal(1, 2, (20_000, 3))
    assert frechet_distance(a, b) == pytest.approx(3 * (1 + 1), rel=0.03)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_it_is_symmetric_and_knows_no_order(distance, seed, width):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(0, 1, (40, width)), rng.normal(0.3, 1.5, (30, width))
    found = distance(a, b)
    assert distance(b, a) == pytest.approx(found, rel=1e-6, abs=1e-9)
    assert distance(rng.permutation(a), rng.permutation(b)) == pytest.approx(found, rel=1e-6, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_a_set_is_at_no_distance_from_itself(seed):
    rows = np.random.default_rng(seed).normal(size=(60, 8)).astype(np.float32)
    assert frechet_distance(rows, rows) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.5])
def test_the_kernel_distance_is_not_biased_by_the_number_of_samples(shift):
    rng = np.random.default_rng(4)
    d = 4

    def mean_of(n):
        found = [kernel_distance(rng.normal(0, 1, (n, d)), rng.normal(shift, 1, (n, d))) for _ in range(4000 // n)]
        return np.mean(found), np.std(found) / len(found) ** 0.5

    (few, error), (many, smaller) = mean_of(10), mean_of(200)
    assert abs(few - many) < 4 * np.hypot(error, smaller)
    assert shift == 0 or many > 5 * smaller


def test_the_kernel_distance_is_its_definition():
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(5, 3)), rng.normal(size=(4, 3))

    def k(x, y):
        return (x @ y / 3 + 1) ** 3

    within = [
        sum(k(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j) / (len(s) * (len(s) - 1))
        for s in (a, b)
    ]
    across = np.mean([k(x, y) for x in a for y in b])
    assert kernel_distance(a, b) == pytest.approx(sum(within) - 2 * across)


def test_too_few_samples_are_refused():
    rng = np.random.default_rng(6)
    with pytest.raises(TooFew, match="10 samples came for 10 features"):
        frechet_distance(rng.normal(size=(10, 10)), rng.normal(size=(50, 10)))
    with pytest.raises(TooFew, match="1 sample"):
        kernel_distance(rng.normal(size=(1, 3)), rng.normal(size=(5, 3)))


@pytest.mark.parametrize("distance", [frechet_distance, kernel_distance])
def test_features_that_cannot_be_compared_are_refused(distance):
    rows = np.random.default_rng(7).normal(size=(20, 3))
    with pytest.raises(BadInput, match="3 and 2"):
        distance(rows, rows[:, :2])
    with pytest.raises(BadInput, match="NaN"):
        distance(rows, np.where(rows == rows[0, 0], np.nan, rows))
