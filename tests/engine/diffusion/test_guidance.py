import pytest
import torch

from engine.diffusion.guidance import guided

X, SIGMA = torch.randn(3, 4, generator=torch.Generator().manual_seed(0)), torch.tensor([0.1, 1.0, 10.0])


def denoise(x, sigma):
    return x / (1 + sigma[:, None])


def denoise_null(x, sigma):
    return x * 0.5


def test_scale_one_is_the_conditioned_denoiser_itself():
    assert guided(denoise, denoise_null, 1) is denoise


def test_scale_zero_is_the_unconditioned_denoiser_itself():
    assert guided(denoise, denoise_null, 0.0) is denoise_null


@pytest.mark.parametrize("scale", [0.5, 1.5, 7.0])
def test_guidance_extrapolates_from_null_through_the_condition(scale):
    null, full = denoise_null(X, SIGMA), denoise(X, SIGMA)
    assert torch.allclose(guided(denoise, denoise_null, scale)(X, SIGMA), (1 - scale) * null + scale * full, atol=1e-5)


def test_a_condition_that_changes_nothing_cannot_be_exaggerated():
    assert torch.equal(guided(denoise, lambda x, s: denoise(x, s), 7.0)(X, SIGMA), denoise(X, SIGMA))
