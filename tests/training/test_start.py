"""Weights begun from others: a network with other patches makes the same of a picture that is as much finer."""

from dataclasses import replace

import pytest
import torch

from engine.errors import BadInput
from engine.networks.video_unet import VideoConditions, VideoUNet, VideoUNetConfig
from training.export import export
from training.start import begin_from

SMALL = VideoUNetConfig(patch=2, widths=(8, 16), attends=(False, True), head_channels=8, embedding=16, max_frames=4)


def filled(config, path):
    torch.manual_seed(3)
    network = VideoUNet(config)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    export(network, path, {"network": {"patch": config.patch}})
    network.half().float()  # as in the file
    return network.eval()


def told(size, finer):
    generator = torch.Generator().manual_seed(1)
    x, still = torch.randn(2, 4, 1, size, size, generator=generator), torch.randn(2, 1, size, size, generator=generator)
    x, still = (v.repeat_interleave(finer, -1).repeat_interleave(finer, -2) for v in (x, still))
    return x, torch.tensor([0.1, -0.4]), VideoConditions(still, torch.tensor([[30.0, 70.0, float("nan")]] * 2))


@pytest.mark.parametrize(("old", "new", "finer"), [(2, 4, 2), (2, 2, 1), (1, 3, 3)])
def test_a_finer_picture_of_the_same_becomes_what_the_coarse_one_became(tmp_path, old, new, finer):
    before = filled(replace(SMALL, patch=old), tmp_path / "before.safetensors")
    after = VideoUNet(replace(SMALL, patch=new)).eval()
    begin_from(after, tmp_path / "before.safetensors")
    with torch.no_grad():
        coarse, fine = before(*told(4 * old, 1)), after(*told(4 * old, finer))
    assert torch.allclose(fine, coarse.repeat_interleave(finer, -1).repeat_interleave(finer, -2), atol=1e-4, rtol=1e-4)


def test_there_and_back_is_the_same_network(tmp_path):
    before = filled(SMALL, tmp_path / "before.safetensors")
    finer, again = VideoUNet(replace(SMALL, patch=6)), VideoUNet(SMALL)
    begin_from(finer, tmp_path / "before.safetensors")
    export(finer, tmp_path / "finer.safetensors", {"network": {"patch": 6}})
    begin_from(again, tmp_path / "finer.safetensors")
    for name, value in before.state_dict().items():
        assert torch.allclose(again.state_dict()[name], value, atol=2e-3, rtol=2e-3), name


def test_another_network_is_refused(tmp_path):
    filled(SMALL, tmp_path / "before.safetensors")
    with pytest.raises(BadInput, match="do not fit"):
        begin_from(VideoUNet(replace(SMALL, widths=(8, 24))), tmp_path / "before.safetensors")
