"""`semantic-video` as the training loop asks for it."""

from pathlib import Path
from typing import Any

import torch

from engine.codecs.patches import PatchCodec
from engine.networks.semantic_unet import SemanticUNet
from training.batches import Batches
from training.data.phantom import PhantomSet
from training.pictures import draw_samples
from training.presets import SemanticPreset
from training.task import Batch


class SemanticTask:
    """Single frames with the layers over time off, then whole beats."""

    def __init__(self, data: PhantomSet, preset: SemanticPreset, device: torch.device):
        self.data, self.preset, self.device = data, preset, device
        self.codec, self.batches = PatchCodec(preset.network.map_patch), Batches(data, preset, device)

    def new_network(self) -> SemanticUNet:
        return SemanticUNet(self.preset.network)

    def record(self) -> dict[str, Any]:
        return {}

    def draw(self, stage: str, step: int) -> Batch:
        draw = {"frames": self.batches.draw_frames, "clips": self.batches.draw_clips}[stage]
        frames, conditions = draw(step)
        return Batch(self.codec.encode(frames), conditions, stage == "clips", len(frames))

    def draw_samples(self, network: SemanticUNet, path: Path) -> None:
        draw_samples(network, self.codec, self.data, path, self.device)
