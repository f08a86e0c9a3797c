"""The vocabulary of the engine: what goes into a pipeline and what comes out."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, runtime_checkable

from engine.anatomy.heart import Heart
from engine.anatomy.keys import Key
from engine.anatomy.labels import Frames, LabelMap, View


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a clip should show. A field that is None is dropped: the model chooses."""

    heart: Heart | None = None
    """The drawn end-diastolic heart; pipelines derive from it what they need at their own size."""
    label_maps: LabelMap | None = None
    """An end-diastolic label map (t == 1) drawn elsewhere; used in place of a heart."""
    reference: Frames | None = None
    """A still (t == 1) of any origin, in grey: what the clip should look like and whose heart it shows."""
    mm_per_pixel: tuple[float, float] | None = None
    """(y, x) spacing of `label_maps` or `reference`, mm; not a condition of its own."""
    keys: tuple[Key, ...] = ()
    """what the hand corrected of the heart's motion; not a condition of its own."""
    view: View | None = None
    lvef: float | None = None
    """percent, 5..85"""
    heart_rate: float | None = None
    """beats a minute, 30..200; sets the frame rate of a clip that holds one beat"""
    quality: float | None = None
    """image quality, 0..1: how clear the cavity stands against the wall"""
    fps: float | None = None
    """frames a second, 5..120; None: one beat fills the frames"""
    start: float | None = None
    """share of the beat, 0..1, where the first frame lies; None: at end-diastole"""

    def given(self) -> tuple[str, ...]:
        """The names of the conditions that are set."""
        details = ("mm_per_pixel", "keys")
        return tuple(f.name for f in fields(self) if f.name not in details and getattr(self, f.name) is not None)


@dataclass(frozen=True)
class Settings:
    """How a clip is sampled."""

    sampler: str = "dpm++2m"
    steps: int = 18
    guidance_scale: float = 1.5
    """1 follows the drawing as learned, 0 ignores it, more exaggerates it (1 + s of semantic-echo-video, equation 7)"""
    frames: int = 16
    seeds: tuple[int, ...] = (0,)
    """one clip for each seed"""


@dataclass(frozen=True)
class Provenance:
    """How a generated clip was made: enough to make the same bytes again."""

    model: str
    weights_sha256: str | None
    """None for the phantom, which has no weights; those of a cascade's stages in their order, joined by '+'"""
    seed: int
    settings: dict[str, Any]
    conditions: dict[str, Any]
    """plain JSON: heart document, keys, lvef, view, heart_rate, fps, start; a label map or a still as its sha256"""
    software: str


@dataclass(frozen=True, eq=False)
class Clip:
    """Grey frames with their time and space scale."""

    frames: Frames
    fps: float
    mm_per_pixel: tuple[float, float]
    """(y, x)"""
    provenance: Provenance | None = None
    """None only for a recording"""
    label_maps: LabelMap | None = None
    """per-frame truth where it is known (the phantom), else the drawn heart's cycle"""


@dataclass(frozen=True)
class ModelCard:
    """A model as the studio and the command line need to know it."""

    name: str
    title: str
    paper: str
    summary: str
    trained_on: str
    """plain words; says so when the data are simulated"""
    requires: frozenset[str]
    """each entry is one condition name, or alternatives joined by '|'"""
    accepts: frozenset[str]
    frames: int
    """where no other number is asked for"""
    size: tuple[int, int]
    """height, width of a frame in pixels"""
    samplers: tuple[str, ...]
    """empty: the model has no sampler to choose"""
    steps: tuple[int, int, int] | None
    """smallest, default, largest; None: the model takes no steps"""
    guidance: tuple[float, float, float] | None
    """smallest, default, largest; None: the model takes no guidance"""
    fps: float | None = None
    """frames a second; None: a clip's conditions tell"""
    frame_limits: tuple[int, int] | None = None
    """fewest and most frames; None: always `frames`"""
    weights: str | None = None
    """file name under assets/weights"""
    stages: tuple[str, ...] = ()
    """file names of a cascade's weights, first stage first, in place of `weights`; the last has the scores beside it"""
    pipeline: str | None = None
    """module under engine.pipelines; None: the name tells it"""
    scores: dict[str, Any] = field(default_factory=dict)
    """as the measuring command wrote them"""

    def defaults(self, seeds: tuple[int, ...] = (0,)) -> Settings:
        return Settings(
            sampler=self.samplers[0] if self.samplers else "",
            steps=self.steps[1] if self.steps else 1,
            guidance_scale=self.guidance[1] if self.guidance else 1.0,
            frames=self.frames,
            seeds=seeds,
        )


@dataclass(frozen=True, eq=False)
class Step:
    """Sent to `on_step` after every sampler step."""

    index: int
    """1-based"""
    total: int
    preview: Callable[[], Frames] | None = None
    """decodes the current estimate of the first clip when called"""


OnStep = Callable[[Step], None]
"""May raise Cancelled to stop the generation."""


@runtime_checkable
class Pipeline(Protocol):
    card: ModelCard

    def generate(self, conditions: Conditions, settings: Settings, on_step: OnStep = ...) -> list[Clip]:
        """One clip for each seed. Raises BadInput on conditions or settings that the card does not accept."""
        ...

    def preview(self, conditions: Conditions, settings: Settings) -> Clip:
        """The first seed's clip as quickly as it can be had, coarser and without label maps. Errors as `generate`."""
        ...
