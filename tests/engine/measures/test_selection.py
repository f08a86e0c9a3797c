"""The best of several draws: the nearest by the regressor's own reading, and told as such."""

from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.anatomy.presets import preset
from engine.cards import CARDS
from engine.errors import BadInput
from engine.measures import lvef
from engine.measures.selection import nearest_clip

STRAY = {1: 20.0, 2: -15.0, 3: 2.0, 4: 30.0}
HEART = engine.Conditions(heart=preset("normal"), lvef=50.0)


class Wavering:
    """The phantom, as a model whose seeds stray from what it is asked for."""

    card = CARDS["phantom"]

    def generate(self, conditions, settings, on_step=lambda step: None):
        made = []
        for seed in settings.seeds:
            strayed = replace(conditions, lvef=conditions.lvef + STRAY[seed])
            made += engine.load("phantom").generate(strayed, replace(settings, seeds=(seed,)))
        return made

    def preview(self, conditions, settings):
        return self.generate(conditions, settings)[0]


def test_the_nearest_draw_is_kept_and_says_of_how_many_it_is_the_best():
    regressor = lvef.load()
    how = replace(CARDS["phantom"].defaults((1, 2, 3, 4)), frames=24)
    kept = nearest_clip(Wavering(), HEART, how, regressor)
    every = {seed: Wavering().generate(HEART, replace(how, seeds=(seed,)))[0] for seed in how.seeds}
    off = {seed: abs(regressor.measure([clip.frames], clip.fps)[0] - 50.0) for seed, clip in every.items()}
    assert kept.provenance.seed == min(off, key=off.get) == 3
    assert np.array_equal(kept.frames, every[3].frames)
    told = kept.provenance.settings
    assert (told["best_of"], told["chosen_by"], told["chosen_from"]) == (4, "LVEF regressor", [1, 2, 3, 4])


def test_a_single_draw_says_nothing_of_a_choice():
    kept = nearest_clip(Wavering(), HEART, CARDS["phantom"].defaults((2,)), lvef.untrained())
    assert "best_of" not in kept.provenance.settings


def test_without_an_lvef_no_draw_is_nearest():
    with pytest.raises(BadInput, match=r"best of 2 .* without an LVEF"):
        nearest_clip(Wavering(), replace(HEART, lvef=None), CARDS["phantom"].defaults((1, 2)), lvef.untrained())
