"""A training run on disk: what it has learned so far, kept so that it can go on."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.ema import Ema


@dataclass
class Progress:
    """How far a run has come."""

    step: int = 0
    seconds: dict[str, float] = field(default_factory=lambda: {"frames": 0.0, "clips": 0.0})
    """spent training, by stage"""
    seen: dict[str, int] = field(default_factory=lambda: {"frames": 0, "clips": 0})
    """clips drawn, by stage (of a clip in the first stage only some frames are seen)"""


@dataclass(frozen=True, eq=False)
class Run:
    """The parts of a run that a checkpoint holds."""

    folder: Path
    network: nn.Module
    optimizer: torch.optim.Optimizer
    ema: Ema
    progress: Progress

    @property
    def checkpoint(self) -> Path:
        return self.folder / "checkpoint.pt"

    def save(self) -> None:
        """Written whole or not at all."""
        state: dict[str, Any] = {name: getattr(self, name).state_dict() for name in ("network", "optimizer", "ema")}
        temporary = self.checkpoint.with_suffix(".part")
        torch.save({**state, "state": vars(self.progress)}, temporary)
        temporary.replace(self.checkpoint)

    def resume(self, device: torch.device) -> None:
        """Take up the folder's checkpoint, where there is one."""
        if not self.checkpoint.exists():
            return
        saved = torch.load(self.checkpoint, map_location=device, weights_only=True)
        for name in ("network", "optimizer", "ema"):
            getattr(self, name).load_state_dict(saved[name])
        vars(self.progress).update(saved["state"])
