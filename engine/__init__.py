"""Echo Studio's engine: a drawn heart goes in, beating echo clips come out.

    import engine
    from engine.anatomy.presets import preset

    pipeline = engine.load("semantic-video")
    conditions = engine.Conditions(heart=preset("normal"), lvef=55)
    (clip,) = pipeline.generate(conditions, pipeline.card.defaults(seeds=(1,)))

Importing it loads no torch; `load` does.
"""

from engine.anatomy.heart import Heart
from engine.errors import BadInput, Cancelled
from engine.types import Clip, Conditions, ModelCard, OnStep, Pipeline, Provenance, Settings, Step

__all__ = [
    "BadInput",
    "Cancelled",
    "Clip",
    "Conditions",
    "Heart",
    "ModelCard",
    "OnStep",
    "Pipeline",
    "Provenance",
    "Settings",
    "Step",
    "load",
]


def load(name: str, device: str = "cpu") -> Pipeline:
    """The pipeline of a model by its name (`engine.cards.CARDS` has them all). Raises BadInput on an unknown name."""
    from engine.cards import load as load_pipeline  # late: the first use of a model is when torch is worth its seconds

    return load_pipeline(name, device)
