"""What a model brings to the training loop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True, eq=False)
class Batch:
    """One step's worth."""

    x: Float[Tensor, "b t c h w"]
    conditions: Any
    """as the network takes them"""
    temporal: bool
    """False: the layers over time are off"""
    clips: int
    """that it was drawn from"""


class Task(Protocol):
    """A model, and the set that it learns from. Its network is called as network(x, c_noise, conditions, temporal=)."""

    def new_network(self) -> nn.Module: ...

    def draw(self, stage: str, step: int) -> Batch:
        """The batch of a step of the loop's stage, "frames" or "clips": a function of the two, so that a resumed run goes on."""
        ...

    def draw_samples(self, network: nn.Module, path: Path) -> None:
        """A picture (PNG) of what the network makes of hearts that it does not learn from."""
        ...

    def record(self) -> dict[str, Any]:
        """What the weights' card has to tell beside the network's config."""
        ...
