from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.anatomy import contours, labels
from engine.anatomy.presets import preset
from engine.measures.adherence import area_curve, area_fall
from engine.measures.segmenter import segment

QUICK = engine.Settings(steps=4, guidance_scale=1.5)


@pytest.fixture(scope="module")
def pipeline():
    return engine.load("semantic-video")


def test_a_seed_gives_the_same_bytes_alone_or_in_a_batch(pipeline):
    asked = engine.Conditions(heart=preset("normal"), lvef=50.0)
    three = pipeline.generate(asked, replace(QUICK, seeds=(1, 2, 3)))
    (one,) = pipeline.generate(asked, replace(QUICK, seeds=(2,)))
    assert np.array_equal(three[1].frames, one.frames) and three[1].provenance == one.provenance
    assert not np.array_equal(three[0].frames, three[1].frames)
    assert one.frames.shape == (16, 128, 128) and one.frames.dtype == np.uint8


def test_the_cavity_is_dark_inside_a_bright_wall_where_it_was_drawn(pipeline):
    for name in ("normal", "dilated", "hypertrophic"):
        heart = preset(name)
        (clip,) = pipeline.generate(engine.Conditions(heart=heart, lvef=55.0), replace(QUICK, steps=8))
        drawn = contours.label_map(heart, heart.sector.grid(128))
        cavity, wall = (clip.frames[0][drawn == k].mean() for k in (labels.LV, labels.MYOCARDIUM))
        assert wall > 2 * cavity, name
        assert (clip.frames[:, drawn == labels.BACKGROUND] == 0).all()


@pytest.mark.parametrize("name", ["normal", "dilated"])
def test_the_heart_contracts_as_asked(pipeline, name):
    """Between an LVEF of 15 and one of 70, what the segmenter sees differs by at least three quarters of what was asked."""
    clips = [
        pipeline.generate(engine.Conditions(heart=preset(name), lvef=lvef), replace(QUICK, steps=8))[0]
        for lvef in (15.0, 70.0)
    ]
    asked, seen = (
        [area_fall(area_curve(maps)) for maps in pair]
        for pair in zip(*((c.label_maps, segment(c.frames)) for c in clips), strict=True)
    )
    assert seen[1] - seen[0] > 0.75 * (asked[1] - asked[0]) > 0.25


def test_cancelling_stops_within_one_step(pipeline):
    seen = []

    def stop(step: engine.Step) -> None:
        seen.append(step.index)
        if step.index == 2:
            raise engine.Cancelled

    with pytest.raises(engine.Cancelled):
        pipeline.generate(engine.Conditions(heart=preset("normal")), replace(QUICK, steps=10), stop)
    assert seen == [1, 2]


def test_steps_are_counted_over_all_clips_and_can_be_previewed(pipeline):
    seen = []
    pipeline.generate(engine.Conditions(heart=preset("normal")), replace(QUICK, steps=2, seeds=(1, 2)), seen.append)
    assert [(s.index, s.total) for s in seen] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert seen[0].preview().shape == (16, 128, 128)


def test_a_drawn_heart_and_its_label_map_are_one_condition(pipeline):
    heart = preset("normal")
    grid = heart.sector.grid(128)
    map_ = contours.label_map(heart, grid)[None]
    maps = engine.Conditions(label_maps=map_, mm_per_pixel=grid.mm_per_pixel, view="A4C")
    by_map, by_heart = (pipeline.generate(c, QUICK)[0] for c in (maps, engine.Conditions(heart=heart)))
    difference = np.abs(by_map.frames.astype(int) - by_heart.frames)
    assert np.median(difference) <= 12


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        (engine.Conditions(), "heart or label_maps"),
        (engine.Conditions(heart=preset("normal"), lvef=300.0), "LVEF"),
        (engine.Conditions(label_maps=np.zeros((1, 64, 64), np.uint8)), "LV"),
        (engine.Conditions(label_maps=np.ones((3, 64, 64), np.uint8)), "one end-diastolic"),
    ],
)
def test_what_cannot_be_generated_is_refused_in_one_sentence(pipeline, conditions, word):
    with pytest.raises(engine.BadInput, match=word) as caught:
        pipeline.generate(conditions, QUICK)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "wrong",
    [
        {"steps": 0},
        {"steps": 9999},
        {"guidance_scale": -1.0},
        {"sampler": "magic"},
        {"frames": 7},
        {"seeds": ()},
        {"seeds": (-4,)},
    ],
)
def test_settings_beyond_the_card_are_refused(pipeline, wrong):
    with pytest.raises(engine.BadInput):
        pipeline.generate(engine.Conditions(heart=preset("normal")), replace(QUICK, **wrong))


def test_another_start_turns_the_loop_and_its_label_maps(pipeline):
    asked = engine.Conditions(heart=preset("normal"), lvef=50.0)
    (clip,), (turned,) = (pipeline.generate(each, QUICK) for each in (asked, replace(asked, start=0.26)))
    assert np.array_equal(turned.frames, np.roll(clip.frames, -4, axis=0))
    assert np.array_equal(turned.label_maps, np.roll(clip.label_maps, -4, axis=0))
    assert turned.fps == clip.fps and turned.provenance.conditions["start"] == 0.25
    with pytest.raises(engine.BadInput, match="fps"):
        pipeline.generate(replace(asked, fps=30.0), QUICK)


def test_a_preview_is_the_clip_of_few_steps_without_guidance(pipeline):
    asked = engine.Conditions(heart=preset("normal"), lvef=50.0, start=0.5)
    quick = pipeline.preview(asked, replace(pipeline.card.defaults((5, 6)), sampler="heun"))
    (same,) = pipeline.generate(asked, engine.Settings("dpm++2m", 4, 1.0, seeds=(5,)))
    assert np.array_equal(quick.frames, same.frames) and quick.provenance == same.provenance
    assert quick.label_maps is None
