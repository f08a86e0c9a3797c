"""Weights: fp16 safetensors files, each beside a JSON card (same stem) that carries its sha256."""

import hashlib
import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load
from torch import nn

from engine.errors import BadInput


def load_strictly(module: nn.Module, path: Path) -> str:
    """Fill every parameter and buffer of `module` from a safetensors file, in the module's dtypes and on its device.

    Returns the file's sha256. Raises BadInput when the file or its card is missing or damaged, when its hash is not the
    card's, or when the tensors are not exactly those of `module`, which is then not to be used.
    """
    try:
        content = path.read_bytes()
    except OSError:
        raise BadInput(f"The weights {path} cannot be read; put the file there.") from None
    found, wanted = hashlib.sha256(content).hexdigest(), str(read_record(path, "sha256"))
    if found != wanted:
        raise BadInput(
            f"The weights {path.name} have sha256 {found[:12]}… but their card says {wanted[:12]}…; "
            "fetch the file and its card again."
        )
    try:
        module.load_state_dict(load(content), strict=True)
    except SafetensorError:
        raise BadInput(f"The weights {path.name} are not a safetensors file; fetch the file again.") from None
    except RuntimeError:
        raise BadInput(
            f"The weights {path.name} do not fit the network {type(module).__name__}; "
            "use the weights that came with this version."
        ) from None
    return found


def read_record(path: Path, key: str) -> Any:
    """One entry of the card beside a weights file. Raises BadInput when the card or the entry is missing."""
    card = path.with_suffix(".json")
    try:
        return json.loads(card.read_text(encoding="utf-8"))[key]
    except OSError:
        raise BadInput(f"The weights {path.name} have no card; put {card.name} beside them.") from None
    except (ValueError, KeyError, TypeError):
        raise BadInput(f"The card {card.name} holds no {key} of its weights; fetch the card again.") from None
