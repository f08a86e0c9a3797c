from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.anatomy.labels import BACKGROUND, LV
from training import augment
from training.augment import Change, Shadow, Word


@pytest.fixture(scope="module")
def clip():
    """A bright disc on grey, three frames, and its maps."""
    y, x = np.mgrid[:128, :128]
    maps = np.where((x - 70) ** 2 + (y - 60) ** 2 < 20**2, LV, 4).astype(np.uint8)[None].repeat(3, 0)
    return np.where(maps == LV, 200, 60).astype(np.uint8), maps


def test_no_change_changes_nothing(clip):
    frames, maps = clip
    np.testing.assert_array_equal(augment.apply(frames, Change(), 128), frames)
    np.testing.assert_array_equal(augment.apply_to_maps(maps, Change(), 128), maps)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_a_drawn_change_is_a_function_of_its_parameters(clip, seed):
    frames, maps = clip
    before = frames.copy()
    change = augment.draw(np.random.default_rng(seed))
    assert change == augment.draw(np.random.default_rng(seed))
    once, again = (augment.apply(frames, change, 112) for _ in range(2))
    np.testing.assert_array_equal(once, again)
    np.testing.assert_array_equal(frames, before)
    assert once.shape == (3, 112, 112) and once.dtype == np.uint8
    assert set(np.unique(augment.apply_to_maps(maps, change, 112))) <= {BACKGROUND, LV, 4}


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_grey_and_labels_move_together(clip, seed):
    frames, maps = clip
    drawn = augment.draw(np.random.default_rng(seed))
    moved = Change(
        angle=drawn.angle, zoom=drawn.zoom, shift=drawn.shift, mirrored=drawn.mirrored, opening=drawn.opening
    )
    grey, labels = augment.apply(frames, moved, 112), augment.apply_to_maps(maps, moved, 112)
    assert ((grey > 130) == (labels == LV)).mean() > 0.985


def test_shift_and_zoom_are_what_they_say(clip):
    _, maps = clip

    def place(change):
        rows, columns = np.nonzero(augment.apply_to_maps(maps, change, 128)[0] == LV)
        return rows.mean(), columns.mean(), len(rows)

    y, x, size = place(Change())
    assert place(Change(shift=(0.1, -0.05)))[:2] == pytest.approx((y + 12.8, x - 6.4), abs=0.6)  # whole pixels
    assert place(Change(zoom=(1.2, 1.2)))[2] == pytest.approx(1.44 * size, rel=0.03)
    assert place(Change(mirrored=True))[1] == pytest.approx(127 - x, abs=0.3)


def test_a_shadow_darkens_and_a_narrower_fan_cuts(clip):
    frames, maps = clip
    dark = augment.apply(frames, Change(shadows=(Shadow(0.0, 5.0, 0.0),)), 128)
    assert dark[0, 100, 64] < 5 and dark[0, 100, 2] == frames[0, 100, 2]
    cut = Change(opening=40.0)
    assert augment.apply(frames, cut, 128)[0, 60, 2] == 0
    assert augment.apply_to_maps(maps, cut, 128)[0, 60, 2] == BACKGROUND
    assert augment.apply_to_maps(maps, cut, 128)[0, 60, 64] == maps[0, 60, 64]


@pytest.mark.parametrize(
    "change",
    [
        Change(blur=1.0),
        Change(speckle=0.3),
        Change(gamma=1.4),
        Change(gain=0.7),
        Change(contrast=0.5),
        Change(floor=20.0),
        Change(noise=5.0),
        Change(words=(Word("HR 72", 0.1, 0.2, 255),)),
        Change(jpeg=30),
    ],
)
def test_every_change_of_the_picture_does_something_and_leaves_maps_alone(clip, change):
    frames, maps = clip
    changed = augment.apply(frames, change, 128)
    assert (changed != frames).any()
    assert changed[maps == LV].mean() > changed[maps == 4].mean() + 40, "the disc is still the brighter"
    np.testing.assert_array_equal(augment.apply_to_maps(maps, change, 128), maps)


def test_noise_differs_between_frames_and_seeds(clip):
    frames, _ = clip
    noisy = Change(noise=8.0, speckle=0.2)
    one, other = (augment.apply(frames, replace(noisy, seed=seed), 128) for seed in (1, 2))
    assert (one[0] != one[1]).mean() > 0.5 and (one != other).mean() > 0.5


@given(st.floats(0.5, 2), st.floats(0.5, 2), st.floats(-0.6, 0.4), st.floats(0, 30))
def test_levels_never_change_places(gamma, gain, contrast, floor):
    curve = augment._curve(Change(gamma=gamma, gain=gain, contrast=contrast, floor=floor))
    assert (np.diff(curve) >= -1e-3).all() and curve.min() >= 0 and curve.max() <= 255
