"""Hearts that are warned of are generated all the same: a defect or a missing LA is a legitimate wish."""

from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.anatomy import labels
from engine.anatomy.check import warnings
from engine.anatomy.heart import Heart
from engine.anatomy.presets import preset
from engine.conditions import requested_label_maps

NORMAL = preset("normal")


def with_points(name: str, change) -> Heart:
    return replace(NORMAL, **{name: change(getattr(NORMAL, name).copy())})


def crossing_walls(lv_endo):
    lv_endo[2] -= [22.0, 0.0]
    return lv_endo


def on_the_annulus(la):
    return la[0] + np.linspace(0, 1, len(la))[:, None] * (la[-1] - la[0])


def within_the_cavity(lv_epi):
    lv_epi[1:4] += 14 * (NORMAL.lv_endo.mean(0) - lv_epi[1:4]) / 25
    return lv_epi


HEARTS = {
    "walls that cross": with_points("lv_endo", crossing_walls),
    "no LA": with_points("la", on_the_annulus),
    "LA in one place": with_points("la", lambda la: la * 0 + la[0]),
    "outer contour within the inner": with_points("lv_epi", within_the_cavity),
    "LA that crosses itself": with_points("la", lambda la: la[[0, 4, 2, 3, 1, 5, 6]]),
    "half outside the sector": NORMAL.map_points(lambda points: points - [-55.0, 0.0]),
}


@pytest.mark.parametrize("name", HEARTS)
def test_phantom_shows_it(name):
    heart = HEARTS[name]
    assert warnings(heart)
    pipeline = engine.load("phantom")
    (clip,) = pipeline.generate(engine.Conditions(heart=heart, lvef=45.0), pipeline.card.defaults(), lambda step: None)
    assert 10 < clip.frames.mean() < 150
    assert (clip.label_maps == labels.LV).any((1, 2)).all()
    first, smallest = clip.label_maps[0] == labels.LV, (clip.label_maps == labels.LV).sum((1, 2)).min()
    assert smallest < 0.9 * first.sum()


@pytest.mark.parametrize("name", HEARTS)
def test_label_maps_of_the_beat(name):
    maps = requested_label_maps(engine.Conditions(heart=HEARTS[name], lvef=45.0), 16, 64)
    assert maps.shape == (16, 64, 64) and (maps == labels.LV).any((1, 2)).all()
    if name in ("no LA", "LA in one place"):
        assert not (maps == labels.LA).any()


def test_semantic_video_takes_them_all():
    pipeline = engine.load("semantic-video")
    low = pipeline.card.steps[0]
    for name, heart in HEARTS.items():
        settings = replace(pipeline.card.defaults(), steps=low)
        (clip,) = pipeline.generate(engine.Conditions(heart=heart, lvef=45.0), settings, lambda step: None)
        inside = clip.label_maps[0] != labels.BACKGROUND
        assert clip.frames[:, inside].mean() > 5, name
