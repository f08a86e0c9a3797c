"""The cascades' table as text, CSV and JSON, its scatters and its contact sheets."""

import csv
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import UInt8

from engine.measures.agreement import Agreement
from engine.measures.fidelity import Distance, Spread
from engine.measures.plots import draw_agreement
from engine.measures.similarity import BACKBONE, has_lpips
from engine.measures.table import align
from training.tables.cascade import NAMES, SHEET, TRUE, Line, nearest, still_of
from training.tables.rows import Row, Rows
from training.tables.truths import Truth

PAPER = """\
The paper's own: EchoNet-Dynamic, 1,288 videos, best of 3 draws, other extractors, seconds on an A100. A single draw of its 1SCM
is R2 0.42, MAE 12.8 in generation and 0.45, 7.4 in reconstruction.
model  task            s a clip  R2    MAE   RMSE  SSIM  LPIPS  FID   FVD
1SCM   generation            62  0.64  9.65  12.2  0.53  0.21   12.3  60.5
2SCM   generation           146  0.89  4.81  6.69  0.53  0.24   31.7  141
4SCM   generation           279  0.93  3.77  5.26  0.48  0.25   24.6  230
1SCM   reconstruction        62  0.76  4.51  6.07  0.53  0.21   13.6  89.7
2SCM   reconstruction       146  0.93  2.22  3.35  0.54  0.24   31.4  147
4SCM   reconstruction       279  0.90  2.42  3.87  0.48  0.25   24.0  228"""
NONE = "-"
LETTERS = 16
"""pixels of height for a line of writing on a sheet"""


def show(lines: Sequence[Line], about: str) -> str:
    """The whole table in plain text."""
    made = [line for line in lines if line.model != TRUE]
    routes = [
        ("LVEF by the regressor, as in the paper", [_by_regressor(line) for line in lines]),
        ("LVEF by segmentation and Simpson's rule", [_by_simpson(line) for line in lines]),
    ]
    speed = ("", "clips", "s a clip", "evaluations", "R2", "MAE", "RMSE")
    heads = [speed, ("", "clips", "not measured", "R2", "MAE", "RMSE")]
    parts = [about]
    parts += [f"{title}\n{align([head, *cells])}" for (title, cells), head in zip(routes, heads, strict=True)]
    likeness = [(_name(line), str(line.ssim), str(line.lpips)) for line in made if line.task == "reconstruction"]
    parts.append("Likeness to the true clip, frame by frame\n" + align([("", "SSIM", "LPIPS"), *likeness]))
    for of, (frechet, kernel) in NAMES.items():
        head = ("", frechet, "at the floor's n", "floor", kernel, "at the floor's n", "floor")
        cells = [(_name(line), *_distances(line, (frechet, kernel))) for line in made]
        parts.append(f"Distance from the true clips, features of {of}\n{align([head, *cells])}")
    return "\n\n".join([*parts, "\n".join(_notes(made)), PAPER])


def plain(lines: Sequence[Line], about: str) -> dict[str, Any]:
    """Everything as plain JSON values; null is what was not measured."""
    return {"about": about, "lines": [_plain(asdict(line)) for line in lines]}


def write(lines: Sequence[Line], about: str, folder: Path) -> str:
    """table.txt, table.json and table.csv; gives the text."""
    text, document = show(lines, about), plain(lines, about)
    (folder / "table.txt").write_text(text + "\n", encoding="utf-8")
    (folder / "table.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    rows = [_flat(line) for line in document["lines"]]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return text


def draw_scatters(lines: Sequence[Line], rows: Sequence[Row], folder: Path) -> list[Path]:
    """For each model and task: the single draw by both routes, and the best of several by the regressor."""
    found = []
    for line in lines:
        if line.model == TRUE or line.regressor is None:
            continue
        of = [row for row in rows if (row.model, row.task) == (line.model, line.task)]
        hearts = list(dict.fromkeys(row.heart for row in of))
        chosen = [nearest([row for row in of if row.heart == heart][: line.best_of]) for heart in hearts]
        asked = np.array([row.asked for row in chosen])
        routes = {"regressor": line.regressor, "simpson": line.simpson if line.best_of == 1 else None}
        for route, agreement in routes.items():
            if agreement is not None:
                measured = np.array([getattr(row, route) for row in chosen])[:, None]
                draws = line.draws.replace(" ", "-")
                path = folder / f"agreement-{line.model}-{line.task}-{route}-{draws}.png"
                found.append(draw_agreement(asked, measured, agreement, path))
    return found


def draw_sheet(rows: Sequence[Row], truths: Sequence[Truth], store: Rows, path: Path) -> Path:
    """The clips of the sheet of one model: a line a heart; its still, then at each LVEF the frames of ED and ES."""
    size = len(store.arrays(rows[0])["ends"][0])
    lines = [np.hstack([_written("still", size), *(_written(f"LVEF {asked:g}: ED, ES", 2 * size) for asked in SHEET)])]
    for truth in truths:
        of = sorted((row for row in rows if row.heart == truth.heart), key=lambda row: row.draw)
        if not of:
            continue
        still = cv2.resize(truth.clip.frames[still_of(truth, 0)[0]], (size, size), interpolation=cv2.INTER_AREA)
        cells = [np.hstack(list(store.arrays(row)["ends"])) for row in of]
        lines.append(np.hstack([still, *cells]))
        reads = [f"reads {row.regressor:.0f}, {row.simpson:.0f}" for row in of]
        lines.append(
            np.hstack([_written(f"own LVEF {truth.lvef:.0f}", size), *(_written(told, 2 * size) for told in reads)])
        )
    cv2.imwrite(str(path), np.vstack(lines))
    return path


def _written(text: str, width: int) -> UInt8[np.ndarray, "16 w"]:
    """A strip of a sheet."""
    strip = np.zeros((LETTERS, width), np.uint8)
    return cv2.putText(strip, text, (4, LETTERS - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.38, 255, 1, cv2.LINE_AA).astype(
        np.uint8
    )


def _name(line: Line) -> str:
    return ", ".join(filter(None, (line.model, line.task, line.draws)))


def _by_regressor(line: Line) -> tuple[str, ...]:
    cost = (NONE, NONE) if line.model == TRUE else (str(line.seconds), str(line.evaluations))
    return (_name(line), str(line.clips), *cost, *_errors(line.regressor))


def _by_simpson(line: Line) -> tuple[str, ...]:
    found = line.simpson
    counts = (str(found.requests), str(found.unmeasured)) if found else ("too few", NONE)
    return (_name(line), *counts, *_errors(found))


def _errors(found: Agreement | None) -> tuple[str, ...]:
    return (str(found.r_squared), str(found.mae), str(found.rmse)) if found else ("not measured",) * 3


def _distances(line: Line, names: Sequence[str]) -> list[str]:
    by_name = {found.name: found for found in line.distances}
    return [cell for name in names for cell in _distance(by_name[name])]


def _distance(found: Distance) -> tuple[str, str, str]:
    value, few, floor = (_cell(part) for part in (found.value, found.value_at_few, found.floor))
    return value, few, floor


def _cell(value: float | Spread | None) -> str:
    if value is None:
        return "too few"
    return str(value) if isinstance(value, Spread) else f"{value:.3g}"


def _notes(lines: Sequence[Line]) -> list[str]:
    found = [each for line in lines for each in line.distances]
    notes = ["Intervals: 95 %, over hearts; of floors, the smallest and the largest of random splits."]
    if any(line.best_of > 1 for line in lines):
        notes.append(
            "The best of several draws is the one whose LVEF the regressor finds nearest to the one asked for: it flatters."
        )
    notes += dict.fromkeys(f"{each.name}: {each.features} features by {each.extractor}." for each in found)
    missing = dict.fromkeys((each.name, each.value is None, each.missing) for each in found if each.missing)
    for name, is_missing, why in missing:
        notes.append(f"{name if is_missing else f'The floor of {name}'} is missing: {why}")
    if not has_lpips():
        place = Path(torch.hub.get_dir()) / "checkpoints"
        notes.append(f"LPIPS is missing: {BACKBONE} is not in {place}, and nothing is downloaded for a measurement.")
    return notes


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value


def _flat(line: dict[str, Any], before: str = "") -> dict[str, Any]:
    """One level of names, joined by underscores; a distance is named by its own name."""
    cells = {}
    for name, value in line.items():
        if name == "distances":
            value = {each["name"]: {key: each[key] for key in ("value", "value_at_few", "floor")} for each in value}
        if isinstance(value, dict):
            cells |= _flat(value, f"{before}{name}_")
        else:
            cells[before + name] = value
    return cells
