from dataclasses import replace

import numpy as np
import pytest

from engine.anatomy.labels import LA, LV, MYOCARDIUM
from engine.errors import BadInput
from engine.measures import lvef
from engine.measures.adherence import dice
from engine.measures.reading import dice_with, fit_maps, heart_rate, one_heart, read
from engine.measures.simpson import Beat
from engine.phantom.population import draw_subject
from engine.phantom.simulate import simulate
from engine.types import Clip, Provenance


@pytest.fixture(scope="module")
def made():
    return simulate([draw_subject(900_203).exam()], 16, 112)[0]


@pytest.fixture(scope="module")
def clip(made):
    return Clip(made.frames, made.fps, made.mm_per_pixel)


@pytest.fixture(scope="module")
def reading(clip, made):
    return read(clip, lvef.untrained(), made.label_maps)


def test_it_reads_what_is_true_of_a_simulated_clip(made, reading):
    assert reading.lvef_simpson == pytest.approx(made.lvef, abs=8)
    truth = (made.label_maps == LV).sum((1, 2)) * np.prod(made.mm_per_pixel) / 100
    np.testing.assert_allclose(reading.areas, truth, rtol=0.15)
    assert len(reading.beats) == 1 and reading.beats[0].es == pytest.approx(truth.argmin(), abs=2)
    (ed_area, es_area), (edv, esv) = reading.ends
    assert ed_area > es_area and edv > esv
    assert reading.lvef_simpson == pytest.approx(100 * (edv - esv) / edv, abs=0.1)
    assert reading.grey.cavity < reading.grey.wall
    assert 0 <= reading.lvef_regressor <= 100


def test_dice_is_of_every_frame(made, reading):
    for name, label in (("LV", LV), ("myocardium", MYOCARDIUM), ("LA", LA)):
        expected = [dice(a, b, label) for a, b in zip(reading.found, made.label_maps, strict=True)]
        np.testing.assert_array_equal(reading.dice[name], expected)
        assert min(expected) > 0.6


def test_without_spacing_there_are_pixels_and_no_volumes(clip, reading):
    blind = read(replace(clip, mm_per_pixel=(1.0, 1.0)), None)
    assert not blind.in_mm and np.isnan(blind.volumes).all() and np.isnan(blind.lvef_regressor)
    np.testing.assert_array_equal(blind.areas, (blind.found == LV).sum((1, 2)))
    assert blind.lvef_simpson == pytest.approx(reading.lvef_simpson, abs=1.5), "a ratio needs no scale"


def test_a_still_and_a_black_clip_have_no_lvef(clip):
    still = read(replace(clip, frames=clip.frames[:1]), lvef.untrained())
    black = read(replace(clip, frames=np.zeros_like(clip.frames)), lvef.untrained())
    for one in (still, black):
        assert np.isnan([one.lvef_simpson, one.heart_rate, *one.ends[0]]).all() and one.beats == ()
    assert still.areas[0] > 0 and np.isnan(still.lvef_regressor)
    assert np.isnan([black.lvef_regressor, black.grey.cavity, black.grey.wall]).all()


def test_the_heart_rate_is_the_clip_s(clip):
    three = replace(clip, frames=np.concatenate([clip.frames] * 3))
    found = read(three, None)
    assert len(found.beats) == 3
    assert found.heart_rate == pytest.approx(60 * clip.fps / 16, rel=0.02)


def test_one_beat_or_a_cut_one_has_no_rate():
    assert np.isnan(heart_rate((Beat(0, 6),), 16, 20.0))
    assert np.isnan(heart_rate((Beat(0, 6), Beat(12, 15)), 16, 20.0)), "cut on the way to ES"
    assert heart_rate((Beat(0, 6), Beat(12, 16), Beat(20, 26)), 30, 20.0) == 60 * 20 * 2 / 20


def test_the_lvef_asked_for_comes_from_the_file_and_nowhere_else(clip, reading):
    def told(**conditions):
        return replace(reading, clip=replace(clip, provenance=Provenance("m", None, 1, {}, conditions, "s"))).asked_lvef

    assert told(lvef=35) == 35
    assert np.isnan([reading.asked_lvef, told(), told(lvef="35; rm"), told(lvef=None), told(lvef=10**400)]).all()


def test_one_heart_is_kept_and_its_defects_too(made):
    maps = made.label_maps.copy()
    np.testing.assert_array_equal(one_heart(maps), maps)
    littered = maps.copy()
    littered[:, 0:2, 0:3] = LV
    littered[:, 110:, 0:2] = LA
    np.testing.assert_array_equal(
        np.isin(one_heart(littered), (LV, MYOCARDIUM, LA)), np.isin(maps, (LV, MYOCARDIUM, LA))
    )
    no_atrium = np.where(maps == LA, 4, maps).astype(np.uint8)
    np.testing.assert_array_equal(one_heart(no_atrium), no_atrium)


def test_maps_fit_as_they_are_or_enlarged():
    frames = np.zeros((3, 8, 12), np.uint8)
    small = np.random.default_rng(0).integers(0, 5, (3, 4, 6)).astype(np.uint8)
    large = fit_maps(frames, small)
    assert large.shape == frames.shape
    np.testing.assert_array_equal(large[:, ::2, ::2], small)
    np.testing.assert_array_equal(large[:, 1::2, 1::2], small)
    np.testing.assert_array_equal(fit_maps(frames, large), large)
    np.testing.assert_array_equal(fit_maps(np.zeros((3, 4, 6), np.uint8), large), small)  # and made smaller again


@pytest.mark.parametrize("shape", [(3, 8, 11), (3, 8, 6), (3, 16, 20), (2, 8, 12), (3, 5, 5)])
def test_maps_that_do_not_fit_are_refused(shape):
    with pytest.raises(BadInput, match="label maps"):
        fit_maps(np.zeros((3, 8, 12), np.uint8), np.zeros(shape, np.uint8))


def test_a_structure_that_the_maps_lack_is_not_scored(made):
    only_lv = np.where(made.label_maps == LV, LV, 0).astype(np.uint8)
    assert set(dice_with(made.label_maps, only_lv)) == {"LV"}
    assert dice_with(made.label_maps, only_lv[:1])["LV"].tolist() == [1.0]
