"""How alike two clips are that should show the same, frame by frame: SSIM, and LPIPS where its backbone is there."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor
from torchmetrics.functional.image import (
    learned_perceptual_image_patch_similarity,
    structural_similarity_index_measure,
)

from engine.anatomy.labels import Frames
from engine.errors import BadInput

BACKBONE = "alexnet-owt-7be5be79.pth"
"""torchvision's AlexNet, which LPIPS compares with; torchmetrics holds the linear layers on top"""
BATCH = 32
"""frames at a time, which bounds the memory"""
SMALLEST = 11
"""pixels a side of SSIM's window"""
SMALLEST_LPIPS = 64
"""pixels a side below which AlexNet's last layers see nothing"""

OtherFrames = UInt8[np.ndarray, "t2 h2 w2"]
"""Frames that may turn out to be of another shape."""


def ssim(a: Frames, b: OtherFrames) -> float:
    """Mean structural similarity of frames, -1..1; 1 only for the same frames (Wang et al. 2004).

    Gaussian window of 11 pixels and sigma 1.5, over the whole range of 255 grey levels. Raises BadInput on clips of
    different shapes, or smaller than the window.
    """
    _check(a, b, SMALLEST)
    parts = zip(_grey(a).split(BATCH), _grey(b).split(BATCH), strict=True)
    # No reduction: the mean of batches of unequal size is not the mean of frames.
    values = [structural_similarity_index_measure(x, y, data_range=255.0, reduction="none") for x, y in parts]
    return float(torch.cat([value.reshape(-1) for value in values if isinstance(value, Tensor)]).mean())


def has_lpips() -> bool:
    """Whether torchvision and AlexNet's weights are on this machine; nothing is ever downloaded for a measurement."""
    return find_spec("torchvision") is not None and (Path(torch.hub.get_dir()) / "checkpoints" / BACKBONE).is_file()


def lpips(a: Frames, b: OtherFrames) -> float:
    """Mean learned perceptual distance of frames, 0 for the same ones (Zhang et al. 2018; AlexNet).

    Raises BadInput on clips of different shapes or under 64 pixels a side, and where `has_lpips` is false.
    """
    _check(a, b, SMALLEST_LPIPS)
    if not has_lpips():
        raise BadInput(
            f"LPIPS is not present here: install torchvision and put {BACKBONE} into {torch.hub.get_dir()}/checkpoints."
        )
    colour = (tuple((_grey(c) / 255).expand(-1, 3, -1, -1).split(BATCH)) for c in (a, b))
    with torch.inference_mode():
        total = sum(
            float(learned_perceptual_image_patch_similarity(x, y, "alex", reduction="sum", normalize=True))
            for x, y in zip(*colour, strict=True)
        )
    return total / len(a)


def _grey(frames: Frames) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(frames))[:, None].float()


def _check(a: Frames, b: OtherFrames, smallest: int) -> None:
    if a.shape != b.shape:
        raise BadInput(
            f"Clips of {_size(a)} and {_size(b)} came; frames are compared one by one, so both are wanted the same."
        )
    if not len(a) or min(a.shape[1:]) < smallest:
        raise BadInput(f"The clip is {_size(a)}; {smallest} pixels a side or more are wanted.")


def _size(frames: Frames) -> str:
    t, height, width = frames.shape
    return f"{t} frames of {width}x{height} pixels"
