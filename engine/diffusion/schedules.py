"""Noise levels of a sampling run, largest first."""

import torch
from jaxtyping import Float
from torch import Tensor

Sigmas = Float[Tensor, "n"]
"""one more than the steps; falls strictly, and the last one is 0"""


def karras_sigmas(steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0) -> Sigmas:
    """`steps` levels from `sigma_max` to `sigma_min`, then 0 (Karras et al. 2022, equation 5). float64, on the CPU."""
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    low, high = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    return torch.cat([(high + ramp * (low - high)) ** rho, torch.zeros(1, dtype=torch.float64)])
