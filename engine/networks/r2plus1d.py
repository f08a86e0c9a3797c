"""R(2+1)D for LVEF: 3-D convolutions taken apart into one in space and one in time (Tran et al. 2018, section 3.5).

Small, and without strides in time: an LVEF compares the largest LV of a clip with the smallest, and the frame that shows
either must not be skipped. The head gets what that comparison needs: every frame's embedding at its largest, mean and
smallest over time, and the swing of a curve that is trained to follow the logarithm of the LV's size.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn


@dataclass(frozen=True)
class R2Plus1dConfig:
    widths: tuple[int, ...] = (32, 64, 128)
    """of each stage; every stage after the first halves height and width"""
    embedding: int = 32
    """channels of a frame's embedding"""
    groups: int = 8
    """of the normalisation"""


@dataclass(frozen=True, eq=False)
class Reading:
    """What the network sees in a batch of clips."""

    lvef: Float[Tensor, "b"]
    """percent"""
    log_size: Float[Tensor, "b t"]
    """natural logarithm of the LV's size in every frame, up to a constant of the clip"""
    pooled: Float[Tensor, "b p"]
    """embeddings at their largest, mean and smallest over time; p = 3 * embedding"""


class R2Plus1d(nn.Module):
    """Clips of any length and size to their LVEF."""

    def __init__(self, config: R2Plus1dConfig = R2Plus1dConfig()):
        super().__init__()
        self.config = config
        first, *wider = config.widths
        self.stem = nn.Sequential(
            nn.Conv3d(1, first, (1, 7, 7), (1, 4, 4), (0, 3, 3), bias=False),
            nn.GroupNorm(config.groups, first),
            nn.ReLU(),
        )
        pairs = zip(config.widths, wider, strict=False)
        stages = [Block(a, b, 2, config.groups) for a, b in pairs]
        self.stages = nn.Sequential(Block(first, first, 1, config.groups), *stages)
        self.embed = nn.Linear(config.widths[-1], config.embedding)
        self.log_size = nn.Linear(config.embedding, 1)
        last = nn.Linear(64, 1)
        self.head = nn.Sequential(nn.Linear(3 * config.embedding + 1, 64), nn.ReLU(), last)
        # Untrained, it answers with an ordinary LVEF, so that training starts from there.
        nn.init.zeros_(last.weight)
        nn.init.constant_(last.bias, 0.45)

    def forward(self, frames: Float[Tensor, "b t h w"]) -> Reading:
        """Grey 0..1."""
        x = self.stages(self.stem(4 * frames[:, None] - 1))
        embedding = self.embed(x.mean((3, 4)).transpose(1, 2))
        log_size = self.log_size(embedding)[..., 0]
        pooled = torch.cat([embedding.amax(1), embedding.mean(1), embedding.amin(1)], 1)
        swing = log_size.amax(1) - log_size.amin(1)
        lvef = 100 * self.head(torch.cat([pooled, swing[:, None]], 1))[:, 0]
        return Reading(lvef, log_size, pooled)


class Block(nn.Module):
    """A residual block of two (2+1)D convolutions, height and width divided by `stride`."""

    def __init__(self, channels: int, out: int, stride: int, groups: int):
        super().__init__()
        self.body = nn.Sequential(
            *two_plus_one(channels, out, stride, groups), nn.ReLU(), *two_plus_one(out, out, 1, groups)
        )
        self.skip = (
            nn.Identity()
            if stride == 1 and channels == out
            else nn.Sequential(nn.Conv3d(channels, out, 1, (1, stride, stride), bias=False), nn.GroupNorm(groups, out))
        )

    def forward(self, x: Float[Tensor, "b c t h w"]) -> Float[Tensor, "b d t i j"]:
        return torch.relu(self.skip(x) + self.body(x))


def two_plus_one(channels: int, out: int, stride: int, groups: int) -> list[nn.Module]:
    """A convolution in space, then one in time, with as many parameters as the 3-D one (Tran et al. 2018, section 3.5)."""
    between = 27 * channels * out // (9 * channels + 3 * out)
    between -= between % groups
    return [
        nn.Conv3d(channels, between, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False),
        nn.GroupNorm(groups, between),
        nn.ReLU(),
        nn.Conv3d(between, out, (3, 1, 1), padding=(1, 0, 0), bias=False),
        nn.GroupNorm(groups, out),
    ]
