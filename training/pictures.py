"""What a run of `semantic-video` looks like: clips of hearts it never trained on."""

from pathlib import Path

import cv2
import numpy as np
import torch

from engine.networks.semantic_unet import SemanticUNet
from engine.pipelines.semantic_video import VIEWS, network_conditions, sample
from engine.types import Settings
from training.batches import SHOWN
from training.data.phantom import PhantomSet

AT = [0, 2, 4, 6, 8, 10, 13]
"""frames shown"""


def draw_samples(network: SemanticUNet, codec, data: PhantomSet, path: Path, device: torch.device) -> None:
    """A contact sheet (PNG): the true clip of each heart above the one generated from its map, LVEF and view."""
    last = slice(len(data.seed) - SHOWN, None)
    length, size = data.frames.shape[1:3]
    views = [VIEWS[v] for v in data.view[last]]
    told = network_conditions(data.label_maps[last, 0], data.lvef[last].tolist(), views, length, device)
    shape = codec.encode(torch.tensor(data.frames[-1:])).shape[1:]
    settings = Settings("dpm++2m", 12, 1.0, length, tuple(range(SHOWN)))
    made = codec.decode(sample(network, told, settings, tuple(shape), lambda *_: None)).cpu().numpy()
    rows = [[clip[k] for k in AT] for pair in zip(data.frames[last], made, strict=True) for clip in pair]
    cv2.imwrite(str(path), np.block(rows).reshape(-1, size * len(AT)))
