"""`semantic-video`: one beat in 16 frames from an end-diastolic label map (semantic-echo-video, SPADE variant)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor

from engine.anatomy import labels
from engine.anatomy.cycle import phases
from engine.codecs.patches import PatchCodec
from engine.conditions import check, end_diastolic_map, frame_rate, requested_label_maps
from engine.diffusion.denoiser import precondition
from engine.diffusion.guidance import guided
from engine.diffusion.noise import SeededNoise
from engine.diffusion.samplers import SAMPLERS
from engine.diffusion.schedules import karras_sigmas
from engine.errors import BadInput
from engine.networks.semantic_unet import CLASSES, SemanticConditions, SemanticUNet, SemanticUNetConfig
from engine.provenance import provenance
from engine.shipped import find
from engine.types import Clip, Conditions, ModelCard, OnStep, Settings, Step
from engine.weights import load_strictly, read_record

SIGMA_MIN, SIGMA_MAX, SIGMA_DATA = 0.03, 60.0, 1.0
VIEWS = ("A4C", "A2C")
PREVIEW_STEPS = 4


def network_conditions(
    label_map: UInt8[np.ndarray, "b h w"],
    lvef: list[float | None],
    view: list[str | None],
    frames: int,
    device: str | torch.device = "cpu",
) -> SemanticConditions:
    """End-diastolic label maps, LVEF (percent) and views as the network wants them; None is dropped."""
    one_hot = F.one_hot(torch.tensor(label_map, device=device).long(), CLASSES).permute(0, 3, 1, 2).float()
    return SemanticConditions(
        label_map=one_hot,
        time=torch.tensor(phases(frames), dtype=torch.float32, device=device).expand(len(label_map), frames),
        lvef=torch.tensor([float("nan") if value is None else value for value in lvef], device=device),
        view=torch.tensor([-1 if value is None else VIEWS.index(value) for value in view], device=device),
    )


def without_map(conditions: SemanticConditions) -> SemanticConditions:
    """The null of guidance: the all-zero map (equation 7). LVEF and view stay, so that guidance exaggerates only the drawing."""
    return replace(conditions, label_map=torch.zeros_like(conditions.label_map))


def sample(
    network: SemanticUNet,
    conditions: SemanticConditions,
    settings: Settings,
    shape: tuple[int, ...],
    on_step: Callable[[int, int, Tensor], None],
) -> Float[Tensor, "b t c h w"]:
    """x of one clip for each seed of the settings; `shape` is that of one x."""

    def bound(told: SemanticConditions):
        return precondition(lambda x, c_noise: network(x, c_noise, told), SIGMA_DATA)

    denoise = guided(bound(conditions), bound(without_map(conditions)), settings.guidance_scale)
    noise = SeededNoise(settings.seeds, shape, conditions.label_map.device)
    sigmas = karras_sigmas(settings.steps, SIGMA_MIN, SIGMA_MAX)
    with torch.inference_mode():
        return SAMPLERS[settings.sampler](denoise, noise.initial() * sigmas[0], sigmas, noise, on_step)


class SemanticVideo:
    def __init__(self, card: ModelCard, device: str):
        if card.weights is None:
            raise BadInput(f"{card.name} has no weights to load; name them in its card.")
        path = find(card.weights)
        config = _config(read_record(path, "network"), path.name)
        self.card, self.device, self.codec = card, device, PatchCodec(config.map_patch)
        self.network = SemanticUNet(config)
        self.weights_sha256 = load_strictly(self.network, path)
        self.network.eval().requires_grad_(False).to(device)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def generate(self, conditions: Conditions, settings: Settings, on_step: OnStep = lambda step: None) -> list[Clip]:
        """One looping beat for each seed, (16, 128, 128), with the label maps of the beat that was asked for.

        Where another start than end-diastole is asked for, the loop is turned to the frame nearest to it. Clips are made
        one after the other: a batch of one is what makes a seed's bytes independent of its neighbours.
        Raises BadInput on conditions or settings that the card does not accept.
        """
        check(self.card, conditions, settings)
        if conditions.start is not None:
            conditions = replace(conditions, start=_first_frame(conditions, settings) / settings.frames)
        wanted = requested_label_maps(conditions, settings.frames, self.card.size[0])
        return [replace(clip, label_maps=wanted) for clip in self._sample(conditions, settings, on_step)]

    def preview(self, conditions: Conditions, settings: Settings) -> Clip:
        """The first seed's clip in few steps and without guidance, as its provenance tells; no label maps. Errors as `generate`."""
        check(self.card, conditions, settings)
        quick = replace(settings, sampler="dpm++2m", steps=PREVIEW_STEPS, guidance_scale=1.0, seeds=settings.seeds[:1])
        return self._sample(conditions, quick, lambda step: None)[0]

    def _sample(self, conditions: Conditions, settings: Settings, on_step: OnStep) -> list[Clip]:
        height, width = self.card.size
        label_map, mm_per_pixel = end_diastolic_map(conditions, height)
        view = conditions.view or (conditions.heart.view if conditions.heart is not None else None)
        told = network_conditions(label_map[None], [conditions.lvef], [view], settings.frames, self.device)
        inside = label_map != labels.BACKGROUND
        shape = (settings.frames, self.codec.channels, height // self.codec.patch, width // self.codec.patch)
        fps, first = frame_rate(conditions, settings.frames), _first_frame(conditions, settings)
        total, clips = settings.steps * len(settings.seeds), []

        def frames_of(x: Tensor) -> np.ndarray:
            # The drawn sector is exact, as a scanner's own mask is.
            return np.roll(self.codec.decode(x)[0].cpu().numpy() * inside, -first, axis=0)

        for index, seed in enumerate(settings.seeds):

            def report(step: int, steps: int, denoised: Tensor, before: int = index * settings.steps) -> None:
                on_step(Step(before + step, total, lambda: frames_of(denoised)))

            x = sample(self.network, told, replace(settings, seeds=(seed,)), shape, report)
            made_by = provenance(self.card, self.weights_sha256, seed, settings, conditions)
            clips.append(Clip(frames_of(x), fps, mm_per_pixel, made_by))
        return clips


def _first_frame(conditions: Conditions, settings: Settings) -> int:
    """Which frame of the loop that begins at end-diastole comes first."""
    return round((conditions.start or 0.0) * settings.frames)


def _config(record: Any, name: str) -> SemanticUNetConfig:
    try:
        return SemanticUNetConfig(**{**record, "widths": tuple(record["widths"])})
    except (TypeError, KeyError):
        raise BadInput(f"The card of {name} describes no network of this version; fetch it again.") from None


def load(card: ModelCard, device: str) -> SemanticVideo:
    return SemanticVideo(card, device)
