"""What the U-Nets of clips are made of: spatial layers a frame at a time, and layers that mix frames."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn


class Down(nn.Module):
    """One level on the way down: residual blocks, then half the height and width."""

    def __init__(self, channels: int, width: int, after: int | None, blocks: int, embedding: int):
        """`after` None: the last level, which halves nothing."""
        super().__init__()
        self.blocks = nn.ModuleList(
            ResidualBlock(width if i else channels, width, embedding, None) for i in range(blocks)
        )
        self.shrink = nn.Conv2d(width, width, 3, stride=2, padding=1) if after else nn.Identity()

    def forward(self, x: Float[Tensor, "bt c h w"], emb: Float[Tensor, "bt e"]) -> tuple[Tensor, Tensor]:
        """(what the way up will add, what goes further down)"""
        for block in self.blocks:
            x = block(x, emb, None)
        return x, self.shrink(x)


class ResidualBlock(nn.Module):
    """Norm, SiLU, convolution, twice; where SPADE is given, it follows the first norm and takes the features."""

    def __init__(self, channels: int, out: int, embedding: int, spade: nn.Module | None):
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(8, channels, affine=spade is None), nn.GroupNorm(8, out, affine=False)
        self.spade = spade
        self.conv1, self.conv2 = nn.Conv2d(channels, out, 3, padding=1), nn.Conv2d(out, out, 3, padding=1)
        self.film = nn.Linear(embedding, 2 * out)
        self.skip = nn.Conv2d(channels, out, 1) if channels != out else nn.Identity()
        nn.init.zeros_(self.conv2.weight)

    def forward(
        self, x: Float[Tensor, "bt c h w"], emb: Float[Tensor, "bt e"], features: Float[Tensor, "b m h w"] | None = None
    ) -> Float[Tensor, "bt d h w"]:
        h = self.norm1(x)
        h = h if self.spade is None else self.spade(h, emb, features)
        h = self.conv1(F.silu(h))
        scale, shift = self.film(emb)[..., None, None].chunk(2, 1)
        h = self.conv2(F.silu(self.norm2(h) * (1 + scale) + shift))
        return self.skip(x) + h


class TemporalAttention(nn.Module):
    """Every position attends to itself at all frames, with a learned bias for the distance of two frames.

    The distance is cyclic where clips are beats that loop, and signed where they are recordings with a first and a last frame.
    Written as plain batched matrix products: over 16 frames they are much faster on a CPU than fused attention.
    """

    def __init__(self, channels: int, head_channels: int, max_frames: int, cyclic: bool = True):
        super().__init__()
        self.heads, self.cyclic, self.max_frames = max(channels // head_channels, 1), cyclic, max_frames
        self.norm = nn.GroupNorm(8, channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        self.bias = nn.Parameter(torch.zeros(self.heads, max_frames if cyclic else 2 * max_frames - 1))
        begin_at_zero(self.out)

    def forward(self, x: Float[Tensor, "bt c h w"], t: int) -> Float[Tensor, "bt c h w"]:
        h, w = x.shape[-2:]
        y = rearrange(self.norm(x), "(b t) c h w -> (b h w) t c", t=t)
        q, k, v = rearrange(self.qkv(y), "n t (three g d) -> three n g t d", three=3, g=self.heads)
        gap = torch.arange(t, device=x.device)[:, None] - torch.arange(t, device=x.device)
        gap = gap % t if self.cyclic else gap + self.max_frames - 1
        weights = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5 + self.bias[:, gap], -1)
        y = self.out(rearrange(weights.to(v.dtype) @ v, "n g t d -> n t (g d)"))
        return x + rearrange(y, "(b h w) t c -> (b t) c h w", h=h, w=w)


class TemporalConvolution(nn.Module):
    """Every position mixes with itself one frame before and one after, nothing lying beyond the first and the last.

    Written as one matrix product: a convolution over time is very slow on a CPU.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.norm, self.mix = nn.GroupNorm(8, channels), nn.Linear(3 * channels, channels)
        begin_at_zero(self.mix)

    def forward(self, x: Float[Tensor, "bt c h w"], t: int) -> Float[Tensor, "bt c h w"]:
        y = rearrange(F.silu(self.norm(x)), "(b t) c h w -> b t h w c", t=t)
        nothing = torch.zeros_like(y[:, :1])
        before, after = torch.cat([nothing, y[:, :-1]], 1), torch.cat([y[:, 1:], nothing], 1)
        return x + rearrange(self.mix(torch.cat([before, y, after], -1)), "b t h w c -> (b t) c h w")


class SpatialAttention(nn.Module):
    """Every position attends to all positions of its frame."""

    def __init__(self, channels: int, head_channels: int):
        super().__init__()
        self.heads = max(channels // head_channels, 1)
        self.norm = nn.GroupNorm(8, channels)
        self.qkv, self.out = nn.Linear(channels, 3 * channels), nn.Linear(channels, channels)
        begin_at_zero(self.out)

    def forward(self, x: Float[Tensor, "bt c h w"]) -> Float[Tensor, "bt c h w"]:
        h = x.shape[-2]
        y = rearrange(self.norm(x), "n c h w -> n (h w) c")
        q, k, v = rearrange(self.qkv(y), "n s (three g d) -> three n g s d", three=3, g=self.heads)
        y = self.out(rearrange(F.scaled_dot_product_attention(q, k, v), "n g s d -> n s (g d)"))
        return x + rearrange(y, "n (h w) c -> n c h w", h=h)


def waves(x: Float[Tensor, "n"], width: int, lowest: float | None) -> Float[Tensor, "n e"]:
    """Sines and cosines: octaves from `lowest` cycles a unit, or 1, 2, 3, ... cycles where it is None."""
    count = torch.arange(width // 2, device=x.device, dtype=torch.float32)
    cycles = count + 1 if lowest is None else lowest * 2 ** (count * 6 / len(count))
    angle = 2 * torch.pi * x[:, None].float() * cycles
    return torch.cat([angle.sin(), angle.cos()], -1)


def begin_at_zero(layer: nn.Module) -> None:
    """So that a fresh network changes nothing."""
    for parameter in layer.parameters():
        nn.init.zeros_(parameter)


def channels_last(x: Tensor) -> Tensor:
    return x.contiguous(memory_format=torch.channels_last)
