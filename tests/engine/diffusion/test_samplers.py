"""Every sampler against the exact denoiser of N(MEAN, SPREAD^2), whose path from noise to data is known exactly."""

from math import sqrt

import pytest
import torch

from engine.diffusion.noise import SeededNoise
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import karras_sigmas

MEAN, SPREAD = 0.3, 0.5


def denoise_exactly(x, sigma):
    s = sigma.reshape(-1, 1)
    return (SPREAD**2 * x + s**2 * MEAN) / (SPREAD**2 + s**2)


def ignore_step(index, total, denoised):
    pass


def sample(name, steps, noise, denoise=denoise_exactly, on_step=ignore_step):
    sigmas = karras_sigmas(steps)
    return SAMPLERS[name](denoise, noise.initial().double() * sigmas[0], sigmas, noise, on_step)


def error(name, steps):
    noise = SeededNoise((1, 2), (300,))
    start = noise.initial().double() * 80
    exact = MEAN + (start - MEAN) * SPREAD / sqrt(SPREAD**2 + 80**2)
    return (sample(name, steps, noise) - exact).abs().max().item()


@pytest.mark.parametrize(("name", "factor"), [("ddim", 2), ("heun", 4), ("dpm++2m", 4)])
@pytest.mark.parametrize("steps", [32, 64])
def test_doubling_the_steps_divides_the_error(name, factor, steps):
    assert error(name, steps) / error(name, 2 * steps) == pytest.approx(factor, rel=0.15)


def test_second_order_beats_first_order_at_the_default_steps():
    assert error("dpm++2m", 18) < error("ddim", 18) / 2


@pytest.mark.parametrize("name", SAMPLERS)
def test_samples_have_the_data_mean_and_spread(name):
    x = sample(name, 128, SeededNoise((3,), (40_000,)))
    assert x.mean().item() == pytest.approx(MEAN, abs=4 * SPREAD / sqrt(x.numel()) + 0.003)
    assert x.std().item() == pytest.approx(SPREAD, rel=0.03)


def test_only_the_stochastic_sampler_forgets_where_it_started():
    noise = SeededNoise((4,), (5_000,))
    for name in SAMPLERS:
        together = torch.stack([noise.initial()[0].double(), sample(name, 64, noise)[0]])
        kept = torch.corrcoef(together)[0, 1].item()
        assert kept < 0.5 if name == "edm-stochastic" else kept > 0.999


@pytest.mark.parametrize("name", SAMPLERS)
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_on_step_counts_every_step(name, steps):
    seen = []
    sample(name, steps, SeededNoise((0, 1), (3,)), on_step=lambda i, n, denoised: seen.append((i, n, denoised.shape)))
    assert seen == [(i + 1, steps, (2, 3)) for i in range(steps)]


@pytest.mark.parametrize("name", SAMPLERS)
def test_on_step_stops_the_run_at_once(name):
    class Stop(Exception):
        pass

    calls = []

    def denoise(x, sigma):
        calls.append(sigma[0].item())
        return denoise_exactly(x, sigma)

    def stop_at_two(index, total, denoised):
        if index == 2:
            raise Stop

    with pytest.raises(Stop):
        sample(name, 20, SeededNoise((0,), (3,)), denoise, stop_at_two)
    assert len(calls) == (2 if name in {"ddim", "dpm++2m"} else 4)


@pytest.mark.parametrize("name", SAMPLERS)
def test_one_step_is_the_denoised_start(name):
    noise = SeededNoise((5,), (4,))
    x = noise.initial().double() * 80
    assert torch.allclose(sample(name, 1, noise), denoise_exactly(x, torch.tensor([80.0])))


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_seed_gives_the_same_bytes_alone_or_in_a_batch(name):
    batch = sample(name, 12, SeededNoise((7, 11, 13), (2, 5, 5)), denoise=_denoise_clip)
    for i, seed in enumerate((7, 11, 13)):
        alone = sample(name, 12, SeededNoise((seed,), (2, 5, 5)), denoise=_denoise_clip)
        assert alone[0].numpy().tobytes() == batch[i].numpy().tobytes()


def _denoise_clip(x, sigma):
    return denoise_exactly(x.flatten(1), sigma).reshape(x.shape)
