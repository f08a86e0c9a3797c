"""The denoiser and its preconditioning (Karras et al. 2022, section 5 and Table 1)."""

from collections.abc import Callable

from jaxtyping import Float
from torch import Tensor

Batch = Float[Tensor, "b ..."]
Sigma = Float[Tensor, "b"]

Denoiser = Callable[[Batch, Sigma], Batch]
"""D(x; sigma): the expected clean data given x = data + sigma * noise. Its conditions are already bound."""

Network = Callable[[Batch, Sigma], Batch]
"""F(c_in x, c_noise): the raw network, whose input and target have unit variance."""


def precondition(network: Network, sigma_data: float) -> Denoiser:
    """D(x; sigma) = c_skip x + c_out F(c_in x; c_noise), equation 7; `sigma_data` is the data's standard deviation."""

    def denoise(x: Batch, sigma: Sigma) -> Batch:
        s = sigma.reshape(-1, *[1] * (x.ndim - 1))
        total = s**2 + sigma_data**2
        c_skip = sigma_data**2 / total
        c_out = s * sigma_data / total.sqrt()
        c_in = 1 / total.sqrt()
        c_noise = sigma.log() / 4
        return c_skip * x + c_out * network(c_in * x, c_noise)

    return denoise


def loss_weight(sigma: Sigma, sigma_data: float) -> Sigma:
    """lambda(sigma) = 1 / c_out^2: multiplies |D(x; sigma) - data|^2 so that the network's own loss has unit weight."""
    return (sigma**2 + sigma_data**2) / (sigma * sigma_data) ** 2
