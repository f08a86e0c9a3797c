"""The denoising U-Net of every stage of `cascaded-edm`: a clip from a still and clinical parameters (cascaded-edm, section 2).

As in the paper: spatial layers a frame at a time, layers over time that can be switched off, the still repeated over time and
concatenated on channels, the parameters as a plain vector without any text encoder, and from the second stage on the clip of
the stage before, likewise concatenated. Where the paper convolves in 3D, a spatial layer is followed by one over time.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float
from torch import Tensor, nn

from engine.networks.blocks import (
    Down,
    ResidualBlock,
    SpatialAttention,
    TemporalAttention,
    TemporalConvolution,
    begin_at_zero,
    channels_last,
    waves,
)

PARAMETERS = {"lvef": 100.0, "heart_rate": 200.0, "quality": 1.0}
"""The clinical parameters in the order of their vector, and what counts as 1 of each: percent, beats a minute, and image
quality from 0 to 1."""


@dataclass(frozen=True)
class VideoUNetConfig:
    patch: int
    """pixels a side that each position of the first level holds"""
    widths: tuple[int, ...]
    """of each level; every level halves height and width"""
    attends: tuple[bool, ...]
    """which levels attend over time; the others mix neighbouring frames"""
    low: bool = False
    """whether it goes on from a clip of the stage before"""
    blocks: int = 1
    """residual blocks a level, on the way down and on the way up"""
    head_channels: int = 32
    embedding: int = 128
    max_frames: int = 64


@dataclass(frozen=True, eq=False)
class VideoConditions:
    """What the network is told of each clip, everything in the units and the size of x."""

    still: Float[Tensor, "b 1 h w"]
    parameters: Float[Tensor, "b p"]
    """in the order and the units of PARAMETERS; NaN: dropped"""
    low: Float[Tensor, "b t 1 h w"] | None = None
    """the clip of the stage before, brought to x's size, its noise in it"""
    low_noise: Float[Tensor, "b"] | None = None
    """standard deviation of the noise that `low` was given"""


class VideoUNet(nn.Module):
    """F(x; c_noise, conditions)."""

    def __init__(self, config: VideoUNetConfig):
        super().__init__()
        self.config = config
        widths, e, pixels = config.widths, config.embedding, config.patch**2
        self.embed = Embedding(e, config.low)
        self.enter = nn.Conv2d((3 if config.low else 2) * pixels, widths[0], 3, padding=1)
        before, after = (widths[0], *widths), (*widths[1:], None)
        self.down = nn.ModuleList(Down(*three, config.blocks, e) for three in zip(before, widths, after, strict=False))
        above = (None, *widths[:-1])
        levels = list(zip(widths, above, config.attends, strict=True))
        self.up = nn.ModuleList(Up(*level, config) for level in levels[::-1])
        self.middle = ResidualBlock(widths[-1], widths[-1], e, None)
        self.middle_space = SpatialAttention(widths[-1], config.head_channels)
        self.middle_time = _over_time(widths[-1], True, config)
        self.leave = nn.Conv2d(widths[0], pixels, 3, padding=1)
        begin_at_zero(self.leave)

    def forward(
        self,
        x: Float[Tensor, "b t 1 h w"],
        c_noise: Float[Tensor, "b"],
        conditions: VideoConditions,
        temporal: bool = True,
    ) -> Float[Tensor, "b t 1 h w"]:
        """Height and width are whole numbers of patches. `temporal=False` leaves the frames of a clip strangers to each other."""
        b, t = x.shape[:2]
        seen = [x, repeat(conditions.still, "b c h w -> b t c h w", t=t)]
        if conditions.low is not None:
            seen.append(conditions.low)
        emb = repeat(self.embed(c_noise, conditions), "b e -> (b t) e", t=t)
        y = F.pixel_unshuffle(torch.cat(seen, 2).flatten(0, 1), self.config.patch)
        y = self.enter(channels_last(y))
        skips = []
        for stage in self.down:
            skip, y = stage(y, emb)
            skips.append(skip)
        y = self.middle_space(self.middle(y, emb))
        y = self.middle_time(y, t) if temporal else y
        for stage, skip in zip(self.up, reversed(skips), strict=True):
            # Twice the half of an odd side is one too many. Half the sum keeps the variance of the two streams.
            y = (y[..., : skip.shape[-2], : skip.shape[-1]] + skip) * 0.5**0.5
            y = stage(y, emb, t if temporal else None)
        y = F.pixel_shuffle(self.leave(F.silu(y)), self.config.patch)
        return rearrange(y, "(b t) c h w -> b t c h w", b=b)


class Up(nn.Module):
    """One level on the way up: residual blocks, a layer over time, then twice the height and width."""

    def __init__(self, width: int, above: int | None, attends: bool, config: VideoUNetConfig):
        super().__init__()
        self.blocks = nn.ModuleList(ResidualBlock(width, width, config.embedding, None) for _ in range(config.blocks))
        self.time = _over_time(width, attends, config)
        self.grow = nn.Conv2d(width, above, 1) if above else None

    def forward(
        self, x: Float[Tensor, "bt c h w"], emb: Float[Tensor, "bt e"], t: int | None
    ) -> Float[Tensor, "bt d hh ww"]:
        """`t` None: the frames stay strangers."""
        for block in self.blocks:
            x = block(x, emb)
        x = self.time(x, t) if t else x
        return x if self.grow is None else F.interpolate(self.grow(x), scale_factor=2.0, mode="nearest")


class Embedding(nn.Module):
    """Noise level, clinical parameters and the noise on the clip of the stage before as one vector a clip."""

    def __init__(self, width: int, low: bool):
        super().__init__()
        self.width = width
        self.noise = nn.Linear(width // 2, width)
        self.known = nn.ModuleDict({name: nn.Linear(width // 2, width) for name in PARAMETERS})
        self.unknown = nn.Parameter(torch.zeros(len(PARAMETERS), width))
        self.low_noise = nn.Linear(width // 2, width) if low else None
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, c_noise: Float[Tensor, "b"], conditions: VideoConditions) -> Float[Tensor, "b e"]:
        clip = self.noise(self._waves(c_noise))
        for i, (name, unit) in enumerate(PARAMETERS.items()):
            value = conditions.parameters[:, i]
            known = self.known[name](self._waves(torch.nan_to_num(value) / unit))
            clip = clip + torch.where(torch.isfinite(value)[:, None], known, self.unknown[i].expand_as(known))
        if self.low_noise is not None and conditions.low_noise is not None:
            clip = clip + self.low_noise(self._waves(conditions.low_noise))
        return self.mix(clip)

    def _waves(self, x: Float[Tensor, "b"]) -> Float[Tensor, "b w"]:
        return waves(x, self.width // 2, 0.25)


def without_parameters(conditions: VideoConditions) -> VideoConditions:
    """The null of guidance: still and clip stay, so that guidance exaggerates the clinical parameters alone."""
    return VideoConditions(
        conditions.still, torch.full_like(conditions.parameters, torch.nan), conditions.low, conditions.low_noise
    )


def _over_time(channels: int, attends: bool, config: VideoUNetConfig) -> nn.Module:
    if attends:
        return TemporalAttention(channels, config.head_channels, config.max_frames, cyclic=False)
    return TemporalConvolution(channels)
