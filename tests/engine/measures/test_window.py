import numpy as np
import pytest

from engine.anatomy import labels
from engine.measures import lvef
from engine.measures.adherence import frame_dice
from engine.measures.segmenter import segment
from engine.measures.window import Window, cut, find_window, paste
from engine.phantom.population import draw_subject
from engine.phantom.simulate import simulate


@pytest.fixture(scope="module")
def clip():
    return simulate([draw_subject(900_210).exam()], 6, 112)[0]


@pytest.mark.parametrize("window", [Window(0, 0, 9), Window(-3, 2, 12), Window(4, -5, 20), Window(2, 3, 4)])
def test_what_is_cut_and_pasted_back_is_the_picture_within_the_window(window):
    picture = np.random.default_rng(0).integers(1, 5, (2, 9, 14)).astype(np.uint8)
    square = cut(picture, window)
    assert square.shape == (2, window.side, window.side)
    again = paste(square, window, (9, 14))
    y, x = np.mgrid[:9, :14]
    inside = (y >= window.top) & (y < window.top + window.side) & (x >= window.left) & (x < window.left + window.side)
    np.testing.assert_array_equal(again, np.where(inside, picture, 0))


def test_a_square_picture_is_left_alone(clip):
    assert find_window(clip.frames) == Window(0, 0, 112)
    np.testing.assert_array_equal(cut(clip.frames, find_window(clip.frames)), clip.frames)


@pytest.mark.parametrize("bars", [(0, 0, 19, 18), (0, 0, 43, 44), (20, 30, 70, 130), (60, 20, 0, 0)])
def test_bars_and_lettering_cost_the_segmenter_nothing(clip, bars):
    top, bottom, left, right = bars
    wide = np.pad(clip.frames, ((0, 0), (top, bottom), (left, right)))
    if left:
        wide[:, 4:9, 2:12] = 200  # the vendor's name
    maps = np.pad(clip.label_maps, ((0, 0), (top, bottom), (left, right)))
    window = find_window(wide)
    assert abs(window.side - 112) <= 4 and abs(window.left - left) <= 12 and abs(window.top - top) <= 4
    for label in (labels.LV, labels.MYOCARDIUM, labels.LA):
        as_made = frame_dice(segment(clip.frames), clip.label_maps, label).mean()
        assert frame_dice(segment(wide), maps, label).mean() > as_made - 0.04


def test_a_picture_without_a_fan_is_taken_whole():
    dark = np.zeros((2, 40, 60), np.uint8)
    assert find_window(dark) == Window(-10, 0, 60)
    assert segment(dark).shape == dark.shape


def test_two_frames_at_a_high_rate_are_still_two():
    frames = np.random.default_rng(0).integers(0, 255, (2, 30, 40)).astype(np.uint8)
    (part,) = lvef.prepare(frames, 400.0)
    assert part.shape == (2, lvef.SIZE, lvef.SIZE)
