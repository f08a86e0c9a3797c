"""Noise that belongs to a seed, whoever else is in the batch and whatever the device."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from engine.errors import BadInput


@dataclass(frozen=True)
class SeededNoise:
    """Unit normal noise for a batch with one seed a sample: a pure function of the seed and the step.

    Always drawn on the CPU in float32 and moved then, so that a GPU starts from the same noise.
    """

    seeds: tuple[int, ...]
    """0 or more each"""
    shape: tuple[int, ...]
    """of one sample, without the batch axis"""
    device: str | torch.device = "cpu"
    part: tuple[int, ...] = ()
    """of a sample's making: no two parts of it get the same noise from one seed"""

    def __post_init__(self):
        if not self.seeds or min(self.seeds) < 0:
            raise BadInput(f"The seeds are {list(self.seeds)}, but each clip needs one of 0 or more; choose another.")

    def initial(self) -> Tensor:
        """float32 (b, *shape): the noise that a run starts from, before it is scaled by sigmas[0]."""
        return self._draw(0)

    def __call__(self, step: int) -> Tensor:
        """float32 (b, *shape): the fresh noise of a sampler's step, 0-based."""
        return self._draw(step + 1)

    def _draw(self, stream: int) -> Tensor:
        return torch.stack([self._draw_one(seed, stream) for seed in self.seeds]).to(self.device)

    def _draw_one(self, seed: int, stream: int) -> Tensor:
        # SeedSequence mixes the two numbers well: neighbouring seeds and steps share nothing.
        (state,) = np.random.SeedSequence((seed, stream, *self.part)).generate_state(1, np.uint64)
        return torch.randn(self.shape, generator=torch.Generator().manual_seed(int(state)), dtype=torch.float32)
