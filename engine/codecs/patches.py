"""Pixels as patches: nothing is lost, nothing is learned."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float, UInt8
from torch import Tensor

MEAN, SD = 42.0, 56.0
"""grey levels of phantom frames, so that x has about unit variance"""


@dataclass(frozen=True)
class PatchCodec:
    """Grey frames <-> x, each patch of pixels moved into the channels."""

    patch: int = 4

    @property
    def channels(self) -> int:
        return self.patch**2

    def encode(self, frames: UInt8[Tensor, "b t h w"]) -> Float[Tensor, "b t c gh gw"]:
        return F.pixel_unshuffle(((frames.float() - MEAN) / SD)[:, :, None], self.patch)

    def decode(self, x: Float[Tensor, "b t c gh gw"]) -> UInt8[Tensor, "b t h w"]:
        grey = rearrange(F.pixel_shuffle(x.float(), self.patch), "b t 1 h w -> b t h w")
        return (grey * SD + MEAN).round().clamp(0, 255).to(torch.uint8)
