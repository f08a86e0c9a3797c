"""What a generated clip says of how it was made."""

import hashlib
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from engine.types import Conditions, ModelCard, Provenance, Settings


def provenance(
    card: ModelCard, weights_sha256: str | None, seed: int, settings: Settings, conditions: Conditions
) -> Provenance:
    """The record of one clip; `seeds` is left out of the settings, since each clip has its own."""
    how = {name: value for name, value in asdict(settings).items() if name != "seeds"}
    return Provenance(card.name, weights_sha256, seed, how, describe(conditions), f"Echo Studio {_version()}")


def describe(conditions: Conditions) -> dict[str, Any]:
    """The given conditions as plain JSON; a label map or a still as its sha256, with its spacing."""
    told = {name: getattr(conditions, name) for name in conditions.given()}
    if conditions.heart is not None:
        told["heart"] = conditions.heart.to_json()
    if conditions.keys:
        told["keys"] = [key.to_json() for key in conditions.keys]
    for name in ("label_maps", "reference"):
        if (picture := getattr(conditions, name)) is not None:
            told[name] = hashlib.sha256(np.ascontiguousarray(picture).tobytes()).hexdigest()
            told["mm_per_pixel"] = conditions.mm_per_pixel and list(conditions.mm_per_pixel)
    return told


def _version() -> str:
    try:
        return version("echo-studio")
    except PackageNotFoundError:
        return "0"
