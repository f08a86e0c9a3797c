"""Pixels <-> latents by a small convolutional autoencoder, one frame at a time."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from engine.codecs.patches import MEAN, SD


@dataclass(frozen=True)
class AutoencoderConfig:
    latent_channels: int = 16
    widths: tuple[int, int] = (64, 96)
    """at a quarter and at an eighth of the resolution"""


class Autoencoder(nn.Module):
    """128 x 128 grey <-> 16 x 16 x latent_channels, whitened by the buffers `mean` and `sd` of each latent channel."""

    def __init__(self, config: AutoencoderConfig):
        super().__init__()
        wide, wider = config.widths
        self.config = config
        self.encoder = nn.Sequential(
            nn.PixelUnshuffle(4), nn.Conv2d(16, wide, 3, padding=1), Block(wide), nn.Conv2d(wide, wider, 3, stride=2, padding=1), Block(wider),
            nn.Conv2d(wider, config.latent_channels, 1),
        )  # fmt: skip
        self.decoder = nn.Sequential(
            nn.Conv2d(config.latent_channels, wider, 3, padding=1), Block(wider), Block(wider), nn.Conv2d(wider, 4 * wide, 1), nn.PixelShuffle(2),
            Block(wide), Block(wide), nn.Conv2d(wide, 16, 3, padding=1), nn.PixelShuffle(4),
        )  # fmt: skip
        self.register_buffer("mean", torch.zeros(config.latent_channels, 1, 1))
        self.register_buffer("sd", torch.ones(config.latent_channels, 1, 1))

    @property
    def channels(self) -> int:
        return self.config.latent_channels

    @torch.no_grad()
    def encode(self, frames: UInt8[Tensor, "b t h w"]) -> Float[Tensor, "b t c gh gw"]:
        z = self.encoder(rearrange((frames.float() - MEAN) / SD, "b t h w -> (b t) 1 h w"))
        return rearrange((z - self.mean) / self.sd, "(b t) c h w -> b t c h w", b=len(frames))

    @torch.no_grad()
    def decode(self, x: Float[Tensor, "b t c gh gw"]) -> UInt8[Tensor, "b t h w"]:
        grey = self.decoder(x.flatten(0, 1).float() * self.sd + self.mean)
        return rearrange((grey * SD + MEAN).round().clamp(0, 255).to(torch.uint8), "(b t) 1 h w -> b t h w", b=len(x))


class Block(nn.Module):
    def __init__(self, channels: int):
        super().__init__()
        self.norm = nn.GroupNorm(8, channels)
        self.conv1, self.conv2 = (
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.Conv2d(channels, channels, 3, padding=1),
        )

    def forward(self, x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
        return x + self.conv2(F.silu(self.conv1(F.silu(self.norm(x)))))
