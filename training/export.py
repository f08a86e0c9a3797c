"""From a training run to a shipped file: fp16 safetensors and its JSON card."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import nn

from engine.shipped import sha256


def _commit() -> str:
    command = ["git", "-C", str(Path(__file__).parent), "rev-parse", "--short", "HEAD"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


COMMIT = _commit()
"""of the code that this process runs: read when it starts, not when it writes"""


def export(network: nn.Module, path: Path, record: dict[str, Any]) -> None:
    """Write the network's fp16 weights and the card beside them; `record` says how they were made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(".part")
    save_file(
        {name: value.detach().cpu().to(torch.float16).contiguous() for name, value in network.state_dict().items()},
        temporary,
    )
    os.replace(temporary, path)
    card = {
        **record,
        "sha256": sha256(path),
        "parameters": sum(p.numel() for p in network.parameters()),
        "commit": COMMIT,
    }
    path.with_suffix(".json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")


def record_scores(path: Path, scored_on: str, scores: dict[str, Any]) -> None:
    """Put what was measured into the card beside a weights file, in place of what was there."""
    card = path.with_suffix(".json")
    known = json.loads(card.read_text(encoding="utf-8"))
    card.write_text(json.dumps(known | {"scored_on": scored_on, "scores": scores}, indent=1) + "\n", encoding="utf-8")
