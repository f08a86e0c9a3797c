from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy import cycle, labels
from engine.anatomy.drawing import preset_drawing
from engine.anatomy.motion import motion_of
from engine.anatomy.presets import PRESETS, preset
from engine.phantom.population import Acquisition, Exam
from engine.phantom.quality import DRAFT, FULL
from engine.phantom.simulate import simulate

PLAIN = Acquisition(haze=-40.0, gain_steps=(0.0,) * 4)


def picture(name, view="A4C", seed=0, quality=DRAFT):
    drawing = preset_drawing(name, view)
    exam = Exam(drawing.heart, drawing.lvef, 60.0, replace(PLAIN, seed=seed), keys=drawing.keys)
    return simulate([exam], 8, 160, quality=quality)[0]


def grey(clip, frame, shares, across):
    """Mean grey of a frame at heights (shares of the long axis of its own heart) and mm across the axis."""
    heart = clip.hearts[frame]
    motion, grid = motion_of(heart), heart.sector.grid(160)
    z, r = np.meshgrid(np.asarray(shares) * motion.length, np.asarray(across, float), indexing="ij")
    column, row = np.moveaxis(
        np.round(grid.to_pixels(motion.apex + np.stack([z, r], -1) @ motion.axes)).astype(int), -1, 0
    )
    return float(clip.frames[frame, row, column].mean())


def in_the_wall(clip, frame, low, high):
    """Mean grey in the middle millimetres of where the septum of a whole heart is, at these heights."""
    heart = clip.hearts[frame]
    motion = motion_of(heart)
    return float(
        np.mean(
            [
                grey(
                    clip,
                    frame,
                    [share],
                    -np.interp(share * motion.length, motion.heights, motion.endo[0]) - [3.0, 4.5, 6.0],
                )
                for share in np.linspace(low, high, 7)
            ]
        )
    )


@pytest.mark.parametrize("seed", range(3))
def test_blood_fills_the_hole_in_the_septum(seed):
    clip = picture("septal defect", seed=seed, quality=DRAFT if seed else FULL)
    for frame in (0, 3):
        blood = grey(clip, frame, np.linspace(0.4, 0.7, 7), [-4, 0, 4])
        gap, wall = in_the_wall(clip, frame, 0.72, 0.78), in_the_wall(clip, frame, 0.4, 0.58)
        assert gap < blood + 0.3 * (wall - blood), (frame, blood, gap, wall)


def test_a_whole_septum_is_grey_there():
    clip = picture("normal")
    assert in_the_wall(clip, 0, 0.72, 0.78) > 0.6 * in_the_wall(clip, 0, 0.4, 0.58)


@pytest.mark.parametrize("view", ["A4C", "A2C"])
@pytest.mark.parametrize("seed", range(2))
def test_where_the_la_is_left_out_there_is_tissue(view, seed):
    below, across = np.linspace(1.12, 1.4, 9), np.linspace(-8, 8, 7)
    left_out, drawn = picture("missing LA", view, seed), picture("normal", view, seed)
    for frame in (0, 3):
        assert grey(left_out, frame, below, across) > grey(drawn, frame, below, across) + 20


@pytest.mark.parametrize("view", ["A4C", "A2C"])
@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_becomes_a_clip_with_a_dark_lv_in_a_grey_wall(name, view):
    drawing = preset_drawing(name, view)
    exam = Exam(drawing.heart, drawing.lvef, 60.0, PLAIN, keys=drawing.keys)
    (clip,) = simulate([exam], 8, 96, quality=DRAFT)
    assert clip.lvef == pytest.approx(drawing.lvef, abs=0.1)
    for frame, image in zip(clip.frames[[0, 3]], clip.label_maps[[0, 3]], strict=True):
        blood, wall = (np.median(frame[image == label]) for label in (labels.LV, labels.MYOCARDIUM))
        assert wall > blood + 20


def test_a_short_la_does_not_tear_the_tissue_below_the_annulus():
    motion = motion_of(preset("missing LA"))
    line = motion.apex + np.stack([np.linspace(0.7, 1.6, 91) * motion.length, np.zeros(91)], -1) @ motion.axes
    moved = motion.displace(line, cycle.contraction_for(preset("missing LA"), 60.0))
    step = np.diff((moved - motion.apex) @ motion.axes[0]) / np.diff((line - motion.apex) @ motion.axes[0])
    assert step.min() > 0.3 and step.max() < 3.0
