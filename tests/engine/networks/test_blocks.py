import torch

from engine.networks.blocks import TemporalAttention, TemporalConvolution

T, C = 6, 8


def awake(layer: torch.nn.Module) -> torch.nn.Module:
    """With weights where a fresh layer has zeros, and an answer that depends on nothing but the distance of two frames."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in layer.named_parameters():
            if name.startswith(("bias", "out", "mix")):
                parameter.copy_(torch.randn(parameter.shape, generator=generator))
    return layer


def clip() -> torch.Tensor:
    return torch.randn(T, C, 2, 2, generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_a_turned_loop_gives_the_turned_answer_and_a_turned_recording_another_one():
    for cyclic in (True, False):
        layer = awake(TemporalAttention(C, 8, 16, cyclic))
        answer, turned = layer(clip(), T), layer(clip().roll(2, 0), T)
        assert torch.allclose(turned, answer.roll(2, 0), atol=1e-5) == cyclic


@torch.no_grad()
def test_before_and_after_are_told_apart():
    for layer in (awake(TemporalAttention(C, 8, 16, cyclic=False)), awake(TemporalConvolution(C))):
        back = layer(clip().flip(0), T).flip(0)
        assert not torch.allclose(layer(clip(), T), back, atol=1e-3)


@torch.no_grad()
def test_the_biases_are_those_of_the_signed_distance():
    """A frame that favours the one after it strongly gives what that one holds, and the last frame, with none after it, its own."""
    layer = awake(TemporalAttention(C, 8, 16, cyclic=False))
    layer.qkv.weight[: 2 * C] = 0  # all frames alike but for the bias
    layer.qkv.bias[: 2 * C] = 0
    layer.bias.fill_(-100.0)
    layer.bias[:, 15 - 1], layer.bias[:, 15] = 50, 0  # distances -1 and 0
    for t in (1, 2, 16):
        x = torch.randn(t, C, 2, 2, generator=torch.Generator().manual_seed(2))
        values = layer.qkv(layer.norm(x).permute(0, 2, 3, 1))[..., 2 * C :]
        taken = layer.out(torch.cat([values[1:], values[-1:]])).permute(0, 3, 1, 2)
        assert torch.allclose(layer(x, t), x + taken, atol=1e-4)


@torch.no_grad()
def test_a_convolution_over_time_reaches_one_frame_and_no_other_clip():
    layer, x = awake(TemporalConvolution(C)).eval(), torch.cat([clip(), clip()])
    layer.norm = torch.nn.Identity()
    changed = x.clone()
    changed[2] += 1
    moved = (layer(x, T) - layer(changed, T)).abs().flatten(1).amax(1) > 1e-6
    assert moved.nonzero().flatten().tolist() == [1, 2, 3]
    changed = x.clone()
    changed[T - 1] += 1
    moved = (layer(x, T) - layer(changed, T)).abs().flatten(1).amax(1) > 1e-6
    assert moved.nonzero().flatten().tolist() == [T - 2, T - 1]
