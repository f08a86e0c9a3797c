import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine.networks.semantic_unet import SemanticConditions, SemanticUNet, SemanticUNetConfig
from engine.pipelines.semantic_video import without_map
from training.presets import PRESETS

SMALL = SemanticUNetConfig(
    channels=4, map_patch=2, widths=(16, 32), map_width=16, hidden=8, head_channels=16, embedding=32
)


def told(b: int, t: int, size: int = 32) -> SemanticConditions:
    generator = torch.Generator().manual_seed(5)
    classes = torch.randint(5, (b, size, size), generator=generator)
    one_hot = torch.nn.functional.one_hot(classes, 5).permute(0, 3, 1, 2).float()
    return SemanticConditions(
        one_hot, (torch.arange(t) / t).expand(b, t), torch.full((b,), 55.0), torch.zeros(b, dtype=torch.long)
    )


@pytest.fixture
def network() -> SemanticUNet:
    torch.manual_seed(0)
    network = SemanticUNet(SMALL).eval()
    for parameter in network.parameters():  # a fresh network ends in zeros and would hide every dependence
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return network


@torch.no_grad()
def test_frames_are_strangers_without_the_temporal_layers(network):
    x, noise = torch.randn(1, 6, 4, 16, 16), torch.zeros(1)
    other = x.clone()
    other[:, 3] += 1
    alone = [network(v, noise, told(1, 6), temporal=False) for v in (x, other)]
    mixed = [network(v, noise, told(1, 6)) for v in (x, other)]
    assert torch.equal(alone[0][:, 0], alone[1][:, 0])
    assert not torch.allclose(mixed[0][:, 0], mixed[1][:, 0])


@torch.no_grad()
def test_every_condition_is_heard_and_can_be_withheld(network):
    x, noise = torch.randn(1, 4, 4, 16, 16), torch.zeros(1)
    base = told(1, 4)
    answer = network(x, noise, base)
    changed = {
        "label_map": base.label_map.roll(1, 1),
        "time": base.time + 0.3,
        "lvef": base.lvef - 30,
        "view": base.view + 1,
    }
    for name, value in changed.items():
        assert not torch.allclose(
            answer, network(x, noise, SemanticConditions(**{**vars(base), name: value})), atol=1e-5
        ), name
    nothing = SemanticConditions(0 * base.label_map, base.time, base.lvef * torch.nan, base.view * 0 - 1)
    null = network(x, noise, nothing)
    assert torch.isfinite(null).all() and not torch.allclose(answer, null, atol=1e-5)


def test_the_null_of_guidance_forgets_the_map_and_nothing_else():
    base, null = told(1, 4), without_map(told(1, 4))
    assert not null.label_map.any() and base.label_map.any()
    assert all(torch.equal(getattr(base, name), getattr(null, name)) for name in ("time", "lvef", "view"))


@torch.no_grad()
def test_the_beat_is_periodic(network):
    x, noise, base = torch.randn(1, 4, 4, 16, 16), torch.zeros(1), told(1, 4)
    again = SemanticConditions(base.label_map, base.time + 1, base.lvef, base.view)
    assert torch.allclose(network(x, noise, base), network(x, noise, again), atol=1e-4)


@torch.no_grad()
def test_clips_of_a_batch_do_not_see_each_other(network):
    x, noise = torch.randn(2, 4, 4, 16, 16), torch.tensor([0.1, -0.2])
    both = network(x, noise, told(2, 4))
    x[0] = 0
    assert torch.allclose(both[1], network(x, noise, told(2, 4))[1], atol=1e-5)


@torch.no_grad()
def test_the_shipped_network_costs_at_most_five_gigaflop_a_clip():
    network = SemanticUNet(PRESETS["semantic-video"]["embedded"].network)
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 16, 16, 32, 32), torch.zeros(1), told(1, 16, 128))
    assert counter.get_total_flops() <= 5e9
