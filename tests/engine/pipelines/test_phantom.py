import json
from dataclasses import asdict, replace

import numpy as np
import pytest

import engine
from engine.anatomy import contours, cycle
from engine.anatomy.heart import heart_from_json
from engine.anatomy.keys import Key
from engine.anatomy.presets import preset
from engine.conditions import recall
from engine.pipelines.phantom import SCAN

HEART = preset("normal")
GRID = HEART.sector.grid(200)
MAP = contours.label_map(HEART, GRID)[None]


@pytest.fixture(scope="module")
def pipeline():
    return engine.load("phantom")


def square(rows, columns):
    """A label map with nothing but a block of LV."""
    image = np.zeros((1, 200, 200), np.uint8)
    image[0, rows, columns] = 1
    return image


def drawn(label_maps, **more):
    return engine.Conditions(label_maps=label_maps, **{"mm_per_pixel": GRID.mm_per_pixel} | more)


def test_a_label_map_becomes_a_clip_with_its_truth(pipeline):
    (clip,) = pipeline.generate(drawn(MAP, lvef=50.0), pipeline.card.defaults())
    assert clip.frames.shape == clip.label_maps.shape == (16, 112, 112)
    cavity, wall = (clip.frames[clip.label_maps == label].mean() for label in (1, 2))
    assert wall > 2 * cavity


def test_a_view_that_is_asked_for_is_the_one_shown(pipeline):
    four, two = (
        pipeline.generate(engine.Conditions(heart=HEART, view=view), pipeline.card.defaults())[0]
        for view in ("A4C", "A2C")
    )
    assert np.array_equal(four.label_maps, two.label_maps)
    assert not np.array_equal(four.frames, two.frames)  # the right heart is gone


def test_provenance_tells_two_looks_and_two_spacings_apart(pipeline):
    told = [
        pipeline.generate(drawn(MAP, mm_per_pixel=spacing), pipeline.card.defaults(), scan=replace(SCAN, look=look))[0]
        for spacing, look in ((GRID.mm_per_pixel, "echonet"), (GRID.mm_per_pixel, "camus"), ((0.8, 0.8), "camus"))
    ]
    documents = {json.dumps(asdict(clip.provenance), sort_keys=True) for clip in told}
    assert len(documents) == 3


@pytest.mark.parametrize(
    ("conditions", "words"),
    [
        (drawn(MAP, heart=HEART), "leave the other out"),
        (drawn(np.where(MAP == 2, np.uint8(9), MAP)), "labels beyond 0 to 4"),
        (drawn(MAP, mm_per_pixel=(0.0, 0.0)), "spacing"),
        (drawn(np.concatenate([MAP, MAP])), "one end-diastolic map"),
        (drawn(square(slice(50, 54), slice(50, 54))), "encloses"),
        (drawn(square(slice(50, 53), slice(98, 101))), "pixels of LV"),
        (engine.Conditions(heart=replace(HEART, la=HEART.la * np.nan)), "LA contour"),
    ],
)
def test_what_is_no_heart_is_refused_in_one_sentence(pipeline, conditions, words):
    with pytest.raises(engine.BadInput, match=words) as error:
        pipeline.generate(conditions, pipeline.card.defaults())
    assert "\n" not in str(error.value) and str(error.value).endswith(".")


@pytest.mark.parametrize("seed", [-1, 2**63, 10**30])
def test_a_seed_out_of_range_is_refused(pipeline, seed):
    with pytest.raises(engine.BadInput, match=f"The seed is {seed};"):
        pipeline.generate(engine.Conditions(heart=HEART), pipeline.card.defaults((seed,)))


def test_frames_rate_and_start_are_those_asked_for(pipeline):
    asked = engine.Conditions(heart=HEART, lvef=60.0, heart_rate=60.0)
    (beat,) = pipeline.generate(asked, replace(pipeline.card.defaults(), frames=8))
    (timed,) = pipeline.generate(replace(asked, fps=8.0, start=0.25), replace(pipeline.card.defaults(), frames=10))
    assert (beat.fps, timed.fps, timed.frames.shape) == (8.0, 8.0, (10, 112, 112))
    assert np.array_equal(timed.label_maps, beat.label_maps[(np.arange(10) + 2) % 8])
    assert timed.provenance.conditions["fps"] == 8.0 and timed.provenance.settings["frames"] == 10


def test_the_record_of_a_clip_makes_it_again(pipeline):
    heart = heart_from_json(HEART.to_json())
    keys = (Key(cycle.ES_PHASE, {"lv_endo": np.full_like(heart.lv_endo, 1.5)}),)
    asked = engine.Conditions(heart=heart, keys=keys, view="A4C", lvef=45.0, fps=20.0, start=0.1)
    settings = replace(pipeline.card.defaults(), frames=3)
    (clip,) = pipeline.generate(asked, settings)
    told = json.loads(json.dumps(asdict(clip.provenance)))
    (again,) = pipeline.generate(recall(told["conditions"]), replace(settings, seeds=(told["seed"],)))
    assert np.array_equal(again.frames, clip.frames) and again.provenance == clip.provenance
    (uncorrected,) = pipeline.generate(replace(asked, keys=()), settings)
    assert not np.array_equal(uncorrected.frames, clip.frames) and uncorrected.provenance != clip.provenance


def test_a_preview_shows_the_same_beat_and_says_that_it_is_a_draft(pipeline):
    asked, settings = engine.Conditions(heart=HEART, lvef=60.0), pipeline.card.defaults((7, 8))
    (clip, _), draft = pipeline.generate(asked, settings), pipeline.preview(asked, settings)
    assert draft.frames.shape == clip.frames.shape and draft.label_maps is None
    assert (draft.provenance.seed, draft.provenance.settings["quality"]) == (7, "draft")
    for frame, labels in ((0, clip.label_maps[0]), (6, clip.label_maps[6])):
        cavity, wall = (draft.frames[frame][labels == label].mean() for label in (1, 2))
        assert wall > 2 * cavity
    with pytest.raises(engine.BadInput, match="LVEF"):
        pipeline.preview(replace(asked, lvef=99.0), settings)
