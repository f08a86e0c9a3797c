"""Every model as frozen data, and the one way to load it."""

import importlib
import json
from dataclasses import replace
from functools import cache

from engine.anatomy.drawing import FRAMES
from engine.errors import BadInput
from engine.shipped import find
from engine.types import ModelCard, Pipeline

SIMULATED = "simulated ultrasound (the phantom) only; no patient's images"

_DRAWN = (
    ModelCard(
        name="semantic-video",
        title="Semantic video",
        paper="Nguyen Van Phi et al., Echocardiography video synthesis from end diastolic semantic map via diffusion model",
        summary="One beat in 16 frames from a drawn end-diastolic heart. LVEF and view are conditions of ours, beyond the paper.",
        trained_on=SIMULATED,
        requires=frozenset({"heart|label_maps"}),
        accepts=frozenset({"heart", "label_maps", "lvef", "view", "heart_rate", "start"}),
        frames=16,
        size=(128, 128),
        samplers=("dpm++2m", "ddim", "heun", "edm-stochastic"),
        steps=(1, 12, 100),
        guidance=(0.0, 1.25, 7.0),
        weights="semantic-video.safetensors",
    ),
    ModelCard(
        name="phantom",
        title="Phantom (physics preview)",
        paper="Simulated ultrasound: moving scatterers, point-spread function, compression; no network, no weights",
        summary="One beat of simulated ultrasound of the drawn heart, at once. What the bundled models learned from.",
        trained_on="nothing: it is computed",
        requires=frozenset({"heart|label_maps"}),
        accepts=frozenset({"heart", "label_maps", "lvef", "view", "heart_rate", "fps", "start", "keys"}),
        frames=16,
        size=(112, 112),
        samplers=(),
        steps=None,
        guidance=None,
        frame_limits=FRAMES,
    ),
)


def _cascade(name: str, title: str, frames: int, fps: float, steps: int, *stages: str) -> ModelCard:
    """A cascade is the list of its stages; what each of them makes is told beside its weights."""
    return ModelCard(
        name=name,
        title=title,
        paper="Reynaud et al., Feature-Conditioned Cascaded Video Diffusion Models for Precise Echocardiogram Synthesis",
        summary=f"Two seconds in {frames} frames from one still and an LVEF: {len(stages)} "
        + ("stage." if len(stages) == 1 else "stages, each going on from the one before."),
        trained_on=SIMULATED,
        requires=frozenset({"reference"}),
        accepts=frozenset({"reference", "lvef", "heart_rate", "quality"}),
        frames=frames,
        fps=fps,
        size=(112, 112),
        samplers=("edm-stochastic", "heun", "dpm++2m", "ddim"),
        steps=(1, steps, 100),
        guidance=(0.0, 1.5, 7.0),
        stages=tuple(f"cascaded-edm-{stage}.safetensors" for stage in stages),
        pipeline="cascaded_edm",
    )


_CASCADES = (
    _cascade("cascaded-1scm", "Cascade of one stage", 16, 8.0, 10, "base-1scm"),
    _cascade("cascaded-2scm", "Cascade of two stages", 64, 32.0, 12, "base-2scm", "tssr-2scm"),
    # Its base would be that of two stages: the same clips, the same network.
    _cascade("cascaded-4scm", "Cascade of four stages", 64, 32.0, 12, "base-2scm", "tsr1-4scm", "tsr2-4scm", "ssr-4scm"),
)


def _with_record(card: ModelCard) -> ModelCard:
    """The card with the scores and the training record that were written beside its weights.

    Without a record that can be read it stays as it is: whoever loads the weights is told.
    """
    if card.weights is None and not card.stages:
        return card
    try:
        record = json.loads(find(card.weights or card.stages[-1]).with_suffix(".json").read_text(encoding="utf-8"))
        return replace(card, trained_on=record.get("trained_on", card.trained_on), scores=record.get("scores", {}))
    except (OSError, ValueError, AttributeError):  # a BadInput is a ValueError; what is no JSON object has no get
        return card


def _is_here(card: ModelCard) -> bool:
    """Whether all stages of a cascade are there: it is listed from then on."""
    try:
        return all(find(stage) for stage in card.stages)
    except BadInput:
        return False


CARDS: dict[str, ModelCard] = {card.name: _with_record(card) for card in (*_DRAWN, *filter(_is_here, _CASCADES))}


def card(name: str) -> ModelCard:
    """The card of a model. Raises BadInput on an unknown name."""
    if name not in CARDS:
        raise BadInput(f"There is no model {name!r}; choose one of {', '.join(CARDS)}.")
    return CARDS[name]


@cache
def load(name: str, device: str = "cpu") -> Pipeline:
    """The pipeline of a model, its weights loaded once a process. Raises BadInput on an unknown name or missing weights."""
    found = card(name)
    module = importlib.import_module(f"engine.pipelines.{found.pipeline or name.replace('-', '_')}")
    return module.load(found, device)
