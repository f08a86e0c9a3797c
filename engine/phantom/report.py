"""How near the phantom comes to real echo: one number beside another.

The real figures were read off 100 clips of EchoNet-Dynamic (112x112) and, in fewer numbers, CAMUS. A row's verdict asks whether the
phantom's median lies between the real 10th and 90th percentile; where no percentiles are known, within a stated share of the real figure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8

from engine.phantom import real
from engine.phantom.population import Look, draw_subject
from engine.phantom.reading import LAGS, SIZE, Reading, correlations, read
from engine.phantom.simulate import simulate

MOTION_CLIPS = 24
"""clips simulated at the real frame rate for the frame-to-frame correlation"""
STILLS = 6
"""shown in the picture"""


@dataclass(frozen=True)
class Row:
    """One figure of the phantom beside the real one."""

    name: str
    phantom: float
    """median over clips"""
    spread: tuple[float, float]
    """10th and 90th percentile over clips; both the figure itself where it is one of the whole set"""
    real: float
    low: float
    high: float
    """between which the phantom's figure has to lie"""

    @property
    def passes(self) -> bool:
        return self.low <= self.phantom <= self.high


@dataclass(frozen=True, eq=False)
class Report:
    look: Look
    clips: int
    rows: tuple[Row, ...]
    histogram: Float[np.ndarray, "16"]
    """share of the sector's pixels in 16 equal bins of grey"""
    stills: UInt8[np.ndarray, "n h w"]
    """how the first clips look"""

    @property
    def failed(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if not row.passes)


def report(
    look: Look = "echonet", count: int = 200, first: int = 0, on_clip: Callable[[], None] = lambda: None
) -> Report:
    """Simulate `count` clips of the population (seeds from `first`) and measure them. `on_clip` is called after each."""
    readings, moving, stills = [], [], []
    for seed in range(first, first + count):
        exam = draw_subject(seed, look).exam()
        clip = simulate([exam], 4, SIZE)[0]
        readings.append(read(clip))
        if len(stills) < STILLS:
            stills.append(clip.frames[0])
        if look == "echonet" and len(moving) < MOTION_CLIPS:
            moving.append(correlations(simulate([exam], round(real.FPS * 60 / exam.heart_rate), SIZE)[0]))
        on_clip()
    rows = [
        _row(name, [r.figures[name] for r in readings], *figures)
        for name, figures in (*real.GREY[look].items(), *real.GEOMETRY[look].items())
    ]
    histogram = np.mean([r.histogram for r in readings], 0)
    if look == "echonet":
        rows += [_distance(histogram), *_by_depth(readings), *_speckle(readings), *_motion(moving)]
    return Report(look, count, tuple(rows), histogram, np.stack(stills))


def _row(name: str, values: Sequence[float] | Float[np.ndarray, "n"], figure: float, low: float, high: float) -> Row:
    p10, p50, p90 = (float(v) for v in np.nanpercentile(values, (10, 50, 90)))
    return Row(name, p50, (p10, p90), float(figure), float(low), float(high))


def _distance(histogram: np.ndarray) -> Row:
    """Earth mover's distance to the real histogram."""
    distance = float(16 * np.abs(np.cumsum(histogram) - np.cumsum(real.HISTOGRAM)).sum())
    return Row("histogram distance, grey levels", distance, (distance, distance), 0.0, 0.0, real.EMD_FLOOR)


def _by_depth(readings: Sequence[Reading]) -> list[Row]:
    low, high = real.SPREAD_OF_MEAN
    return [
        _row(f"mean grey at depth {10 * k}-{10 * k + 10} %", [r.by_depth[k] for r in readings], v, low * v, high * v)
        for k, v in enumerate(real.BY_DEPTH)
    ]


def _speckle(readings: Sequence[Reading]) -> list[Row]:
    mean, sd, skewness = np.concatenate([r.patches for r in readings]).T
    rows = []
    for grey, figure in real.SPECKLE.items():
        near = np.abs(mean - grey) < 0.12 * grey + 1
        rows.append(_row(f"speckle sd at grey {grey}", sd[near], figure, 0.8 * figure, 1.2 * figure))
    for (name, figure), chosen in zip(real.SKEWNESS.items(), (mean < 25, mean > 110), strict=True):
        rows.append(_row(name, skewness[chosen], figure, figure - 0.25, figure + 0.25))
    for k, (name, figure) in enumerate(real.WIDTHS.items()):
        rows.append(_row(name, [r.widths[k] for r in readings], figure, 0.8 * figure, 1.2 * figure))
    return rows


def _motion(moving: Sequence[dict[str, dict[int, float]]]) -> list[Row]:
    return [
        _row(f"{tissue} correlation, lag {lag}", [m[tissue][lag] for m in moving], (low + high) / 2, low, high)
        for tissue, ranges in real.CORRELATION.items()
        for lag, (low, high) in zip(LAGS, ranges, strict=True)
    ]


def table(report: Report) -> str:
    """One line a figure: verdict, median, 10th and 90th percentile of the phantom, the real figure and its bounds."""
    lines = [
        f"{report.look}, {report.clips} clips: {len(report.rows) - len(report.failed)} of {len(report.rows)} figures as in real echo",
        f"{'':5}{'':36}{'phantom':>9}  {'p10 to p90':^19}{'real':>9}  {'wanted':^19}",
    ]
    for row in report.rows:
        verdict = "ok" if row.passes else "off"
        spread, wanted = (f"{low:.3g} to {high:.3g}" for low, high in (row.spread, (row.low, row.high)))
        lines.append(f"{verdict:5}{row.name:36}{row.phantom:9.3g}  {spread:^19}{row.real:9.3g}  {wanted:^19}")
    return "\n".join(lines)
