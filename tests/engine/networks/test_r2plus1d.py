import pytest
import torch
from torch import nn

from engine.networks.r2plus1d import R2Plus1d, R2Plus1dConfig, two_plus_one


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    network = R2Plus1d().eval().requires_grad_(False)
    nn.init.normal_(network.head[-1].weight, std=0.1)
    return network


@pytest.mark.parametrize("shape", [(1, 2, 112, 112), (2, 5, 64, 96), (1, 33, 50, 50)])
def test_any_length_and_size_is_read(network, shape):
    seen = network(torch.rand(shape))
    assert seen.lvef.shape == shape[:1] and seen.log_size.shape == shape[:2]
    assert seen.pooled.shape == (shape[0], 3 * network.config.embedding)


def test_it_is_small_enough_to_ship():
    assert sum(p.numel() for p in R2Plus1d().parameters()) <= 1_500_000


def test_two_and_one_have_the_parameters_of_three():
    parts = [m for m in two_plus_one(64, 128, 1, 1) if isinstance(m, nn.Conv3d)]
    assert sum(p.numel() for p in parts[0].parameters()) + sum(
        p.numel() for p in parts[1].parameters()
    ) == pytest.approx(27 * 64 * 128, rel=0.01)


def test_a_clip_that_stands_still_is_read_alike_in_every_frame_far_from_its_ends(network):
    middle = network(torch.rand(1, 1, 32, 32).expand(1, 23, 32, 32)).log_size[0, 9:14]
    assert torch.allclose(middle, middle[2].expand(5), atol=1e-5)


def test_every_parameter_learns():
    network = R2Plus1d(R2Plus1dConfig(widths=(8, 16, 24), embedding=8))
    nn.init.normal_(network.head[-1].weight)
    seen = network(torch.rand(2, 4, 32, 32))
    (seen.lvef.sum() + seen.log_size.square().sum()).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in network.parameters())
