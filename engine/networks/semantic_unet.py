"""The denoising U-Net of `semantic-video`: a clip from one end-diastolic label map (semantic-echo-video, section 2; SPADE variant).

As in the paper: spatial layers a frame at a time, temporal attention (here on the way up only), full spatial attention in the
middle, SPADE in the middle and the decoder with the frame time k in its modulation (equation 6). Beyond the paper: LVEF and view as
further conditions, each droppable; the label map is read once a clip by a small encoder, whose features SPADE modulates with k
(the same map at every k would otherwise be convolved anew for every frame).
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange, repeat
from jaxtyping import Float, Int
from torch import Tensor, nn

from engine.networks.blocks import (
    Down,
    ResidualBlock,
    SpatialAttention,
    TemporalAttention,
    begin_at_zero,
    channels_last,
    waves,
)

CLASSES = 5
"""of the label map; the null condition is the all-zero map"""
VIEWS = 2


@dataclass(frozen=True)
class SemanticUNetConfig:
    channels: int
    """of x"""
    map_patch: int
    """pixels a side of the label map for each position of x"""
    widths: tuple[int, ...]
    """of each level; every level halves height and width"""
    blocks: int = 1
    """residual blocks a level, on the way down and on the way up"""
    map_width: int = 48
    hidden: int = 32
    """of SPADE"""
    head_channels: int = 32
    embedding: int = 128
    max_frames: int = 32


@dataclass(frozen=True, eq=False)
class SemanticConditions:
    """What the network is told of each clip. A dropped condition is an all-zero map, LVEF NaN or view -1."""

    label_map: Float[Tensor, "b 5 mh mw"]
    """one-hot"""
    time: Float[Tensor, "b t"]
    """k: share of the beat, 0 at end-diastole"""
    lvef: Float[Tensor, "b"]
    """percent"""
    view: Int[Tensor, "b"]


class SemanticUNet(nn.Module):
    """F(x; c_noise, conditions)."""

    def __init__(self, config: SemanticUNetConfig):
        super().__init__()
        self.config = config
        widths, e = config.widths, config.embedding
        self.embed = Embedding(e)
        self.map_encoder = MapEncoder(config)
        self.enter = nn.Conv2d(config.channels, widths[0], 3, padding=1)
        before, after = (widths[0], *widths), (*widths[1:], None)
        self.down = nn.ModuleList(Down(*three, config.blocks, e) for three in zip(before, widths, after, strict=False))
        above = (None, *widths[:-1])
        self.up = nn.ModuleList(Up(*pair, config) for pair in list(zip(widths, above, strict=True))[::-1])
        self.middle = ResidualBlock(widths[-1], widths[-1], e, _spade(widths[-1], config))
        self.middle_space = SpatialAttention(widths[-1], config.head_channels)
        self.middle_time = TemporalAttention(widths[-1], config.head_channels, config.max_frames)
        self.leave = nn.Conv2d(widths[0], config.channels, 3, padding=1)
        begin_at_zero(self.leave)

    def forward(
        self,
        x: Float[Tensor, "b t c h w"],
        c_noise: Float[Tensor, "b"],
        conditions: SemanticConditions,
        temporal: bool = True,
    ) -> Float[Tensor, "b t c h w"]:
        """`temporal=False` leaves the frames of a clip strangers to each other (first stage of training)."""
        b, t = x.shape[:2]
        maps = self.map_encoder(conditions.label_map)
        emb = self.embed(c_noise, conditions)
        x = self.enter(channels_last(rearrange(x, "b t c h w -> (b t) c h w")))
        skips = []
        for stage in self.down:
            skip, x = stage(x, emb)
            skips.append(skip)
        x = self.middle_space(self.middle(x, emb, maps[-1]))
        x = self.middle_time(x, t) if temporal else x
        for stage, skip, features in zip(self.up, reversed(skips), reversed(maps), strict=True):
            # Half the sum keeps the variance of the two streams where the concatenation of the paper would double the cost.
            x = stage((x + skip) * 0.5**0.5, emb, features, t if temporal else None)
        return rearrange(self.leave(F.silu(x)), "(b t) c h w -> b t c h w", b=b)


class Up(nn.Module):
    """One level on the way up: residual blocks with SPADE, temporal attention, then twice the height and width."""

    def __init__(self, width: int, above: int | None, config: SemanticUNetConfig):
        super().__init__()
        self.blocks = nn.ModuleList(
            ResidualBlock(width, width, config.embedding, _spade(width, config)) for _ in range(config.blocks)
        )
        self.time = TemporalAttention(width, config.head_channels, config.max_frames)
        self.grow = nn.Conv2d(width, above, 1) if above else None

    def forward(
        self,
        x: Float[Tensor, "bt c h w"],
        emb: Float[Tensor, "bt e"],
        features: Float[Tensor, "b m h w"],
        t: int | None,
    ) -> Float[Tensor, "bt d hh ww"]:
        """`t` None: the frames stay strangers."""
        for block in self.blocks:
            x = block(x, emb, features)
        x = self.time(x, t) if t else x
        return x if self.grow is None else F.interpolate(self.grow(x), scale_factor=2.0, mode="nearest")


class Embedding(nn.Module):
    """Noise level, frame time, LVEF and view as one vector a frame."""

    def __init__(self, width: int):
        super().__init__()
        self.width = width
        self.noise, self.time, self.lvef = (nn.Linear(width // 2, width) for _ in range(3))
        self.no_lvef = nn.Parameter(torch.zeros(width))
        self.view = nn.Embedding(VIEWS + 1, width)
        self.mix = nn.Sequential(nn.SiLU(), nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width), nn.SiLU())

    def forward(self, c_noise: Float[Tensor, "b"], conditions: SemanticConditions) -> Float[Tensor, "bt e"]:
        t = conditions.time.shape[1]
        known = torch.isfinite(conditions.lvef)
        lvef = self.lvef(waves(torch.nan_to_num(conditions.lvef) / 100, self.width // 2, 0.25))
        lvef = torch.where(known[:, None], lvef, self.no_lvef.expand_as(lvef))
        clip = self.noise(waves(c_noise, self.width // 2, 0.25)) + lvef + self.view(conditions.view + 1)
        # The beat is periodic: whole-numbered frequencies only.
        frame = self.time(waves(conditions.time.flatten(), self.width // 2, None))
        return self.mix(repeat(clip, "b e -> (b t) e", t=t) + frame)


class MapEncoder(nn.Module):
    """Features of the label map for every level of the U-Net, once a clip."""

    def __init__(self, config: SemanticUNetConfig):
        super().__init__()
        self.patch, wide = config.map_patch, config.map_width
        self.enter = nn.Conv2d(CLASSES * config.map_patch**2, wide, 1)
        levels = len(config.widths)
        self.down = nn.ModuleList(nn.Conv2d(wide, wide, 3, padding=1, stride=1 if i == 0 else 2) for i in range(levels))
        self.deep = nn.Sequential(
            nn.SiLU(), nn.Conv2d(wide, wide, 3, padding=1), nn.SiLU(), nn.Conv2d(wide, wide, 3, padding=1)
        )
        self.up = nn.ModuleList(nn.Conv2d(wide, wide, 3, padding=1) for _ in range(levels))

    def forward(self, label_map: Float[Tensor, "b 5 mh mw"]) -> list[Float[Tensor, "b m h w"]]:
        x = self.enter(F.pixel_unshuffle(label_map, self.patch))
        down = []
        for conv in self.down:
            x = conv(F.silu(x))
            down.append(x)
        x, up = x + self.deep(x), []
        for skip, conv in zip(reversed(down), self.up, strict=True):
            x = x if x.shape == skip.shape else F.interpolate(x, scale_factor=2.0, mode="nearest")
            x = skip + conv(F.silu(x))
            up.append(F.silu(x))
        return up[::-1]


class Spade(nn.Module):
    """x (1 + gamma) + delta, both from the label map and the frame's embedding (equation 6)."""

    def __init__(self, channels: int, embedding: int, map_width: int, hidden: int):
        super().__init__()
        self.place, self.when = nn.Conv2d(map_width, hidden, 3, padding=1), nn.Linear(embedding, hidden)
        self.out = nn.Conv2d(hidden, 2 * channels, 1)

    def forward(self, x: Float[Tensor, "bt c h w"], emb: Float[Tensor, "bt e"], features: Float[Tensor, "b m h w"]):
        place = self.place(features)
        t = len(x) // len(place)
        where = rearrange(place, "b n h w -> b 1 n h w") + rearrange(self.when(emb), "(b t) n -> b t n 1 1", t=t)
        gamma, delta = self.out(channels_last(F.silu(where).flatten(0, 1))).chunk(2, 1)
        return x * (1 + gamma) + delta


def _spade(channels: int, config: SemanticUNetConfig) -> Spade:
    return Spade(channels, config.embedding, config.map_width, config.hidden)
