import pytest
import torch

from engine.diffusion.guidance import guided, thresholded

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


def test_values_within_the_range_stay_as_they_are():
    inside = torch.tensor([[-1.0, 0.0, 3.0, 2.5]])
    assert torch.allclose(thresholded(lambda x, s: x, -1, 3, 0.95)(inside, SIGMA[:1]), inside)


def test_what_leaves_the_range_is_clipped_at_its_quantile_and_drawn_together():
    """Range -1..3: offsets from its middle 1 in half ranges of 2. Of five values the 0.8-quantile is the fourth smallest."""
    made = torch.tensor([[1.0, 2.0, 5.0, -5.0, 11.0]])  # offsets 0, .5, 2, -3, 5: s = 3
    expected = torch.tensor([[1.0, 1 + 1 / 3, 1 + 4 / 3, -1.0, 3.0]])
    assert torch.allclose(thresholded(lambda x, s: x, -1, 3, 0.8)(made, SIGMA[:1]), expected)


def test_each_sample_has_a_threshold_of_its_own():
    made = torch.tensor([[0.0, 0.5, 1.0, 1.0], [0.0, 2.0, -4.0, 4.0]])
    found = thresholded(lambda x, s: x, -1, 1, 1.0)(made, SIGMA[:2])
    assert torch.allclose(found, torch.tensor([[0.0, 0.5, 1.0, 1.0], [0.0, 0.5, -1.0, 1.0]]))


def test_a_few_outliers_are_clipped_and_change_nothing_else():
    made = torch.linspace(-1, 1, 100)[None].repeat(1, 1)
    made[0, 0], made[0, 99] = -9, 7
    found = thresholded(lambda x, s: x, -1, 1, 0.95)(made, SIGMA[:1])
    assert torch.allclose(found[0], torch.linspace(-1, 1, 100))
