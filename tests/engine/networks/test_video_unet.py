from dataclasses import replace

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from engine.networks.video_unet import PARAMETERS, VideoConditions, VideoUNet, VideoUNetConfig, without_parameters
from training.presets import PRESETS

SMALL = VideoUNetConfig(
    patch=2, widths=(16, 32, 32), attends=(False, True, True), low=True, head_channels=16, embedding=32, max_frames=8
)


def told(b: int, t: int, size: int = 16, low: bool = True) -> VideoConditions:
    generator = torch.Generator().manual_seed(5)
    still = torch.randn(b, 1, size, size, generator=generator)
    parameters = torch.tensor([55.0, 70.0, 0.5]).expand(b, 3)
    if not low:
        return VideoConditions(still, parameters)
    return VideoConditions(
        still, parameters, torch.randn(b, t, 1, size, size, generator=generator), torch.full((b,), 0.2)
    )


def awake(config: VideoUNetConfig = SMALL) -> VideoUNet:
    """A fresh network ends in zeros, which would hide every dependence."""
    torch.manual_seed(0)
    network = VideoUNet(config).eval()
    for parameter in network.parameters():
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return network


@pytest.mark.parametrize("low", [True, False])
@pytest.mark.parametrize("size", [16, 28, 30])
@torch.no_grad()
def test_the_answer_has_the_shape_of_x_whether_or_not_its_levels_halve_evenly(low, size):
    network, x = awake(replace(SMALL, low=low)), torch.randn(2, 5, 1, size, size)
    assert network(x, torch.zeros(2), told(2, 5, size, low)).shape == x.shape


@torch.no_grad()
def test_frames_are_strangers_without_the_layers_over_time():
    network, x, noise = awake(), torch.randn(1, 6, 1, 16, 16), torch.zeros(1)
    other = x.clone()
    other[:, 3] += 1
    alone = [network(v, noise, told(1, 6), temporal=False) for v in (x, other)]
    mixed = [network(v, noise, told(1, 6)) for v in (x, other)]
    assert torch.equal(alone[0][:, 0], alone[1][:, 0]) and not torch.equal(alone[0][:, 3], alone[1][:, 3])
    assert not torch.allclose(mixed[0][:, 0], mixed[1][:, 0])


@torch.no_grad()
def test_every_condition_is_heard_and_every_parameter_can_be_withheld():
    network, x, noise, base = awake(), torch.randn(1, 4, 1, 16, 16), torch.zeros(1), told(1, 4)
    answer = network(x, noise, base)
    changed = [
        replace(base, still=base.still + 1),
        replace(base, low=base.low + 1),
        replace(base, low_noise=base.low_noise + 0.2),
    ]
    for i, unit in enumerate(PARAMETERS.values()):
        for value in (base.parameters[0, i] - 0.3 * unit, torch.nan):
            other = base.parameters.clone()
            other[0, i] = value
            changed.append(replace(base, parameters=other))
    for other in changed:
        found = network(x, noise, other)
        assert torch.isfinite(found).all() and not torch.allclose(answer, found, atol=1e-5)
    null = without_parameters(base)
    assert torch.isnan(null.parameters).all() and null.still is base.still and null.low is base.low


@torch.no_grad()
def test_clips_of_a_batch_do_not_see_each_other():
    network, x, noise, base = awake(), torch.randn(2, 4, 1, 16, 16), torch.tensor([0.1, -0.2]), told(2, 4)
    base = replace(base, parameters=torch.tensor([[20.0, torch.nan, 0.1], [70.0, 60.0, torch.nan]]))
    both = network(x, noise, base)
    x[0], base.still[0], base.low[0], base.parameters[0] = 0, 0, 0, torch.nan
    assert torch.allclose(both[1], network(x, noise, base)[1], atol=1e-5)


@pytest.mark.parametrize(("stage", "most"), [("base-1scm", 4.1e9), ("base-2scm", 4e9), ("tssr-2scm", 14e9)])
@torch.no_grad()
def test_an_embedded_stage_stays_within_what_two_cores_have_time_for(stage, most):
    preset = PRESETS[f"cascaded-edm/{stage}"]["embedded"]
    with torch.device("meta"):
        network, low, shape = (
            VideoUNet(preset.network),
            preset.network.low,
            (1, preset.stage.frames, 1, *[preset.stage.size] * 2),
        )
        clip = torch.zeros(shape)
        conditions = VideoConditions(clip[:, 0], torch.zeros(1, 3), *([clip, torch.zeros(1)] if low else []))
        with FlopCounterMode(display=False) as counter:
            network(clip, torch.zeros(1), conditions)
    assert counter.get_total_flops() <= most
