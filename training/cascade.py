"""What the training of one stage of `cascaded-edm` sees: clips at the stage's size and rate, and what is told of each."""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from engine.codecs.scales import shrink
from engine.diffusion.noise import SeededNoise
from engine.networks.video_unet import PARAMETERS, VideoConditions, VideoUNet
from engine.pipelines.cascaded_edm import CODEC, Stage, sample, with_clip
from engine.types import Settings
from training.batches import SHOWN
from training.data.phantom import PhantomSet
from training.presets import CascadePreset
from training.task import Batch

PICTURED, STEPS, ACROSS = 3, 9, 8
"""clips in a picture, the steps that they are made in, and the frames that are shown of each"""


class CascadeTask:
    """One stage of the cascade, as the training loop asks for it."""

    def __init__(self, data: PhantomSet, preset: CascadePreset, device: torch.device):
        """Raises SystemExit where the clips of the set cannot be the stage's."""
        self.preset, self.stage, self.device = preset, preset.stage, device
        self.every = _every(data, preset.stage)
        self.frames = torch.from_numpy(data.frames)
        unknown = np.full(len(data.seed), np.nan)
        told = [getattr(data, name) for name in PARAMETERS]
        self.parameters = torch.tensor(np.stack([unknown if known is None else known for known in told], 1)).float()

    def new_network(self) -> VideoUNet:
        return VideoUNet(self.preset.network)

    def record(self) -> dict[str, Any]:
        return {"stage": asdict(self.stage)}

    def draw(self, stage: str, step: int) -> Batch:
        """The batch of a step: "frames" are seen as images, "clips" whole, and as images in the preset's share of the batches."""
        rng = torch.Generator().manual_seed(2 * step + (stage == "clips"))
        images = stage == "frames" or float(torch.rand((), generator=rng)) < self.preset.images
        count = self.preset.clips_batch if stage == "clips" else self.preset.frames_batch
        at = torch.randint(len(self.frames) - SHOWN, (count,), generator=rng)
        x, told = self._clips(at, rng)
        told = replace(told, parameters=self._withheld(told.parameters, rng))
        if stage == "frames":
            times = torch.randint(self.stage.frames, (count, self.preset.frames_each), generator=rng).to(self.device)
            rows = torch.arange(count, device=self.device)[:, None]
            x, told = x[rows, times], told if told.low is None else replace(told, low=told.low[rows, times])
        if self.preset.crop:
            x, told = _crop(x, told, self.preset.crop, rng)
        return Batch(x, told, not images, count)

    def draw_samples(self, network: VideoUNet, path: Path) -> None:
        """A contact sheet (PNG) of hearts kept out of training: the true clip above the one generated from a still and the parameters."""
        rows, shown = [], torch.linspace(0, self.stage.frames - 1, ACROSS).long()
        for clip in range(len(self.frames) - PICTURED, len(self.frames)):
            rng = torch.Generator().manual_seed(clip)
            x, told = self._clips(torch.tensor([clip]), rng, self.stage.augmentation)
            noise = SeededNoise((clip,), tuple(x.shape[1:]), self.device)
            made = sample(network, self.stage, told, Settings("dpm++2m", STEPS, 1.0), noise, lambda *_: None)
            rows += [[frame.cpu().numpy() for frame in CODEC.decode(each)[0][shown]] for each in (x, made)]
        cv2.imwrite(str(path), np.block([[np.concatenate(row, 1)] for row in rows]))

    def _clips(
        self, at: Int[Tensor, "b"], rng: torch.Generator, augmentation: float | None = None
    ) -> tuple[Float[Tensor, "b t 1 h w"], VideoConditions]:
        """Clips of the set and all that is told of them. The noise on the clip of the stage before is drawn where not given."""
        last = self.frames.shape[1] - (self.stage.frames - 1) * self.every
        first = torch.randint(last, (len(at), 1), generator=rng)
        times = first + torch.arange(self.stage.frames) * self.every
        x = self._encoded(self.frames[at[:, None], times])
        # From anywhere in the recording, between the frames of the clip or beyond them.
        moment = torch.randint(self.frames.shape[1], (len(at), 1), generator=rng)
        still = self._encoded(self.frames[at[:, None], moment])[:, 0]
        told = VideoConditions(still, self.parameters[at].to(self.device))
        if self.preset.before is None:
            return x, told
        frames, size = self.preset.before
        low = shrink(x[:, :: self.stage.frames // frames], size)
        # Less and more than what is sampled with, so that the network knows what its level means.
        drawn = 2 * self.stage.augmentation * torch.rand(len(at), generator=rng)
        level = drawn if augmentation is None else torch.full_like(drawn, augmentation)
        noise = torch.randn(low.shape, generator=rng)
        return x, with_clip(told, low, self.stage, level.to(self.device), noise.to(self.device))

    def _encoded(self, frames: UInt8[Tensor, "b t h w"]) -> Float[Tensor, "b t 1 s s"]:
        return shrink(CODEC.encode(frames.to(self.device)), self.stage.size)

    def _withheld(self, parameters: Float[Tensor, "b p"], rng: torch.Generator) -> Float[Tensor, "b p"]:
        return torch.where(_lots(parameters.shape, self.preset.drop, rng).to(parameters.device), torch.nan, parameters)


def _lots(shape: torch.Size, share: float, rng: torch.Generator) -> Bool[Tensor, "b p"]:
    """Which parameters are withheld: all of a clip at once, and each beside the first alone as often again."""
    alone = torch.rand(shape, generator=rng) < share
    alone[:, 0] = False
    return alone | (torch.rand(shape[0], 1, generator=rng) < share)


def _crop(
    x: Float[Tensor, "b t 1 h w"], told: VideoConditions, side: int, rng: torch.Generator
) -> tuple[Float[Tensor, "b t 1 s s"], VideoConditions]:
    """The same window of everything."""
    top, left = torch.randint(x.shape[-1] - side + 1, (2,), generator=rng).tolist()

    def cut(values: Tensor) -> Tensor:
        return values[..., top : top + side, left : left + side]

    return cut(x), replace(told, still=cut(told.still), low=None if told.low is None else cut(told.low))


def _every(data: PhantomSet, stage: Stage) -> int:
    """How many frames of the set lie between two of the stage, from one to the next."""
    _, frames, height, width = data.frames.shape
    rates = np.zeros(1) if data.fps is None else np.nan_to_num(data.fps)
    low, high = float(rates.min()), float(rates.max())
    every = round(high / stage.fps)
    fits = high - low < 0.01 and every >= 1 and abs(every * stage.fps - high) < 0.01
    if not fits or (stage.frames - 1) * every >= frames or height != width or height % stage.size:
        told = f"{low:g} to {high:g}" if high else "an unknown number of"
        raise SystemExit(
            f"The set holds {frames} frames of {height}x{width} pixels, {told} a second; this stage learns from {stage.frames} "
            f"frames of {stage.size} pixels at {stage.fps:g}, so make a set with --frames 64 --size 112 --fps 32."
        )
    return every
