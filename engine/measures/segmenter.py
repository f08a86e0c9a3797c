"""The frozen segmenter: a small U-Net that finds the heart in any grey frames, our ruler for what a clip shows.

It learned from simulated clips of hearts that no generating network has seen, and is never trained together with one.
"""

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import torch
from jaxtyping import Float
from monai.networks.layers.simplelayers import SkipConnection
from monai.networks.nets.unet import UNet
from torch import Tensor, nn

from engine.anatomy.labels import NAMES, Frames, LabelMap
from engine.measures.window import cut, find_window, paste
from engine.shipped import find
from engine.weights import load_strictly

WEIGHTS = "segmenter.safetensors"
SIZE = 128
"""pixels a side that the network was trained at"""
BATCH = 16
"""frames at a time, which bounds the memory"""
CHANNELS = (16, 32, 64, 128, 128)
"""of each level"""
FEATURES = CHANNELS[-1]
"""dimension of `features`"""


def make_network() -> UNet:
    """The untrained network: float (b, 1, 128, 128) grey in 0..1 to (b, 5, 128, 128) logits in `labels` order."""
    return UNet(2, 1, len(NAMES), CHANNELS, strides=(2,) * (len(CHANNELS) - 1), num_res_units=1, act="RELU")


@cache
def load_segmenter(device: str = "cpu") -> nn.Module:
    """The frozen network, loaded once a process. Raises BadInput when its weights are missing or damaged."""
    network = make_network().to(device)
    load_strictly(network, find(WEIGHTS))
    return network.eval().requires_grad_(False)


def segment(frames: Frames, network: nn.Module | None = None) -> LabelMap:
    """The label map of every frame, at the size of the frames; with the frozen network where none is given."""
    network, window = network or load_segmenter(), find_window(frames)
    maps = torch.cat([network(part).argmax(1).byte().cpu() for part in _parts(frames, network)]).numpy()
    # Classes have no in-between: the answer is never blurred.
    square = np.stack([_resize(one, (window.side, window.side), cv2.INTER_NEAREST_EXACT) for one in maps])
    return paste(square, window, frames.shape[1:])


def features(frames: Frames, network: nn.Module | None = None) -> Float[np.ndarray, "t d"]:
    """What the network's narrowest layer sees in every frame, averaged over its 8x8 places: for distances between sets.

    With the frozen network where none is given; `make_network().eval()` has the shape of it, untrained.
    """
    network = network or load_segmenter()
    return torch.cat([_encode(network, part).mean((2, 3)).cpu() for part in _parts(frames, network)]).numpy()


def _parts(frames: Frames, network: nn.Module) -> Iterator[Float[Tensor, "b 1 h w"]]:
    """Grey 0..1, `BATCH` frames at a time, on the network's device."""
    device = next(network.parameters()).device
    grey = np.stack([_resize(frame, (SIZE, SIZE), cv2.INTER_AREA) for frame in cut(frames, find_window(frames))])
    with torch.inference_mode():
        for part in torch.from_numpy(grey)[:, None].split(BATCH):
            yield part.to(device).float() / 255


def _encode(network: nn.Module, x: Float[Tensor, "b 1 h w"]) -> Float[Tensor, "b d i j"]:
    """The way down alone: MONAI nests every level as (down, skip connection round the next level, up)."""
    level = network.get_submodule("model")
    while isinstance(level, nn.Sequential) and isinstance(skip := level[1], SkipConnection):
        x, level = level[0](x), skip.submodule
    return level(x)


def _resize(image: np.ndarray, size: tuple[int, int], how: int) -> np.ndarray:
    """To (height, width); INTER_AREA is bilinear where it enlarges."""
    return image if image.shape == size else cv2.resize(image, size[::-1], interpolation=how)
