"""Measurements as a person reads them, and as plain JSON."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.measures.reading import Reading
from engine.measures.table import align

NOTE = (
    "The measuring networks learned from simulated ultrasound alone: their figures hold for simulated and generated clips, "
    "are rough on patients' recordings, and are not for diagnosis."
)
ROUTES = {"regressor": "the regressor's", "simpson": "the segmenter's by Simpson"}
STRUCTURES = ("LV", "myocardium", "LA")


def describe(name: str, reading: Reading, source: str, ceiling: dict[str, float]) -> str:
    """One clip in lines, then a table of its frames. `source` says whose maps the Dice is with."""
    areas, volumes = reading.ends
    unit, still = "cm2" if reading.in_mm else "pixels", len(reading.clip.frames) == 1
    lines = [
        ("LVEF, regressor", _percent(reading.lvef_regressor, "a still" if still else "its weights are not here")),
        ("LVEF, segmenter and Simpson", _percent(reading.lvef_simpson, "no LV that moves is found")),
        ("LVEF asked for", _percent(reading.asked_lvef, "the file does not tell")),
        ("LV volume at ED and ES", _two(volumes, "mL", "no LV is found" if reading.in_mm else "no mm a pixel")),
        ("LV area at ED and ES", _two(areas, unit, "no LV that moves is found")),
        ("ED and ES frames", _beats(reading)),
        ("heart rate", _rate(reading)),
        ("grey level", _grey(reading)),
        ("Dice", _dice(reading, source, ceiling)),
    ]
    return f"{name}: {_size(reading)}\n{align([*lines], '<')}\n\n{_frames(reading, unit)}"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """A line for each clip, of what `plain` gave of it."""
    head = ("clip", "frames", "asked %", "regressor %", "Simpson %", "EDV mL", "ESV mL", "beats/min", *_heads())
    keys = ("lvef_asked", "lvef_regressor", "lvef_simpson", "edv", "esv", "heart_rate")
    lines = [
        [
            Path(row["path"]).name,
            str(row["frames"]),
            *(_cell(row[key]) for key in keys),
            *(_cell(row["dice"].get(name), 3) for name in STRUCTURES),
        ]
        for row in rows
    ]
    sources = ", ".join(sorted({row["dice_with"] for row in rows if row["dice_with"]}))
    return align([head, *lines]) + (f"\nDice with {sources}, mean over frames." if sources else "")


def plain(
    path: Path, reading: Reading, source: str, ceiling: dict[str, float], by_frame: bool = True
) -> dict[str, Any]:
    """One clip as plain JSON values: percent, mL, cm2 (pixels where the clip tells no spacing); null for what is not known."""
    _, height, width = reading.clip.frames.shape
    (edv, esv), grey = reading.ends[1], reading.grey
    made = reading.clip.provenance
    result = {
        "path": str(path),
        "frames": len(reading.clip.frames),
        "size": [height, width],
        "fps": reading.clip.fps,
        "mm_per_pixel": list(reading.clip.mm_per_pixel) if reading.in_mm else None,
        "lvef_regressor": reading.lvef_regressor,
        "lvef_simpson": reading.lvef_simpson,
        "lvef_asked": reading.asked_lvef,
        "model": made.model if made else None,
        "seed": made.seed if made else None,
        "edv": edv,
        "esv": esv,
        "beats": [{"ed": beat.ed, "es": beat.es} for beat in reading.beats],
        "heart_rate": reading.heart_rate,
        "grey": {name: getattr(grey, name) for name in ("mean", "largest", "black", "cavity", "wall")},
        "dice_with": source or None,
        "dice": {name: _mean(values) for name, values in reading.dice.items()},
        "dice_ceiling": ceiling,
    }
    if by_frame:
        result["by_frame"] = {
            "lv_area": reading.areas,
            "lv_area_unit": "cm2" if reading.in_mm else "pixels",
            "lv_volume_ml": reading.volumes,
            "dice": dict(reading.dice),
        }
    return bare(result)


def bare(value: Any) -> Any:
    """Numbers, text, lists and mappings alone; what is no finite number becomes None, for JSON has no NaN."""
    if isinstance(value, dict):
        return {str(key): bare(one) for key, one in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [bare(one) for one in value]
    if isinstance(value, float | np.floating):
        return round(float(value), 6) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _size(reading: Reading) -> str:
    (frames, height, width), (y, x) = reading.clip.frames.shape, reading.clip.mm_per_pixel
    spacing = f"{y:.2f} x {x:.2f} mm a pixel" if reading.in_mm else "mm a pixel not told"
    return f"{frames} frames of {width}x{height} pixels, {reading.clip.fps:.1f} a second, {spacing}"


def _percent(value: float, why_not: str) -> str:
    return f"not measured: {why_not}" if np.isnan(value) else f"{value:.1f} %"


def _two(values: np.ndarray, unit: str, why_not: str) -> str:
    return f"not measured: {why_not}" if np.isnan(values).any() else f"{values[0]:.1f} and {values[1]:.1f} {unit}"


def _beats(reading: Reading) -> str:
    return ", ".join(f"{beat.ed + 1} and {beat.es + 1}" for beat in reading.beats) or "none"


def _rate(reading: Reading) -> str:
    if np.isnan(reading.heart_rate):
        return "not measured: the clip shows no two whole beats"
    return f"{reading.heart_rate:.0f} beats a minute at {reading.clip.fps:.1f} frames a second"


def _grey(reading: Reading) -> str:
    grey = reading.grey
    inside = f"LV {_cell(grey.cavity)}, myocardium {_cell(grey.wall)} as segmented"
    return f"mean {grey.mean:.1f}, largest {grey.largest:.0f}, black {100 * grey.black:.0f} %; {inside}"


def _dice(reading: Reading, source: str, ceiling: dict[str, float]) -> str:
    if not reading.dice:
        return "not measured: no label maps; give --labels"
    told = ", ".join(f"{name} {_mean(values):.3f}" for name, values in reading.dice.items())
    count = len(next(iter(reading.dice.values())))
    frames = f"mean of {count} frames" if count > 1 else "first frame"
    best = ", ".join(f"{name} {value:.3f}" for name, value in ceiling.items())
    return f"{told} with {source}, {frames}" + (f"; the same on a simulated clip of that beat: {best}" if best else "")


def _frames(reading: Reading, unit: str) -> str:
    head = ["frame", f"LV area {unit}", "LV volume mL", *(f"Dice {name}" for name in reading.dice)]
    lines = [
        [
            str(t + 1),
            f"{reading.areas[t]:.1f}",
            _cell(reading.volumes[t]),
            *(_cell(values[t] if t < len(values) else None, 3) for values in reading.dice.values()),
        ]
        for t in range(len(reading.areas))
    ]
    return align([head, *lines])


def _heads() -> list[str]:
    return [f"Dice {name}" for name in STRUCTURES]


def _cell(value: float | None, digits: int = 1) -> str:
    return "-" if value is None or np.isnan(value) else f"{value:.{digits}f}"


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else float("nan")
