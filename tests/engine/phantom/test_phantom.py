import cv2
import numpy as np
import pytest
import torch

import engine
from engine.anatomy import contours, cycle, labels, volumes
from engine.anatomy.check import check
from engine.anatomy.keys import Key
from engine.anatomy.motion import motion_of
from engine.anatomy.presets import preset
from engine.phantom.population import LOOKS, Acquisition, Exam, draw_subject
from engine.phantom.quality import DRAFT
from engine.phantom.simulate import simulate
from engine.pipelines.phantom import SCAN


def clip_of(seed: int, size: int = 112, look: str = "echonet", frames: int = 16):
    s = draw_subject(seed, look)
    return s, simulate([s.exam()], frames, size)[0]


@pytest.mark.parametrize("seed", range(4))
def test_truth_travels_with_the_clip(seed):
    subject, clip = clip_of(seed)
    assert clip.frames.shape == clip.label_maps.shape == (16, 112, 112)
    assert clip.lvef == pytest.approx(subject.lvef, abs=0.5)
    assert clip.fps == pytest.approx(16 * subject.heart_rate / 60)
    grid = subject.heart.sector.grid(112)
    for heart, image in zip(clip.hearts, clip.label_maps, strict=True):
        assert np.array_equal(contours.label_map(heart, grid), image)
    assert (clip.frames[clip.label_maps == labels.BACKGROUND] == 0).all()


def test_blood_is_darker_than_the_wall_in_every_heart():
    for seed in range(8):
        _, clip = clip_of(seed, size=96, frames=4)
        blood, wall = (np.median(clip.frames[clip.label_maps == k]) for k in (labels.LV, labels.MYOCARDIUM))
        assert wall > blood + 12, seed


def test_a_clip_is_a_function_of_its_seed_alone_or_in_a_batch():
    subjects = [draw_subject(seed) for seed in (3, 4)]
    asked = [s.exam() for s in subjects]
    together = simulate(asked, 4, 64)
    assert np.array_equal(together[1].frames, simulate(asked[1:], 4, 64)[0].frames)
    assert not np.array_equal(together[0].frames, together[1].frames)


def test_looks_differ_as_the_data_sets_do():
    black = {
        look: np.mean(
            [(c.frames[c.label_maps > 0] <= 5).mean() for c in (clip_of(s, 96, look, 2)[1] for s in range(6))]
        )
        for look in LOOKS
    }
    assert black["echonet"] > 0.12 and black["camus"] < 0.06


def test_speckle_moves_with_the_wall():
    """Carried along the exact flow, the wall of one frame looks like that of the next; without the flow it does so less."""
    heart, size = preset("normal"), 160
    clip = simulate([Exam(heart, 60.0, 60.0, Acquisition(decorrelation=0.2))], 16, size)[0]
    vectors = clip.flow()
    y, x = np.mgrid[:size, :size]
    k = 2
    wall = clip.label_maps[k] == labels.MYOCARDIUM
    ahead = np.round(np.stack([y + vectors[k, ..., 1], x + vectors[k, ..., 0]])).astype(int).clip(0, size - 1)
    now, still, carried = (
        f[wall].astype(float) for f in (clip.frames[k], clip.frames[k + 1], clip.frames[k + 1][ahead[0], ahead[1]])
    )
    assert np.corrcoef(now, carried)[0, 1] > np.corrcoef(now, still)[0, 1] + 0.05


def test_flow_is_the_motion_of_the_contours():
    heart, size = preset("normal"), 128
    grid = heart.sector.grid(size)
    clip = simulate([Exam(heart, 60.0, 60.0, Acquisition())], 16, size)[0]
    vectors = clip.flow()
    for k in (1, 5, 9):
        here, there = (grid.to_pixels(clip.hearts[j].lv_endo) for j in (k, k + 1))
        column, row = np.round(here).astype(int).T
        assert np.abs(vectors[k, row, column] - (there - here)).max() < 1.0  # pixel
    assert np.abs(vectors.sum(0)[: size // 12]).max() < 1.0


def pushed(heart):
    """The lateral wall 8 mm in at end-systole, its basal end as it was."""
    offsets = np.zeros_like(heart.lv_endo)
    offsets[len(offsets) // 2 + 1 : -1] = -8 * motion_of(heart).axes[1]
    return (Key(cycle.ES_PHASE, {"lv_endo": offsets}),)


def test_the_picture_follows_a_wall_that_the_hand_moved():
    heart = preset("normal")
    plain, clip = (simulate([Exam(heart, 50.0, 60.0, SCAN, keys=k)], 8, 112)[0] for k in ((), pushed(heart)))
    es = round(cycle.ES_PHASE * 8)
    assert np.array_equal(plain.frames[0], clip.frames[0]) and clip.lvef == pytest.approx(50.0, abs=0.5)

    def dice_of_dark(picture, drawn):
        """How well what is dark within the drawn ventricle is the cavity."""
        smooth = cv2.GaussianBlur(picture, (0, 0), 1.5)
        ventricle = (drawn == labels.LV) | (drawn == labels.MYOCARDIUM)
        dark, cavity = (smooth < 55) & ventricle, drawn == labels.LV
        return 2 * (dark & cavity).sum() / (dark.sum() + cavity.sum())

    drawn = clip.label_maps[es]
    own = dice_of_dark(plain.frames[es], plain.label_maps[es])
    assert dice_of_dark(clip.frames[es], drawn) > max(own - 0.03, dice_of_dark(plain.frames[es], drawn) + 0.04)
    became_wall = (plain.label_maps[es] == labels.LV) & (drawn == labels.MYOCARDIUM)
    assert became_wall.sum() > 60
    assert clip.frames[es][became_wall].mean() > 1.5 * plain.frames[es][became_wall].mean()


def test_flow_follows_a_wall_that_the_hand_moved():
    heart, size = preset("normal"), 112
    grid = heart.sector.grid(size)
    clip = simulate([Exam(heart, 50.0, 60.0, Acquisition(), keys=pushed(heart))], 12, size, quality=DRAFT)[0]
    vectors = clip.flow()
    for k in (1, 4, 7):
        here, there = (grid.to_pixels(contours.spline(clip.hearts[j].lv_endo)) for j in (k, k + 1))
        column, row = np.round(here).astype(int).T
        assert np.abs(vectors[k, row, column] - (there - here)).max() < 1.0  # pixel


def test_the_population_is_drawable_and_varied():
    subjects = [draw_subject(seed) for seed in range(100)]
    lvef = [s.lvef for s in subjects]
    assert min(lvef) < 20 and max(lvef) > 70
    assert {s.heart.view for s in subjects} == {"A4C", "A2C"}
    assert draw_subject(5).parameters() == draw_subject(5).parameters() != draw_subject(6).parameters()
    assert sum(_drawable(s.heart) for s in subjects) >= 95
    assert all(np.isfinite(motion_of(s.heart).displace(s.heart.la, 0.9)).all() for s in subjects)


def test_both_views_are_of_one_heart():
    for seed in range(40):
        four, two = (draw_subject(seed, view=view) for view in ("A4C", "A2C"))
        assert (four.heart.view, two.heart.view) == ("A4C", "A2C")
        assert (four.lvef, four.heart_rate, four.territory) == (two.lvef, two.heart_rate, two.territory)
        assert (four.shape.length, four.shape.wall, four.shape.la_length) == (
            two.shape.length,
            two.shape.wall,
            two.shape.la_length,
        )
        own = draw_subject(seed)
        assert own.parameters() == (four if own.heart.view == "A4C" else two).parameters()
        if seed < 12:
            beats = [_beat(subject) for subject in (four, two)]
            volume = [
                volumes.simpson_biplane(contours.spline(a.lv_endo), contours.spline(b.lv_endo))
                for a, b in zip(*beats, strict=True)
            ]
            assert volumes.lvef(max(volume), min(volume)) == pytest.approx(four.lvef, abs=2.0), seed


def _beat(subject):
    heart, motion = subject.heart, motion_of(subject.heart, subject.hypokinesis)
    strongest = cycle.contraction_for(heart, subject.lvef, motion)
    return cycle.pose(heart, motion, strongest, np.linspace(0, cycle.ES_PHASE, 9))


def test_a_weak_wall_stands_still_and_the_lvef_is_kept():
    weak = [s for s in (draw_subject(seed) for seed in range(120)) if s.hypokinesis]
    assert 10 < len(weak) < 60
    for subject in weak[:12]:
        (region,) = subject.hypokinesis
        hearts = _beat(subject)
        volume = [volumes.simpson(h) for h in hearts]
        assert volumes.lvef(max(volume), min(volume)) == pytest.approx(subject.lvef, abs=0.5)
        ed, es = (contours.spline(h.lv_endo) for h in (hearts[0], hearts[-1]))
        motion = motion_of(subject.heart, subject.hypokinesis)
        z, r = ((ed - motion.apex) @ motion.axes.T).T
        inward = 1 - np.abs(((es - motion.apex) @ motion.axes.T)[:, 1]) / (np.abs(r) + 1e-9)
        here = np.argmin(np.abs(z / motion.length - region.centre) + 9.0 * ((r > 0) != region.side))
        there = np.argmin(np.abs(z / motion.length - region.centre) + 9.0 * ((r > 0) == region.side))
        assert inward[here] < inward[there], subject.seed
        # The contour moves as the tissue does.
        carried = motion.displace(ed, cycle.contraction_for(subject.heart, subject.lvef, motion))
        assert np.hypot(*(carried - es).T).max() < 2.0  # mm


def _drawable(heart) -> bool:
    try:
        check(heart)
    except engine.BadInput:
        return False
    return True


def test_the_pipeline_needs_a_heart_and_refuses_what_it_does_not_take():
    pipeline = engine.load("phantom")
    with pytest.raises(engine.BadInput, match="heart or label_maps"):
        pipeline.generate(engine.Conditions(lvef=50.0), engine.Settings())
    with pytest.raises(engine.BadInput, match="200"):
        pipeline.generate(engine.Conditions(heart=preset("normal"), heart_rate=900.0), engine.Settings())


def test_the_pipeline_gives_the_same_bytes_alone_and_among_others():
    pipeline, heart = engine.load("phantom"), preset("normal")
    three = pipeline.generate(engine.Conditions(heart=heart, lvef=40.0), engine.Settings(seeds=(1, 2, 3)))
    one = pipeline.generate(engine.Conditions(heart=heart, lvef=40.0), engine.Settings(seeds=(2,)))
    assert np.array_equal(three[1].frames, one[0].frames)
    assert one[0].provenance.conditions["lvef"] == 40.0 and one[0].provenance.weights_sha256 is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_the_gpu_draws_the_same_picture():
    s = draw_subject(1)
    asked = [s.exam()]
    cpu, gpu = simulate(asked, 4, 96)[0], simulate(asked, 4, 96, "cuda")[0]
    assert np.abs(cpu.frames.astype(int) - gpu.frames).max() <= 2
