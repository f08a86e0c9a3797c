"""The denoising loss of EDM."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from engine.diffusion.denoiser import loss_weight, precondition

SIGMA_DATA = 1.0
"""codecs give x unit variance"""


def denoising_loss(network: Callable, x: Float[Tensor, "b ..."], log_sigma: tuple[float, float]) -> Float[Tensor, ""]:
    """Mean of lambda(sigma) |D(x + sigma n; sigma) - x|^2, ln sigma normal (Karras et al. 2022, equation 8, Table 1)."""
    mean, sd = log_sigma
    sigma = (torch.randn(len(x), device=x.device) * sd + mean).exp()
    wide = sigma.view(-1, *[1] * (x.ndim - 1))
    denoised = precondition(network, SIGMA_DATA)(x + wide * torch.randn_like(x), sigma)
    return (loss_weight(sigma, SIGMA_DATA) * (denoised.float() - x).square().flatten(1).mean(1)).mean()
