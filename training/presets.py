"""Frozen settings of every training run. `embedded` is what ships; `paper` has the published widths."""

from dataclasses import dataclass, replace
from math import log

from engine.networks.semantic_unet import SemanticUNetConfig
from engine.networks.video_unet import VideoUNetConfig
from engine.pipelines.cascaded_edm import PAPER_SIGMA_DATA, Stage


@dataclass(frozen=True, kw_only=True)
class Preset:
    """What the training of any model is told."""

    frames_batch: int
    """clips a step in the first stage of training, of which `frames_each` single frames are seen"""
    frames_each: int
    clips_batch: int
    """clips a step in the second stage of training"""
    learning_rate: float
    final_rate: float
    """share of the learning rate at the end"""
    warmup: int
    """steps"""
    ema: float
    """longest decay; shorter early on"""
    log_sigma: tuple[float, float]
    """mean and sd of the training noise's natural logarithm; x has unit variance"""


@dataclass(frozen=True, kw_only=True)
class SemanticPreset(Preset):
    network: SemanticUNetConfig
    drop_map: float
    drop_lvef: float
    drop_view: float
    """shares of training clips whose condition is withheld (guidance needs it: semantic-echo-video, equation 7)"""


@dataclass(frozen=True, kw_only=True)
class CascadePreset(Preset):
    """One stage of a cascade; the stages train independently."""

    network: VideoUNetConfig
    stage: Stage
    before: tuple[int, int] | None = None
    """frames and pixels a side of the clip that it goes on from; None: a base"""
    crop: int | None = None
    """pixels a side of what is trained on; None: the whole picture"""
    images: float = 0.25
    """share of batches in the second stage of training whose clips are seen as images, the layers over time off"""
    drop: float = 0.1
    """share of training clips whose clinical parameters are withheld, all of them; heart rate and quality alone as often again"""


# The paper's ln sigma ~ N(-1.2, 1.2) is of data with standard deviation 0.25. The share of noise in what is seen stays the same
# when both grow: data of standard deviation 1 want sigma four times as high, so ln 4 comes on top of the mean.
CASCADE_LOG_SIGMA = (-1.2 - log(PAPER_SIGMA_DATA), 1.2)
# A small network that is trained for an hour learns how the heart moves where the noise hides every single frame.
BASE_LOG_SIGMA = (0.6, 1.4)


_UPPER, _LOWEST = (False, True, True), (False, False, True)
"""levels that attend over time"""


def _cascade(
    paper: Stage,
    steps: int,
    widths: tuple[int, ...],
    attends: tuple[bool, ...],
    before: tuple[int, int] | None = None,
    crop: int | None = None,
) -> dict[str, Preset]:
    """Both presets of a stage: as published, and of `widths` in `steps` steps."""
    embedded = CascadePreset(
        # A super-resolution stage only fills in, so what guidance does there is not worth twice the time.
        stage=replace(paper, steps=steps, guided=before is None),
        network=VideoUNetConfig(patch=paper.size // 28, widths=widths, attends=attends, low=before is not None),
        before=before,
        crop=crop,
        frames_batch=16,
        frames_each=4,
        clips_batch=4,
        learning_rate=1.2e-3,
        final_rate=0.04,
        warmup=150,
        ema=0.998,
        log_sigma=CASCADE_LOG_SIGMA if before else BASE_LOG_SIGMA,
        images=0.1,
    )
    published = replace(
        embedded,
        stage=paper,
        network=VideoUNetConfig(
            patch=1,
            widths=(64, 128, 256),
            attends=_LOWEST,
            low=before is not None,
            blocks=2,
            head_channels=64,
            embedding=256,
        ),
        frames_batch=64,
        clips_batch=32,
        learning_rate=5e-4,
        final_rate=1.0,
        warmup=1000,
        ema=0.9999,
        log_sigma=CASCADE_LOG_SIGMA,
        images=0.25,
    )
    return {"embedded": embedded, "paper": published}


PRESETS = {
    "semantic-video": {
        "embedded": SemanticPreset(
            network=SemanticUNetConfig(channels=16, map_patch=4, widths=(32, 64, 96, 128)),
            frames_batch=32,
            frames_each=2,
            clips_batch=6,
            learning_rate=1.2e-3,
            final_rate=0.04,
            warmup=150,
            ema=0.998,
            log_sigma=(0.1, 1.5),
            drop_map=0.1,
            drop_lvef=0.12,
            drop_view=0.12,
        ),
        "paper": SemanticPreset(
            network=SemanticUNetConfig(
                channels=1, map_patch=1, widths=(32, 64, 128), head_channels=8, map_width=64, embedding=128
            ),
            frames_batch=96,
            frames_each=2,
            clips_batch=24,
            learning_rate=1e-4,
            final_rate=1.0,
            warmup=1000,
            ema=0.9999,
            log_sigma=(0.1, 1.5),
            drop_map=0.1,
            drop_lvef=0.12,
            drop_view=0.12,
        ),
    },
    # Three cascades, of one, two and four stages. The base of four is that of two: the same clips, the same network, and with
    # 32 steps either S_churn of the paper (40 and 80) meets the same bound.
    "cascaded-edm/base-1scm": _cascade(Stage(16, 8.0, 112, 64, 160.0, True), 9, (32, 64, 128), _UPPER),
    "cascaded-edm/base-2scm": _cascade(Stage(16, 8.0, 56, 32, 80.0, True), 9, (32, 64, 128), _UPPER),
    "cascaded-edm/tssr-2scm": _cascade(Stage(64, 32.0, 112, 64, 160.0, True), 12, (32, 64, 96), _LOWEST, (16, 56), 56),
    "cascaded-edm/tsr1-4scm": _cascade(Stage(32, 16.0, 56, 32, 80.0, True), 8, (32, 64, 96), _LOWEST, (16, 56)),
    "cascaded-edm/tsr2-4scm": _cascade(Stage(64, 32.0, 56, 32, 160.0, True), 8, (32, 64, 96), _LOWEST, (32, 56)),
    "cascaded-edm/ssr-4scm": _cascade(Stage(64, 32.0, 112, 64, 160.0, True), 12, (32, 64, 96), _LOWEST, (64, 56), 56),
}
