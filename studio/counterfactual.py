"""One heart at several LVEFs: where its still comes from, what is asked of a cascade, and how near each clip comes.

Knows nothing of the browser.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from engine.anatomy.drawing import Drawing
from engine.cards import CARDS, card
from engine.conditions import check
from engine.errors import BadInput
from engine.measures import lvef as regression
from engine.measures.reading import Reading, read
from engine.measures.selection import nearest_clip
from engine.media.limits import UNKNOWN_SPACING
from engine.media.read import read_clip
from engine.media.still import standard_square
from engine.types import Clip, Conditions, ModelCard, OnStep, Pipeline, Settings, Step
from studio import readout, text
from studio.measuring import read_all
from studio.session import beat_of

LVEFS = (15.0, 85.0)
"""percent: the least and the most that a counterfactual is asked for"""
DRAWS = (1, 5)
"""clips of each LVEF of which the nearest is kept"""
MODELS: dict[str, ModelCard] = {name: found for name, found in CARDS.items() if "reference" in found.requires}
PROPOSED = ("cascaded-2scm", "cascaded-4scm")
"""the first of these that is here"""
NEAR, OFF = 5.0, 10.0
"""points of LVEF within which a clip is near what was asked for, or off it; beyond, far"""


@dataclass(frozen=True, eq=False)
class Source:
    """A clip (or picture) of which one frame is the still."""

    title: str
    clip: Clip
    lvef: float | None = None
    """of the heart that it shows, percent: asked for or measured; None: unknown"""
    heart_rate: float | None = None
    """beats a minute, likewise"""
    measured: bool = False
    """whether the two were read off the clip"""

    @property
    def spacing(self) -> tuple[float, float] | None:
        """(y, x) mm a pixel; None: unknown."""
        return None if self.clip.mm_per_pixel == UNKNOWN_SPACING else self.clip.mm_per_pixel

    def still(self, frame: int) -> np.ndarray:
        """One frame, uint8 (1, h, w)."""
        return self.clip.frames[frame : frame + 1]


@dataclass(frozen=True, eq=False)
class Request:
    """What a comparison asks for; the same noise for every LVEF."""

    model: str
    still: np.ndarray
    """uint8 (1, h, w)"""
    mm_per_pixel: tuple[float, float] | None
    lvefs: tuple[float, ...]
    """percent, rising, the factual one among them"""
    factual: float | None
    """the heart's own"""
    settings: Settings
    heart_rate: float | None = None
    quality: float | None = None

    def conditions(self, lvef: float) -> Conditions:
        return Conditions(
            reference=self.still,
            mm_per_pixel=self.mm_per_pixel,
            lvef=lvef,
            heart_rate=self.heart_rate,
            quality=self.quality,
        )


@dataclass(frozen=True, eq=False)
class Made:
    """A clip, and what was measured in it."""

    asked: float
    clip: Clip
    reading: Reading


def usual_model() -> str:
    """The cascade that is proposed. Raises BadInput where none is here."""
    if not MODELS:
        raise BadInput(text.NO_CASCADE)
    return next((name for name in PROPOSED if name in MODELS), next(iter(MODELS)))


def from_drawing(drawing: Drawing) -> Source:
    """Simulated from the drawing, one beat from end-diastole on."""
    return Source(text.STILL_DRAWN, beat_of(drawing), drawing.lvef, drawing.heart_rate)


def from_clip(clip: Clip) -> Source:
    """Of a clip that the studio made."""
    made = clip.provenance
    assert made is not None  # only a recording has none
    told = made.conditions
    title = text.clip(CARDS[made.model].title, told.get("lvef"), told.get("view"), made.seed)
    return Source(title, clip, told.get("lvef"), told.get("heart_rate"))


def from_file(path: str) -> Source:
    """Of a recording or picture; the LVEF and heart rate of what moves are measured. Raises BadInput as `read_clip`."""
    clip = read_clip(path)
    name = Path(path).name
    if len(clip.frames) == 1:
        return Source(name, clip)
    found = read_all(clip)
    lvef = found.lvef_regressor if np.isfinite(found.lvef_regressor) else found.lvef_simpson
    return Source(name, clip, _known(lvef), _known(found.heart_rate), measured=True)


def shown(source: Source, frame: int) -> np.ndarray:
    """The still as a cascade sees it, uint8 (h, w). Raises BadInput where it shows no fan."""
    return standard_square(source.still(frame), source.spacing, 224)[0]


def request(
    source: Source | None,
    frame: int,
    model: str,
    lvefs: Sequence[float | None],
    factual: float | None,
    heart_rate: float | None,
    quality: float | None,
    seed: int,
    draws: int,
    **sampled: Any,
) -> Request:
    """What the page's controls ask for. `frame` counts from 0; an LVEF that is None is left out, one asked for twice made once.

    Raises BadInput without a still or an LVEF, on a still without a fan, and where the model's card refuses the rest.
    """
    if source is None:
        raise BadInput(text.NO_STILL)
    asked = sorted({round(float(lvef), 1) for lvef in (*lvefs, factual) if lvef is not None})
    if not asked:
        raise BadInput(text.NO_LVEFS)
    own = None if factual is None else round(float(factual), 1)
    how = replace(card(model).defaults(tuple(range(seed, seed + draws))), **sampled)
    found = Request(model, source.still(frame), source.spacing, tuple(asked), own, how, heart_rate, quality)
    for each in asked:  # before the first clip is made
        check(card(model), found.conditions(each), how)
    shown(source, frame)
    return found


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
