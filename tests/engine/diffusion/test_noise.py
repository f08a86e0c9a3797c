import numpy as np
import pytest
import torch

from engine.diffusion.noise import SeededNoise
from engine.errors import BadInput


def test_the_same_seed_and_step_give_the_same_noise_in_any_order():
    one, other = SeededNoise((5,), (4, 4)), SeededNoise((5,), (4, 4))
    late = one(9)
    one.initial()
    assert torch.equal(late, other(9))
    assert torch.equal(one(9), other(9))


def test_seeds_and_steps_share_nothing():
    noise = SeededNoise((0, 1, 2), (4_000,))
    draws = torch.cat([noise.initial(), noise(0), noise(1)])
    correlations = np.corrcoef(draws.numpy()) - np.eye(9)
    assert np.abs(correlations).max() < 0.08


def test_noise_is_unit_normal_float32():
    draw = SeededNoise((3,), (200, 200))(4)
    assert draw.dtype == torch.float32 and draw.shape == (1, 200, 200)
    assert draw.mean().item() == pytest.approx(0, abs=0.02)
    assert draw.std().item() == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("seeds", [(), (-1,), (3, -2)])
def test_seeds_that_cannot_be_are_refused(seeds):
    with pytest.raises(BadInput, match="seed"):
        SeededNoise(seeds, (2,))
