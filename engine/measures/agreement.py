"""The LVEF that was asked for against the one measured in the clip: one draw first, the best of several only by its name."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Shaped

from engine.errors import BadInput
from engine.measures.estimates import Estimate, bootstrap
from engine.measures.table import align

FEWEST = 3
"""requests below which neither a spread nor an R2 means anything"""


@dataclass(frozen=True)
class Agreement:
    """Of requests with measurements, percentage points of LVEF; intervals over hearts."""

    best_of: int
    """1: a single draw for every request. n: of n draws the one nearest to what was asked for, which flatters"""
    requests: int
    """pairs that could be measured"""
    unmeasured: int
    """requests in whose clips no LVEF could be measured; left out of every figure here, which flatters where there are many"""
    hearts: int
    r_squared: Estimate
    """about the line of identity: 1 - sum((measured - asked)^2) / sum((asked - mean asked)^2)"""
    mae: Estimate
    """mean absolute error"""
    rmse: Estimate
    """root of the mean squared error"""
    bias: Estimate
    """mean of measured - asked"""
    lower: Estimate
    """limit of agreement, bias - 1.96 SD of the differences (Bland and Altman, Lancet 1986)"""
    upper: Estimate

    @property
    def draws(self) -> str:
        return "single draw" if self.best_of == 1 else f"best of {self.best_of} draws"

    def __str__(self) -> str:
        return table([self])


def agree(
    asked: Float[np.ndarray, "n"],
    measured: Float[np.ndarray, "n draws"],
    hearts: Shaped[np.ndarray, "n"] | None = None,
) -> tuple[Agreement, ...]:
    """The agreement of the first draw, and, where there are more draws, of the best of them after it.

    LVEF in percent; `hearts` names the heart or patient of every request, by default each its own. A request whose clip
    could not be measured (NaN) is left out. Raises BadInput on fewer than 3 requests, or where all ask for the same.
    """
    single = _compare(1, asked, measured[:, 0], hearts)
    if measured.shape[1] == 1:
        return (single,)
    return single, _compare(measured.shape[1], asked, nearest(asked, measured), hearts)


def nearest(asked: Float[np.ndarray, "n"], measured: Float[np.ndarray, "n draws"]) -> Float[np.ndarray, "n"]:
    """Of every request's draws the one nearest to what was asked for; NaN where none could be measured."""
    missed = np.abs(measured - asked[:, None])
    best = np.where(np.isnan(missed), np.inf, missed).argmin(1)
    return measured[np.arange(len(asked)), best]


def _compare(
    best_of: int,
    asked: Float[np.ndarray, "n"],
    measured: Float[np.ndarray, "n"],
    hearts: Shaped[np.ndarray, "n"] | None,
) -> Agreement:
    told = ~np.isnan(asked) & ~np.isnan(measured)
    pairs = np.stack([asked, measured], 1)[told].astype(np.float64)
    named = (np.arange(len(asked)) if hearts is None else hearts)[told]
    if len(pairs) < FEWEST:
        raise BadInput(f"{len(pairs)} clips have an LVEF asked for and measured; {FEWEST} or more are wanted.")
    if np.ptp(pairs[:, 0]) == 0:
        raise BadInput(f"All {len(pairs)} clips were asked for LVEF {pairs[0, 0]:g}; different ones are wanted.")
    statistics = (r_squared, mean_absolute_error, root_mean_squared_error, bias, lower_limit, upper_limit)
    unmeasured = int((~np.isnan(asked) & np.isnan(measured)).sum())
    figures = (bootstrap(pairs, statistic, named) for statistic in statistics)
    return Agreement(best_of, len(pairs), unmeasured, len(np.unique(named)), *figures)


def r_squared(pairs: Float[np.ndarray, "n 2"]) -> float:
    """1 - sum((measured - wanted)^2) / sum((wanted - mean wanted)^2) over rows of (wanted, measured)."""
    wanted, measured = pairs.T
    return 1.0 - float(((measured - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum())


def mean_absolute_error(pairs: Float[np.ndarray, "n 2"]) -> float:
    """Over rows of (wanted, measured)."""
    return float(np.abs(pairs[:, 1] - pairs[:, 0]).mean())


def root_mean_squared_error(pairs: Float[np.ndarray, "n 2"]) -> float:
    """Over rows of (wanted, measured)."""
    return float(np.sqrt(((pairs[:, 1] - pairs[:, 0]) ** 2).mean()))


def bias(pairs: Float[np.ndarray, "n 2"]) -> float:
    """Mean of measured - wanted over rows of (wanted, measured)."""
    return float((pairs[:, 1] - pairs[:, 0]).mean())


def lower_limit(pairs: Float[np.ndarray, "n 2"]) -> float:
    """The lower limit of agreement of rows of (wanted, measured), n >= 2."""
    apart = pairs[:, 1] - pairs[:, 0]
    return float(apart.mean() - 1.96 * apart.std(ddof=1))


def upper_limit(pairs: Float[np.ndarray, "n 2"]) -> float:
    """The upper limit of agreement of rows of (wanted, measured), n >= 2."""
    apart = pairs[:, 1] - pairs[:, 0]
    return float(apart.mean() + 1.96 * apart.std(ddof=1))


def table(agreements: Sequence[Agreement]) -> str:
    """A line for each agreement, which begins with what was drawn."""
    head = ["", "clips", "not measured", "hearts", "R2", "MAE", "RMSE", "bias", "lower limit", "upper limit"]
    lines = [
        [
            a.draws,
            *map(str, (a.requests, a.unmeasured, a.hearts)),
            *map(str, (a.r_squared, a.mae, a.rmse, a.bias, a.lower, a.upper)),
        ]
        for a in agreements
    ]
    return align([head, *lines])
