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


def _with_record(card: ModelCard) -> ModelCard:
    """The card with the scores and the training record that were written beside its weights.

    Without a record that can be read it stays as it is: whoever loads the weights is told.
    """
    if card.weights is None:
        return card
    try:
        record = json.loads(find(card.weights).with_suffix(".json").read_text(encoding="utf-8"))
        return replace(card, trained_on=record.get("trained_on", card.trained_on), scores=record.get("scores", {}))
    except (OSError, ValueError, AttributeError):  # a BadInput is a ValueError; what is no JSON object has no get
        return card


CARDS: dict[str, ModelCard] = {card.name: _with_record(card) for card in _DRAWN}


def card(name: str) -> ModelCard:
    """The card of a model. Raises BadInput on an unknown name."""
    if name not in CARDS:
        raise BadInput(f"There is no model {name!r}; choose one of {', '.join(CARDS)}.")
    return CARDS[name]


@cache
def load(name: str, device: str = "cpu") -> Pipeline:
    """The pipeline of a model, its weights loaded once a process. Raises BadInput on an unknown name or missing weights."""
    found = card(name)
    module = importlib.import_module(f"engine.pipelines.{name.replace('-', '_')}")
    return module.load(found, device)
