"""One heart at several LVEFs: where its still comes from, and what is asked of a cascade. Knows nothing of the browser."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.anatomy.drawing import Drawing
from engine.cards import CARDS, card
from engine.conditions import check
from engine.errors import BadInput
from engine.media.limits import UNKNOWN_SPACING
from engine.media.still import standard_square
from engine.types import Clip, Conditions, ModelCard, Settings
from studio import text
from studio.session import beat_of

LVEFS = (15.0, 85.0)
"""percent: the least and the most that a counterfactual is asked for"""
DRAWS = (1, 5)
"""clips of each LVEF of which the nearest is kept"""
MODELS: dict[str, ModelCard] = {name: found for name, found in CARDS.items() if "reference" in found.requires}
PROPOSED = ("cascaded-2scm", "cascaded-4scm")
"""the first of these that is here"""


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
