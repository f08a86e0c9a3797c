"""Samplers: from noise to data along falling sigmas. All have one signature; a new one is one function.

    sampler(denoise, x, sigmas, noise, on_step) -> x

x           starts as unit noise times sigmas[0]
sigmas      n + 1 levels for n steps, strictly falling, the last may be 0 (`engine.diffusion.schedules`)
noise(i)    the fresh unit noise of step i (0-based), shaped like x; only stochastic samplers ask for it
on_step     called after every step as on_step(index from 1, total, denoised); may raise to stop the run
"""

from collections.abc import Callable, Iterator
from itertools import pairwise
from math import inf, log, sqrt

from torch import Tensor

from engine.diffusion.denoiser import Batch, Denoiser
from engine.diffusion.schedules import Sigmas

Noise = Callable[[int], Tensor]
OnStep = Callable[[int, int, Tensor], None]
Sampler = Callable[[Denoiser, Batch, Sigmas, Noise, OnStep], Batch]


def ddim(denoise: Denoiser, x: Batch, sigmas: Sigmas, noise: Noise, on_step: OnStep) -> Batch:
    """Deterministic DDIM (Song et al. 2021): Euler's method in sigma. One evaluation a step, first order."""
    for i, sigma, sigma_next in _steps(sigmas):
        denoised = _at(denoise, x, sigma)
        x = _toward(denoised, x, sigma, sigma_next)
        on_step(i + 1, len(sigmas) - 1, denoised)
    return x


def dpmpp_2m(denoise: Denoiser, x: Batch, sigmas: Sigmas, noise: Noise, on_step: OnStep) -> Batch:
    """DPM-Solver++(2M) (Lu et al. 2022, algorithm 2). One evaluation a step, second order."""
    previous, h_previous = None, inf
    for i, sigma, sigma_next in _steps(sigmas):
        denoised = _at(denoise, x, sigma)
        target = denoised
        # Towards 0 the step is infinite in log sigma and nothing can be extrapolated: the last step is first order.
        if sigma_next > 0:
            h = log(sigma / sigma_next)
            if previous is not None:
                target = denoised + h / (2 * h_previous) * (denoised - previous)
            previous, h_previous = denoised, h
        x = _toward(target, x, sigma, sigma_next)
        on_step(i + 1, len(sigmas) - 1, denoised)
    return x


def heun(denoise: Denoiser, x: Batch, sigmas: Sigmas, noise: Noise, on_step: OnStep) -> Batch:
    """EDM's deterministic sampler (Karras et al. 2022, algorithm 1). Two evaluations a step, second order."""
    for i, sigma, sigma_next in _steps(sigmas):
        x, denoised = _heun_step(denoise, x, sigma, sigma_next)
        on_step(i + 1, len(sigmas) - 1, denoised)
    return x


def edm_stochastic(
    denoise: Denoiser,
    x: Batch,
    sigmas: Sigmas,
    noise: Noise,
    on_step: OnStep,
    churn: float = 40.0,
    churn_min: float = 0.05,
    churn_max: float = 50.0,
    noise_scale: float = 1.003,
) -> Batch:
    """EDM's stochastic sampler (Karras et al. 2022, algorithm 2): Heun's method, with noise added back before steps.

    `churn`, `churn_min`, `churn_max` and `noise_scale` are the paper's S_churn, S_tmin, S_tmax and S_noise.
    """
    steps = len(sigmas) - 1
    for i, sigma, sigma_next in _steps(sigmas):
        gamma = min(churn / steps, sqrt(2) - 1) if churn_min <= sigma <= churn_max else 0.0
        if gamma > 0:
            raised = sigma * (1 + gamma)
            x = x + sqrt(raised**2 - sigma**2) * noise_scale * noise(i)
            sigma = raised
        x, denoised = _heun_step(denoise, x, sigma, sigma_next)
        on_step(i + 1, steps, denoised)
    return x


SAMPLERS: dict[str, Sampler] = {"dpm++2m": dpmpp_2m, "ddim": ddim, "heun": heun, "edm-stochastic": edm_stochastic}


def _steps(sigmas: Sigmas) -> Iterator[tuple[int, float, float]]:
    for i, (sigma, sigma_next) in enumerate(pairwise(sigmas.tolist())):
        yield i, sigma, sigma_next


def _at(denoise: Denoiser, x: Batch, sigma: float) -> Batch:
    return denoise(x, x.new_full((len(x),), sigma))


def _toward(denoised: Batch, x: Batch, sigma: float, sigma_next: float) -> Batch:
    """The straight line from x at `sigma` to `denoised` at 0, followed to `sigma_next`."""
    return denoised + sigma_next / sigma * (x - denoised)


def _heun_step(denoise: Denoiser, x: Batch, sigma: float, sigma_next: float) -> tuple[Batch, Batch]:
    """The next x, and the estimate of the data made on the way."""
    denoised = _at(denoise, x, sigma)
    slope = (x - denoised) / sigma
    x_next = x + (sigma_next - sigma) * slope
    if sigma_next > 0:
        slope_next = (x_next - _at(denoise, x_next, sigma_next)) / sigma_next
        x_next = x + (sigma_next - sigma) * (slope + slope_next) / 2
    return x_next, denoised
