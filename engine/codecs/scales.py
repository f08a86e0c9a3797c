"""Clips at other sizes and rates: what the stages of a cascade hand on to each other."""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor


def shrink(x: Float[Tensor, "b t c h w"], side: int) -> Float[Tensor, "b t c {side} {side}"]:
    """Every pixel the mean of those it stands for."""
    return rearrange(F.adaptive_avg_pool2d(x.flatten(0, 1), side), "(b t) c h w -> b t c h w", b=len(x))


def stretch(x: Float[Tensor, "b t c h w"], frames: int, side: int) -> Float[Tensor, "b {frames} c {side} {side}"]:
    """As many `frames` over the same time, linear in time and space. Frame i of t becomes frame i frames / t; the last one stays."""
    b, t = x.shape[:2]
    at = torch.arange(frames, device=x.device) * (t / frames)
    first = at.long()
    share = rearrange((at - first).to(x.dtype), "t -> t 1 1 1")
    x = torch.lerp(x[:, first], x[:, (first + 1).clamp(max=t - 1)], share) if frames != t else x
    if x.shape[-2:] == (side, side):
        return x
    large = F.interpolate(x.flatten(0, 1), size=(side, side), mode="bilinear", align_corners=False)
    return rearrange(large, "(b t) c h w -> b t c h w", b=b)
