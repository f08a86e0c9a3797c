"""What frames tell of themselves: grey levels, speckle and how it moves; the ruler that real echo was measured with."""

from dataclasses import dataclass

import cv2
import numpy as np
from jaxtyping import Bool, Float, Real
from scipy.ndimage import gaussian_filter, gaussian_filter1d

from engine.anatomy import labels, volumes
from engine.phantom.simulate import PhantomClip

SIZE = 112
"""pixels a side, as the real clips have"""
LAGS = (1, 2, 5, 10)
"""frames"""


@dataclass(frozen=True, eq=False)
class Reading:
    """One clip's figures, named as in `real`."""

    figures: dict[str, float]
    histogram: Float[np.ndarray, "16"]
    """share of the sector's pixels in equal bins of grey"""
    by_depth: Float[np.ndarray, "10"]
    """mean grey of each tenth of the depth"""
    patches: Float[np.ndarray, "n 3"]
    """mean, sd and skewness of even patches"""
    widths: Float[np.ndarray, "6"]
    """of speckle: axial near, middle, deep in pixels, then lateral in degrees"""


def read(clip: PhantomClip) -> Reading:
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
    return Reading(figures, histogram, by_depth, patches(clip.frames[0], inside[0]), widths(clip))


def patches(frame: Real[np.ndarray, "h w"], inside: Bool[np.ndarray, "h w"], side: int = 5) -> Float[np.ndarray, "n 3"]:
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
    return np.stack([flat.mean(1), flat.std(1), skewness(flat)], 1)


def skewness(flat: np.ndarray) -> np.ndarray:
    apart = flat - flat.mean(1, keepdims=True)
    return (apart**3).mean(1) / ((apart**2).mean(1) + 1e-9) ** 1.5


def widths(clip: PhantomClip) -> Float[np.ndarray, "6"]:
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
            widths.append(2 * half_maximum(np.array(lags)) / fine)
    return np.array(widths)


def half_maximum(curve: Float[np.ndarray, "n"]) -> float:
    """Where a falling curve first reaches half its start."""
    below = int(np.argmax(curve < curve[0] / 2))
    if below == 0:
        return float("nan")
    a, b = float(curve[below - 1]), float(curve[below])
    return below - 1 + (a - float(curve[0]) / 2) / (a - b)


def correlations(clip: PhantomClip) -> dict[str, dict[int, float]]:
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
