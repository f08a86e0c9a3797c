"""A figure with its interval: what every table here is made of."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped
from scipy import stats

DRAWS = 1000
"""resamplings of a bootstrap"""
LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        if np.isnan(self.value):
            return "not measured"
        digits = 1 if abs(self.value) >= 10 else 2
        if np.isnan(self.low):
            return f"{self.value:.{digits}f}"
        return f"{self.value:.{digits}f} [{self.low:.{digits}f}, {self.high:.{digits}f}]"


NOT_MEASURED = Estimate(*[float("nan")] * 3)


def bootstrap(
    rows: Float[np.ndarray, "n *s"],
    statistic: Callable[[np.ndarray], float] = np.mean,
    hearts: Shaped[np.ndarray, "n"] | None = None,
) -> Estimate:
    """A statistic of the rows and its 95 % percentile interval over rows drawn again with replacement.

    Where `hearts` names the heart (or patient) of every row, whole hearts are drawn, for clips of one heart are no
    independent witnesses. The draws are always the same. Rows with a NaN are left out; NaN all over where no row is
    left, and an interval of NaN where one heart is, since one tells nothing of the spread.
    """
    kept = ~np.isnan(rows.reshape(len(rows), -1)).any(1)
    rows = rows[kept]
    if not len(rows):
        return NOT_MEASURED
    units = rows if hearts is None else [rows[hearts[kept] == heart] for heart in np.unique(hearts[kept])]
    value = float(statistic(rows))
    if len(units) < 2:
        return Estimate(value, float("nan"), float("nan"))

    def redrawn(chosen: np.ndarray) -> float:
        return float(statistic(rows[chosen] if hearts is None else np.concatenate([units[i] for i in chosen])))

    # One heart drawn n times may have no variance; such draws are left out.
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        indices = (np.arange(len(units)),)
        draws = stats.bootstrap(indices, redrawn, n_resamples=DRAWS, vectorized=False, method="percentile", rng=0)
    finite = draws.bootstrap_distribution[np.isfinite(draws.bootstrap_distribution)]
    low, high = np.quantile(finite, ((1 - LEVEL) / 2, (1 + LEVEL) / 2)) if finite.size else (float("nan"),) * 2
    return Estimate(value, float(low), float(high))
