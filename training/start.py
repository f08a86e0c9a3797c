"""Beginning a run from the weights of another: of the same network, or of one whose patches have another size.

The stages of a cascade see their pictures in patches of as many pixels as make 28 of them a side. What a stage has learned of hearts
lies in the layers between; only the first and the last have the size of a patch.
"""

from dataclasses import replace
from pathlib import Path

import torch.nn.functional as F
from einops import rearrange
from torch import Tensor, nn

from engine.networks.video_unet import VideoUNet
from engine.weights import load_strictly, read_record


def begin_from(network: nn.Module, path: Path) -> None:
    """Loads the weights of `path`, their card beside them. Raises BadInput where they are of another network."""
    if not isinstance(network, VideoUNet):
        load_strictly(network, path)
        return
    before = VideoUNet(replace(network.config, patch=read_record(path, "network")["patch"]))
    load_strictly(before, path)
    network.load_state_dict(with_patches(before.state_dict(), before.config.patch, network.config.patch))


def with_patches(weights: dict[str, Tensor], old: int, new: int) -> dict[str, Tensor]:
    """The weights of a `VideoUNet` for patches of `new` pixels a side: it makes of a picture that is so much finer what it made
    of the coarser one, every pixel drawn as often as it takes."""
    enter = rearrange(weights["enter.weight"], "w (c i j) k l -> w k l c i j", i=old, j=old)
    leave = rearrange(weights["leave.weight"], "(i j) w k l -> w k l i j", i=old, j=old)
    bias = rearrange(weights["leave.bias"], "(i j) -> i j", i=old, j=old)
    # The first layer adds the pixels of a patch up: each of more has a smaller share.
    enter = _resized(enter, new) * (old / new) ** 2
    return {
        **weights,
        "enter.weight": rearrange(enter, "w k l c i j -> w (c i j) k l"),
        "leave.weight": rearrange(_resized(leave, new), "w k l i j -> (i j) w k l"),
        "leave.bias": _resized(bias, new).flatten(),
    }


def _resized(values: Tensor, side: int) -> Tensor:
    """The last two axes at `side`: means of blocks, or blocks of the same."""
    flat = values.reshape(1, -1, *values.shape[-2:])
    return F.adaptive_avg_pool2d(flat, side).reshape(*values.shape[:-2], side, side)
