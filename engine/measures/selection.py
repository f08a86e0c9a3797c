"""The best of several draws, which the clip's provenance then tells: a choice that flatters must never pass for a single draw."""

from dataclasses import replace

import numpy as np

from engine.errors import BadInput
from engine.measures.lvef import LvefRegressor
from engine.types import Clip, Conditions, OnStep, Pipeline, Settings

RULER = "LVEF regressor"


def nearest_clip(
    pipeline: Pipeline,
    conditions: Conditions,
    settings: Settings,
    regressor: LvefRegressor,
    on_step: OnStep = lambda step: None,
) -> Clip:
    """Of one clip for each seed the one whose LVEF, as the regressor reads it, is nearest to the one asked for.

    With a single seed simply its clip. Raises BadInput as the pipeline does, and where several seeds come without an LVEF.
    """
    if len(settings.seeds) > 1 and conditions.lvef is None:
        raise BadInput(
            f"The best of {len(settings.seeds)} clips was asked for without an LVEF; ask for one, or for one clip."
        )
    clips = pipeline.generate(conditions, settings, on_step)
    if len(clips) == 1:
        return clips[0]
    measured = regressor.measure([clip.frames for clip in clips], [clip.fps for clip in clips])
    best = clips[int(np.abs(measured - conditions.lvef).argmin())]
    assert best.provenance is not None  # a pipeline's clips tell how they were made
    chosen = {"best_of": len(clips), "chosen_by": RULER, "chosen_from": list(settings.seeds)}
    return replace(best, provenance=replace(best.provenance, settings={**best.provenance.settings, **chosen}))
