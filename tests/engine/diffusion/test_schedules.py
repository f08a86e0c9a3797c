import pytest
import torch

from engine.diffusion.schedules import karras_sigmas


@pytest.mark.parametrize("steps", [1, 2, 18, 100])
def test_sigmas_fall_strictly_from_the_largest_to_zero(steps):
    sigmas = karras_sigmas(steps)
    assert sigmas.shape == (steps + 1,)
    assert sigmas[0].item() == pytest.approx(80)
    assert sigmas[-1].item() == 0
    assert (sigmas.diff() < 0).all()


def test_the_last_level_before_zero_is_the_smallest():
    assert karras_sigmas(18, sigma_min=0.01, sigma_max=10)[-2].item() == pytest.approx(0.01)


def test_levels_are_even_in_the_seventh_root():
    roots = karras_sigmas(18)[:-1] ** (1 / 7)
    assert torch.allclose(roots.diff(), roots.diff()[0].expand(17))
