"""`cascaded-edm`: a clip from one still and clinical parameters, LVEF first, in any number of stages (cascaded-edm)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from engine.codecs.patches import PatchCodec
from engine.codecs.scales import shrink, stretch
from engine.conditions import check
from engine.diffusion.denoiser import Denoiser, precondition
from engine.diffusion.guidance import guided, thresholded
from engine.diffusion.noise import SeededNoise
from engine.diffusion.samplers import SAMPLERS, edm_stochastic
from engine.diffusion.schedules import karras_sigmas
from engine.errors import BadInput
from engine.media.still import fan_of, standard_square
from engine.networks.video_unet import PARAMETERS, VideoConditions, VideoUNet, VideoUNetConfig, without_parameters
from engine.provenance import provenance
from engine.shipped import find
from engine.types import Clip, Conditions, ModelCard, OnStep, Settings, Step
from engine.weights import load_strictly, read_record

SIGMA_DATA, PAPER_SIGMA_DATA = 1.0, 0.25
# The paper's noise levels belong to data of standard deviation 0.25; here it is 1, so the same levels are four times as high.
SIGMA_MIN, SIGMA_MAX, CHURN_MIN, CHURN_MAX = (value / PAPER_SIGMA_DATA for value in (0.002, 80.0, 0.05, 50.0))
THRESHOLD = 0.95
"""share of the values that dynamic thresholding keeps"""
PREVIEW_STEPS = 4

CODEC = PatchCodec(1)
BLACK, WHITE = (float(CODEC.encode(torch.full((1, 1, 1, 1), grey, dtype=torch.uint8))) for grey in (0, 255))
"""x of the darkest and the brightest pixel"""

Network = Callable[[Tensor, Tensor, VideoConditions], Tensor]
"""F(x; c_noise, conditions)"""


@dataclass(frozen=True)
class Stage:
    """What one stage makes, and how it is sampled. A stage after the first goes on from the clip of the one before."""

    frames: int
    fps: float
    size: int
    """pixels a side"""
    steps: int
    churn: float
    """S_churn of the stochastic sampler"""
    guided: bool
    """False: the parameters count as learned, and an evaluation costs half"""
    augmentation: float = 0.2
    """standard deviation of the noise on the clip of the stage before, so that its flaws are not taken for truth; x has 1"""


def clinical(lvef: float | None, heart_rate: float | None = None, quality: float | None = None) -> Float[Tensor, "1 p"]:
    """The parameters as the network's vector; None is dropped."""
    told = {"lvef": lvef, "heart_rate": heart_rate, "quality": quality}
    return torch.tensor([[torch.nan if told[name] is None else told[name] for name in PARAMETERS]], dtype=torch.float32)


def sample(
    network: Network,
    stage: Stage,
    conditions: VideoConditions,
    settings: Settings,
    noise: SeededNoise,
    on_step: Callable[[int, int, Tensor], None],
) -> Float[Tensor, "b t 1 h w"]:
    """x of one stage, one clip for each seed of the noise; guidance, where the stage has it, with dynamic thresholding."""

    def bound(told: VideoConditions) -> Denoiser:
        return precondition(lambda x, c_noise: network(x, c_noise, told), SIGMA_DATA)

    denoise = bound(conditions)
    if stage.guided and settings.guidance_scale != 1:
        exaggerated = guided(denoise, bound(without_parameters(conditions)), settings.guidance_scale)
        denoise = thresholded(exaggerated, BLACK, WHITE, THRESHOLD)
    sampler = SAMPLERS[settings.sampler]
    if sampler is edm_stochastic:
        sampler = partial(edm_stochastic, churn=stage.churn, churn_min=CHURN_MIN, churn_max=CHURN_MAX)
    sigmas = karras_sigmas(settings.steps, SIGMA_MIN, SIGMA_MAX)
    with torch.inference_mode():
        return sampler(denoise, noise.initial() * float(sigmas[0]), sigmas, noise, on_step)


class CascadedEdm:
    """Runs the stages one after the other, whatever their number."""

    def __init__(
        self, card: ModelCard, stages: Sequence[tuple[Stage, Network]], weights_sha256: str, device: str = "cpu"
    ):
        last = stages[-1][0]
        if (last.frames, last.fps, last.size, last.size) != (card.frames, card.fps, *card.size):
            raise BadInput(
                f"The last stage makes {last.frames} frames of {last.size} pixels at {last.fps:g} a second, but {card.name} "
                f"promises {card.frames} of {card.size[0]} at {card.fps}; fetch the weights that belong together."
            )
        self.card, self.stages, self.weights_sha256, self.device = card, tuple(stages), weights_sha256, device

    def generate(self, conditions: Conditions, settings: Settings, on_step: OnStep = lambda step: None) -> list[Clip]:
        """One clip for each seed, as if recorded: it starts anywhere in the beat, and shows nothing outside the still's fan.

        The steps are those of the last stage; earlier stages take as many in proportion as their records say. Clips are made
        one after the other: a batch of one is what makes a seed's bytes independent of its neighbours. Raises BadInput on
        conditions or settings that the card does not accept, and on a still that shows no fan.
        """
        check(self.card, conditions, settings)
        assert conditions.reference is not None  # the card requires it
        still, mm_per_pixel = standard_square(conditions.reference, conditions.mm_per_pixel, self.card.size[0])
        fan = fan_of(still).astype(np.uint8)
        each, last, clips = sum(self._steps(settings)), self.stages[-1][0], []
        for index, seed in enumerate(settings.seeds):

            def report(done: int, denoised: Tensor, before: int = index * each) -> None:
                total = each * len(settings.seeds)
                on_step(Step(before + done, total, lambda: _frames(stretch(denoised, last.frames, last.size))))

            x = self._run(still, conditions, settings, seed, report)
            made_by = provenance(self.card, self.weights_sha256, seed, settings, conditions)
            clips.append(Clip(_frames(x) * fan, last.fps, mm_per_pixel, made_by))
        return clips

    def preview(self, conditions: Conditions, settings: Settings) -> Clip:
        """The first seed's clip in few steps and without guidance, as its provenance tells. Errors as `generate`."""
        check(self.card, conditions, settings)
        quick = replace(settings, sampler="dpm++2m", steps=PREVIEW_STEPS, guidance_scale=1.0, seeds=settings.seeds[:1])
        return self.generate(conditions, quick)[0]

    def _run(
        self,
        still: UInt8[np.ndarray, "h w"],
        conditions: Conditions,
        settings: Settings,
        seed: int,
        on_step: Callable[[int, Tensor], None],
    ) -> Float[Tensor, "1 t 1 h w"]:
        """x of the last stage; `on_step` is told how many steps are done in all, and the estimate."""
        picture = CODEC.encode(torch.tensor(still, device=self.device)[None, None])
        parameters = clinical(conditions.lvef, conditions.heart_rate, conditions.quality).to(self.device)
        x, done = None, 0
        for part, ((stage, network), steps) in enumerate(zip(self.stages, self._steps(settings), strict=True)):
            told = VideoConditions(shrink(picture, stage.size)[:, 0], parameters)
            if x is not None:
                level = torch.full((1,), stage.augmentation, device=self.device)
                fresh = SeededNoise((seed,), tuple(x.shape[1:]), self.device, (part, 1)).initial()
                told = with_clip(told, x, stage, level, fresh)
            noise = SeededNoise((seed,), (stage.frames, 1, stage.size, stage.size), self.device, (part,))
            how = replace(settings, steps=steps)

            def report(step: int, _: int, denoised: Tensor, before: int = done) -> None:
                on_step(before + step, denoised)

            x = sample(network, stage, told, how, noise, report)
            done += steps
        assert x is not None
        return x

    def _steps(self, settings: Settings) -> list[int]:
        """Of each stage."""
        share = settings.steps / self.stages[-1][0].steps
        return [max(1, round(stage.steps * share)) for stage, _ in self.stages]


def with_clip(
    conditions: VideoConditions,
    clip: Float[Tensor, "b t 1 h w"],
    stage: Stage,
    level: Float[Tensor, "b"],
    noise: Float[Tensor, "b t 1 h w"],
) -> VideoConditions:
    """The conditions of a stage that goes on from the `clip` of the one before: noise of this `level` on it, then at the stage's size."""
    noisy = clip + level[:, None, None, None, None] * noise
    return replace(conditions, low=stretch(noisy, stage.frames, stage.size), low_noise=level)


def _frames(x: Float[Tensor, "1 t 1 h w"]) -> UInt8[np.ndarray, "t h w"]:
    return CODEC.decode(x)[0].cpu().numpy()


def _read(name: str) -> tuple[Stage, VideoUNetConfig]:
    path = find(name)
    try:
        network, stage = read_record(path, "network"), read_record(path, "stage")
        config = VideoUNetConfig(
            **{**network, "widths": tuple(network["widths"]), "attends": tuple(network["attends"])}
        )
        return Stage(**stage), config
    except (TypeError, KeyError):
        raise BadInput(f"The card of {name} describes no stage of this version; fetch it again.") from None


def _load_stage(name: str, device: str) -> tuple[Stage, VideoUNet, str]:
    stage, config = _read(name)
    network = VideoUNet(config)
    found = load_strictly(network, find(name))
    network.eval().requires_grad_(False).to(device)
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return stage, network, found


def load(card: ModelCard, device: str) -> CascadedEdm:
    loaded: list[Any] = [_load_stage(name, device) for name in card.stages]
    return CascadedEdm(card, [part[:2] for part in loaded], "+".join(part[2] for part in loaded), device)
