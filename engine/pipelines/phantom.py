"""`phantom`: simulated ultrasound of the drawn heart, the instant preview that needs no weights."""

from dataclasses import replace

from engine.conditions import HEART_RATE, check, heart_of
from engine.phantom.population import Acquisition, Exam
from engine.phantom.simulate import simulate
from engine.provenance import provenance
from engine.types import Clip, Conditions, ModelCard, OnStep, Settings, Step

LVEF = 60.0
"""percent where none is asked for"""
SCAN = Acquisition(gain=1.0, haze=-4.0, shadows=((-1.0, 0.12, 8.0), (1.0, 0.15, 10.0)))


class PhantomPipeline:
    def __init__(self, card: ModelCard, device: str):
        self.card, self.device = card, device

    def generate(
        self, conditions: Conditions, settings: Settings, on_step: OnStep = lambda step: None, scan: Acquisition = SCAN
    ) -> list[Clip]:
        """One looping beat for each seed; a seed draws the speckle. The clips carry their exact label maps.

        Raises BadInput on conditions or settings that the card does not accept.
        """
        check(self.card, conditions, settings)
        heart = heart_of(conditions)
        lvef = LVEF if conditions.lvef is None else conditions.lvef
        rate = HEART_RATE if conditions.heart_rate is None else conditions.heart_rate
        heart = replace(heart, view=conditions.view or heart.view)
        clips = []
        for index, seed in enumerate(settings.seeds, 1):
            exam = Exam(heart, lvef, rate, replace(scan, seed=seed))
            (made,) = simulate([exam], settings.frames, self.card.size[0], self.device)
            made_by = provenance(self.card, None, seed, settings, conditions)
            made_by = replace(made_by, settings={**made_by.settings, "look": scan.look})
            clips.append(Clip(made.frames, made.fps, made.mm_per_pixel, made_by, made.label_maps))
            on_step(Step(index, len(settings.seeds)))
        return clips


def load(card: ModelCard, device: str) -> PhantomPipeline:
    return PhantomPipeline(card, device)
