"""Frozen settings of every training run. `embedded` is what ships; `paper` has the published widths."""

from dataclasses import dataclass

from engine.networks.semantic_unet import SemanticUNetConfig


@dataclass(frozen=True)
class Preset:
    network: SemanticUNetConfig
    frames_batch: int
    """clips a step in the first stage, of which `frames_each` single frames are seen"""
    frames_each: int
    clips_batch: int
    """clips a step in the second stage"""
    learning_rate: float
    final_rate: float
    """share of the learning rate at the end"""
    warmup: int
    """steps"""
    ema: float
    """longest decay; shorter early on"""
    log_sigma: tuple[float, float]
    """mean and sd of the training noise's natural logarithm; x has unit variance"""
    drop_map: float
    drop_lvef: float
    drop_view: float
    """shares of training clips whose condition is withheld (guidance needs it: semantic-echo-video, equation 7)"""


PRESETS = {
    "semantic-video": {
        "embedded": Preset(
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
        "paper": Preset(
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
    }
}
