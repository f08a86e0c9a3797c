"""How near the phantom comes to real echo: one number beside another.

The real figures were read off 100 clips of EchoNet-Dynamic (112x112) and, in fewer numbers, CAMUS. A row's verdict asks whether the
phantom's median lies between the real 10th and 90th percentile; where no percentiles are known, within a stated share of the real figure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from einops import rearrange
from jaxtyping import Float, UInt8
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from engine.anatomy import labels, volumes
from engine.phantom.population import Look, draw_subject
from engine.phantom.simulate import PhantomClip, simulate

SIZE = 112
"""pixels a side, as the real clips have"""
MOTION_CLIPS = 24
"""clips simulated at FPS for the frame-to-frame correlation"""
FPS = 50.0
STILLS = 6
"""shown in the picture"""
LAGS = (1, 2, 5, 10)
SPECKLE_MEANS = (10, 20, 32, 50, 70, 90, 112, 137, 165)
EMD_FLOOR = 4.2
"""grey levels between the histograms of two real half-sets, 95th percentile"""
_HISTOGRAM = (
    0.379,
    0.133,
    0.093,
    0.072,
    0.061,
    0.053,
    0.048,
    0.041,
    0.034,
    0.027,
    0.021,
    0.015,
    0.010,
    0.006,
    0.004,
    0.003,
)
_BY_DEPTH = (68, 74, 57, 53, 50, 46, 44, 41, 50, 56)
_SPECKLE = (5.2, 7.6, 10.2, 12.6, 15.6, 18.2, 20.0, 20.9, 20.8)


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


# name, real figure, lowest, highest. Where only the real median is known, 20 % either side (2 levels for the darkest).
_GREY = {
    "echonet": {
        "share at 0": (0.146, 0.04, 0.26),
        "share <= 5": (0.288, 0.14, 0.42),
        "mean grey": (49, 40, 66),
        "grey p25": (3, 0, 8),
        "grey p50": (28, 13, 49),
        "grey p75": (82, 66, 98),
        "grey p95": (160, 136, 190),
        "grey p99": (205, 164, 246),
        "blood": (11, 2.6, 23),
        "wall": (78, 45, 146),
    },
    "camus": {
        "share at 0": (0.02, 0.0, 0.04),
        "share <= 5": (0.02, 0.0, 0.04),
        "mean grey": (84, 67, 101),
        "grey p25": (52, 42, 62),
        "grey p50": (77.5, 74, 81),
        "grey p75": (112, 90, 134),
        "grey p95": (160, 128, 192),
        "grey p99": (190, 152, 228),
    },
}
_GEOMETRY = {
    "echonet": {
        "sector opening, degrees": (88.9, 80, 90),
        "LV share of sector": (0.22, 0.11, 0.29),
        "LV long axis, px": (63, 50.4, 75.6),
        "LV short axis, px": (31, 24.8, 37.2),
    },
    "camus": {
        "sector opening, degrees": (75.7, 74.8, 76.6),
        "LV share of sector": (0.27, 0.18, 0.37),
        "myocardium share of sector": (0.23, 0.15, 0.32),
        "LA share of sector": (0.07, 0.02, 0.13),
        "wall / cavity area": (0.78, 0.56, 1.01),
    },
}
_WIDTHS = {
    "axial width near, px": 1.5,
    "axial width middle, px": 1.9,
    "axial width deep, px": 2.3,
    "lateral width near, degrees": 4.8,
    "lateral width middle, degrees": 2.6,
    "lateral width deep, degrees": 2.6,
}
_CORRELATION = {
    "wall": ((0.89, 0.97), (0.78, 0.91), (0.49, 0.72), (0.25, 0.54)),
    "blood": ((0.73, 0.95), (0.57, 0.88), (0.27, 0.71), (0.09, 0.57)),
}


def report(
    look: Look = "echonet", count: int = 200, first: int = 0, on_clip: Callable[[], None] = lambda: None
) -> Report:
    """Simulate `count` clips of the population (seeds from `first`) and measure them. `on_clip` is called after each."""
    stills, moving, images = [], [], []
    for seed in range(first, first + count):
        exam = draw_subject(seed, look).exam()
        clip = simulate([exam], 4, SIZE)[0]
        stills.append(_look_at(clip))
        if len(images) < STILLS:
            images.append(clip.frames[0])
        if len(moving) < MOTION_CLIPS:
            frames = round(FPS * 60 / exam.heart_rate)
            moving.append(_correlations(simulate([exam], frames, SIZE)[0]))
        on_clip()
    rows = [
        _row(name, [s.figures[name] for s in stills], *real)
        for name, real in (*_GREY[look].items(), *_GEOMETRY[look].items())
    ]
    histogram = np.mean([s.histogram for s in stills], 0)
    if look == "echonet":
        distance = float(16 * np.abs(np.cumsum(histogram) - np.cumsum(_HISTOGRAM)).sum())
        rows.append(Row("histogram distance, grey levels", distance, (distance, distance), 0.0, 0.0, EMD_FLOOR))
        # The clip means spread from 0.82 to 1.35 times their median: so may each depth.
        for k, real in enumerate(_BY_DEPTH):
            rows.append(
                _row(
                    f"mean grey at depth {k * 10}-{k * 10 + 10} %",
                    [s.by_depth[k] for s in stills],
                    real,
                    0.82 * real,
                    1.35 * real,
                )
            )
        patches = np.concatenate([s.patches for s in stills])
        for real_mean, real in zip(SPECKLE_MEANS, _SPECKLE, strict=True):
            near = np.abs(patches[:, 0] - real_mean) < 0.12 * real_mean + 1
            rows.append(_row(f"speckle sd at grey {real_mean}", patches[near, 1], real, 0.8 * real, 1.2 * real))
        for name, chosen, real in (
            ("skewness, dark patches", patches[:, 0] < 25, 0.5),
            ("skewness, bright patches", patches[:, 0] > 110, 0.0),
        ):
            rows.append(_row(name, patches[chosen, 2], real, real - 0.25, real + 0.25))
        for k, (name, real) in enumerate(_WIDTHS.items()):
            rows.append(_row(name, [s.widths[k] for s in stills], real, 0.8 * real, 1.2 * real))
        for tissue, ranges in _CORRELATION.items():
            for lag, (low, high) in zip(LAGS, ranges, strict=True):
                values = [m[tissue][lag] for m in moving]
                rows.append(_row(f"{tissue} correlation, lag {lag}", values, (low + high) / 2, low, high))
    return Report(look, count, tuple(rows), histogram, np.stack(images))


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


def draw(reports: Sequence[Report], path: Path) -> None:
    """The figures of every report as one picture: each look in a row, the real ranges as bands."""
    from matplotlib.figure import Figure

    groups = (
        ("grey levels", lambda row: row.name.startswith(("grey", "mean grey")) and "depth" not in row.name),
        ("mean grey by depth", lambda row: "depth" in row.name),
        ("speckle sd by mean grey", lambda row: row.name.startswith("speckle")),
        ("frame correlation, 50 fps", lambda row: "correlation" in row.name),
        ("width of speckle", lambda row: "width" in row.name),
        ("shares", lambda row: "share" in row.name or row.name.startswith("wall /")),
    )
    panels = []
    for report in reports:
        panels += [(report, "clips", ()), (report, "grey histogram", ())]
        for title, belongs in groups:
            rows = [row for row in report.rows if belongs(row)]
            panels += [(report, title, rows)] if rows else []
    across = 4
    down = -(-len(panels) // across)
    figure = Figure(figsize=(5 * across, 4.2 * down), layout="constrained")
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for axis in axes[len(panels) :]:
        axis.axis("off")
    for axis, (report, title, rows) in zip(axes, panels, strict=False):
        axis.set_title(f"{report.look}: {title}")
        if title == "clips":
            axis.imshow(
                rearrange(report.stills, "(r c) h w -> (r h) (c w)", c=STILLS // 2), cmap="gray", vmin=0, vmax=255
            )
            axis.axis("off")
        elif title == "grey histogram":
            _draw_histogram(axis, report)
        else:
            _draw_rows(axis, rows)
    figure.savefig(path, dpi=110)


def _draw_histogram(axis, report: Report) -> None:
    bins = np.arange(16) * 16 + 8
    axis.bar(bins, report.histogram, width=14, color=_PHANTOM, label="phantom")
    if report.look == "echonet":
        axis.step(np.r_[bins - 8, 256], [*_HISTOGRAM, _HISTOGRAM[-1]], where="post", color=_REAL, lw=2, label="real")
    axis.set(xlabel="grey level", ylabel="share of sector")
    axis.legend(frameon=False)


def _draw_rows(axis, rows: Sequence[Row]) -> None:
    at = np.arange(len(rows))
    axis.bar(at, [r.high - r.low for r in rows], 0.8, [r.low for r in rows], color=_REAL, alpha=0.25, label="wanted")
    axis.hlines([r.real for r in rows], at - 0.4, at + 0.4, color=_REAL, lw=2, label="real")
    middle = np.array([r.phantom for r in rows])
    reach = np.abs(np.array([r.spread for r in rows]).T - middle)
    axis.errorbar(at, middle, reach, fmt="o", color=_PHANTOM, capsize=3, label="phantom, p10 to p90")
    axis.set_xticks(at, [_short(r.name) for r in rows], rotation=45, ha="right")
    axis.legend(frameon=False, fontsize="small")


_REAL, _PHANTOM = "#c2410c", "#1d4ed8"


def _short(name: str) -> str:
    for word in ("mean grey at depth ", "speckle sd at ", " correlation,", ", degrees", ", px", " width"):
        name = name.replace(word, "")
    return name


def _row(name: str, values: Sequence[float], real: float, low: float, high: float) -> Row:
    p10, p50, p90 = (float(v) for v in np.nanpercentile(values, (10, 50, 90)))
    return Row(name, p50, (p10, p90), float(real), float(low), float(high))


@dataclass(frozen=True, eq=False)
class _Still:
    figures: dict[str, float]
    histogram: np.ndarray
    by_depth: np.ndarray
    patches: np.ndarray
    """mean, sd, skewness a row"""
    widths: np.ndarray


def _look_at(clip: PhantomClip) -> _Still:
    """Everything that single frames tell."""
    maps, heart = clip.label_maps, clip.hearts[0]
    inside = maps > labels.BACKGROUND
    grey = clip.frames[inside].astype(float)
    p25, p50, p75, p95, p99 = np.percentile(grey, (25, 50, 75, 95, 99))
    area = {k: float((maps[0] == k).sum()) for k in (labels.LV, labels.MYOCARDIUM, labels.LA)}
    sector = float(inside[0].sum())
    apex, base = volumes.long_axis(heart.lv_endo)
    long_axis = float(np.hypot(*(base - apex))) / clip.mm_per_pixel[0]
    figures = {
        "share at 0": float((grey < 0.5).mean()),
        "share <= 5": float((grey <= 5).mean()),
        "mean grey": float(grey.mean()),
        "grey p25": p25,
        "grey p50": p50,
        "grey p75": p75,
        "grey p95": p95,
        "grey p99": p99,
        "blood": float(np.median(clip.frames[maps == labels.LV])),
        "wall": float(clip.frames[maps == labels.MYOCARDIUM].mean()),
        "sector opening, degrees": heart.sector.opening,
        "LV share of sector": area[labels.LV] / sector,
        "myocardium share of sector": area[labels.MYOCARDIUM] / sector,
        "LA share of sector": area[labels.LA] / sector,
        "wall / cavity area": area[labels.MYOCARDIUM] / area[labels.LV],
        "LV long axis, px": long_axis,
        "LV short axis, px": area[labels.LV] * 4 / np.pi / long_axis,
    }
    grid = heart.sector.grid(SIZE)
    share = np.linalg.norm(grid.mesh(), axis=-1) / heart.sector.depth
    decile = np.clip((share * 10).astype(int), 0, 9)
    by_depth = np.array([clip.frames[:, (decile == k) & inside[0]].mean() for k in range(10)])
    histogram = np.histogram(grey, 16, (0, 256))[0] / len(grey)
    return _Still(figures, histogram, by_depth, _patches(clip.frames[0], inside[0]), _widths(clip))


def _patches(frame: np.ndarray, inside: np.ndarray, side: int = 5) -> Float[np.ndarray, "n 3"]:
    """Mean, sd and skewness of the patches that lie wholly inside and whose two halves are alike: speckle, no borders."""
    h, w = (n // side * side for n in frame.shape)

    def split(image):
        return image[:h, :w].reshape(h // side, side, w // side, side).swapaxes(1, 2).reshape(-1, side, side)

    patch, whole = split(frame.astype(float)), split(inside).all((1, 2))
    patch = patch[whole]
    mean = patch.mean((1, 2))
    halves = [
        np.abs(patch[:, :2].mean((1, 2)) - patch[:, 3:].mean((1, 2))),
        np.abs(patch[:, :, :2].mean((1, 2)) - patch[:, :, 3:].mean((1, 2))),
    ]
    even = (np.maximum(*halves) < 0.25 * mean + 2) & (mean > 2)
    flat = patch[even].reshape(-1, side * side)
    return np.stack([flat.mean(1), flat.std(1), _skewness(flat)], 1)


def _skewness(flat: np.ndarray) -> np.ndarray:
    apart = flat - flat.mean(1, keepdims=True)
    return (apart**3).mean(1) / ((apart**2).mean(1) + 1e-9) ** 1.5


def _widths(clip: PhantomClip) -> Float[np.ndarray, "6"]:
    """Full width at half maximum of the autocovariance in beam space: axial (px), then lateral (degrees), near, middle, deep.

    Counted within chambers and walls, off their borders. The high-pass is such that a Gaussian amplitude point spread of 0.9 px and
    1.5 degrees reads 1.9 px and 2.7 degrees.
    """
    heart, scale = clip.hearts[0], clip.mm_per_pixel[0]
    grid = heart.sector.grid(SIZE)
    fine = 4  # samples a pixel and a degree
    reach = heart.sector.depth / scale
    # Only beams that stay within the frame: its lower corners are cut.
    half = min(heart.sector.opening / 2 - 4, np.degrees(np.arcsin(0.47 * SIZE / reach)))
    radius = np.arange(0.08 * reach, 0.97 * reach, 1 / fine)
    angle = np.radians(np.arange(-half, half, 1 / fine))
    x = (grid.apex[0] + radius[:, None] * np.sin(angle)).astype(np.float32)
    y = (grid.apex[1] + radius[:, None] * np.cos(angle)).astype(np.float32)
    polar = cv2.remap(clip.frames[0].astype(np.float32), x, y, cv2.INTER_CUBIC)
    kinds = [
        cv2.remap(cv2.erode((clip.label_maps[0] == k).astype(np.uint8), np.ones((3, 3))), x, y, cv2.INTER_NEAREST)
        for k in (labels.LV, labels.MYOCARDIUM, labels.LA, labels.SECTOR)
    ]
    widths = []
    for axis, smooth, longest in ((0, 5 * fine, 6 * fine), (1, 6 * fine, 10 * fine)):
        speckle, counts = np.zeros_like(polar), np.zeros_like(polar)
        for kind in kinds:
            kind = kind.astype(np.float32)
            near = gaussian_filter1d(kind, smooth, axis=axis) + 1e-6
            part = (polar - gaussian_filter1d(polar * kind, smooth, axis=axis) / near) * kind
            # Bright and dark places count alike.
            power = gaussian_filter(part**2, 3 * fine) / (gaussian_filter(kind, 3 * fine) + 1e-6)
            speckle, counts = speckle + part / (np.sqrt(power) + 3.0), counts + kind
        for part, there in zip(np.array_split(speckle, 3), np.array_split(counts, 3), strict=True):
            if axis:
                part, there = part.T, there.T
            lags = [
                (part[lag:] * part[: len(part) - lag]).sum() / ((there[lag:] * there[: len(part) - lag]).sum() + 1e-6)
                for lag in range(longest)
            ]
            widths.append(2 * _half_maximum(np.array(lags)) / fine)
    return np.array(widths)


def _half_maximum(curve: np.ndarray) -> float:
    """Where a falling curve first reaches half its start."""
    below = int(np.argmax(curve < curve[0] / 2))
    if below == 0:
        return float("nan")
    a, b = curve[below - 1], curve[below]
    return below - 1 + (a - curve[0] / 2) / (a - b)


def _correlations(clip: PhantomClip) -> dict[str, dict[int, float]]:
    """Mean correlation of the high-pass image with itself some frames later, in the wall and in the LV cavity."""
    frames = clip.frames.astype(np.float32)
    fine = frames - gaussian_filter(frames, (0, 2.5, 2.5))
    result = {}
    for tissue, label in (("wall", labels.MYOCARDIUM), ("blood", labels.LV)):
        mask = clip.label_maps == label
        result[tissue] = {}
        for lag in LAGS:
            values = []
            for t in range(0, len(fine) - lag, 2):
                both = mask[t] & mask[t + lag]
                a, b = fine[t][both], fine[t + lag][both]
                if len(a) > 30 and a.std() > 0 and b.std() > 0:
                    values.append(np.corrcoef(a, b)[0, 1])
            result[tissue][lag] = float(np.mean(values)) if values else float("nan")
    return result
