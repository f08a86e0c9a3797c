"""`phantom`: simulated ultrasound of the drawn heart, the instant preview that needs no weights."""

from dataclasses import replace

from engine.anatomy import cycle
from engine.conditions import HEART_RATE, check, heart_of
from engine.phantom.population import Acquisition, Exam
from engine.phantom.quality import DRAFT, FULL, Quality
from engine.phantom.simulate import PhantomClip, simulate
from engine.provenance import provenance
from engine.types import Clip, Conditions, ModelCard, OnStep, Settings, Step

SCAN = Acquisition(gain=1.0, haze=-4.0, shadows=((-1.0, 0.12, 8.0), (1.0, 0.15, 10.0)))


class PhantomPipeline:
    def __init__(self, card: ModelCard, device: str):
        self.card, self.device = card, device

    def generate(
        self, conditions: Conditions, settings: Settings, on_step: OnStep = lambda step: None, scan: Acquisition = SCAN
    ) -> list[Clip]:
        """One clip for each seed, a looping beat where no frame rate is asked for; a seed draws the speckle.

        The clips carry their exact label maps. Raises BadInput on conditions or settings that the card does not accept.
        """
        check(self.card, conditions, settings)
        clips = []
        for index, seed in enumerate(settings.seeds, 1):
            made = self._simulate(conditions, settings, replace(scan, seed=seed), FULL)
            made_by = provenance(self.card, None, seed, settings, conditions)
            made_by = replace(made_by, settings={**made_by.settings, "look": scan.look})
            clips.append(Clip(made.frames, made.fps, made.mm_per_pixel, made_by, made.label_maps))
            on_step(Step(index, len(settings.seeds)))
        return clips

    def preview(self, conditions: Conditions, settings: Settings) -> Clip:
        """The first seed's clip in draft quality, without label maps. Errors as `generate`."""
        check(self.card, conditions, settings)
        seed = settings.seeds[0]
        made = self._simulate(conditions, settings, replace(SCAN, seed=seed), DRAFT)
        made_by = provenance(self.card, None, seed, settings, conditions)
        made_by = replace(made_by, settings={**made_by.settings, "look": SCAN.look, "quality": "draft"})
        return Clip(made.frames, made.fps, made.mm_per_pixel, made_by)

    def _simulate(self, conditions: Conditions, settings: Settings, scan: Acquisition, quality: Quality) -> PhantomClip:
        heart = heart_of(conditions)
        heart = replace(heart, view=conditions.view or heart.view)
        lvef = cycle.USUAL_LVEF if conditions.lvef is None else conditions.lvef
        exam = Exam(heart, lvef, conditions.heart_rate or HEART_RATE, scan, keys=conditions.keys)
        size, start = self.card.size[0], conditions.start or 0.0
        return simulate([exam], settings.frames, size, self.device, quality, conditions.fps, start)[0]


def load(card: ModelCard, device: str) -> PhantomPipeline:
    return PhantomPipeline(card, device)
