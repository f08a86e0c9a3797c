"""Clips of one heart at several LVEFs, made and measured back: how near each comes to what was asked for. Loads torch."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from engine.measures import lvef as regression
from engine.measures.reading import Reading, read
from engine.measures.selection import nearest_clip
from engine.media.read import read_clip
from engine.types import Clip, OnStep, Pipeline, Step
from studio import readout, text
from studio.counterfactual import Request, Source
from studio.measuring import read_all

NEAR, OFF = 5.0, 10.0
"""points of LVEF within which a clip is near what was asked for, or off it; beyond, far"""


@dataclass(frozen=True, eq=False)
class Made:
    """A clip, and what was measured in it."""

    asked: float
    clip: Clip
    reading: Reading


def from_file(path: str) -> Source:
    """Of a recording or picture; the LVEF and heart rate of what moves are measured. Raises BadInput as `read_clip`."""
    clip = read_clip(path)
    name = Path(path).name
    if len(clip.frames) == 1:
        return Source(name, clip)
    found = read_all(clip)
    lvef = found.lvef_regressor if np.isfinite(found.lvef_regressor) else found.lvef_simpson
    return Source(name, clip, _known(lvef), _known(found.heart_rate), measured=True)


def compare(asked: Request, pipeline: Pipeline, on_step: OnStep) -> Iterator[Made]:
    """The clips of a request in their order, each measured as soon as it is made. Raises BadInput as the pipeline."""
    regressor = regression.load()
    for index, lvef in enumerate(asked.lvefs):

        def report(step: Step, before: int = index) -> None:
            on_step(Step(before * step.total + step.index, len(asked.lvefs) * step.total, step.preview))

        clip = nearest_clip(pipeline, asked.conditions(lvef), asked.settings, regressor, report)
        yield Made(lvef, clip, read(clip, regressor))


def verdicts(made: Made) -> list[dict[str, Any]]:
    """The LVEF that was measured back by both routes, beside the wanted one, as the page tells it."""
    routes = {"Regressor": made.reading.lvef_regressor, "Simpson": made.reading.lvef_simpson}
    return [{"name": name, **verdict(value, made.asked)} for name, value in routes.items()]


def verdict(measured: float, asked: float) -> dict[str, Any]:
    """An LVEF that was measured beside the one asked for: {lvef, kind: near, off, far or none, words}."""
    if not np.isfinite(measured):
        return {"lvef": None, "kind": "none", "words": text.NOT_MEASURED}
    apart = measured - asked
    kind = "near" if abs(apart) <= NEAR else "off" if abs(apart) <= OFF else "far"
    return {"lvef": round(measured, 1), "kind": kind, "words": text.apart(measured, apart)}


def volumes(made: Made) -> list[float | None] | None:
    """mL of every frame; None where the clip tells no scale or shows no LV."""
    curve = made.reading.volumes
    return None if np.isnan(curve).all() else [_known(round(float(v), 1)) for v in curve]


def row(made: Made) -> dict[str, Any]:
    """A clip's line of a table: what was asked for and what was measured."""
    plain = readout.plain(Path(), made.reading, "", {}, by_frame=False)
    kept = ("model", "seed", "lvef_asked", "lvef_regressor", "lvef_simpson", "edv", "esv", "heart_rate")
    return {name: plain[name] for name in kept} | {"best_of": best_of(made)}


def best_of(made: Made) -> int:
    """The number of draws of which the clip was kept."""
    assert made.clip.provenance is not None  # a pipeline's clips tell how they were made
    return made.clip.provenance.settings.get("best_of", 1)


def _known(value: float) -> float | None:
    return round(float(value), 1) if np.isfinite(value) else None
