"""Sprite sheets."""

import numpy as np
import pytest

from engine.media.sheets import columns_of, cut, sheet

RNG = np.random.default_rng(1)


@pytest.mark.parametrize("count", range(1, 18))
@pytest.mark.parametrize("shape", [(6, 8), (5, 7, 4)])
def test_every_frame_stands_where_the_player_looks(count, shape):
    frames = RNG.integers(0, 256, (count, *shape)).astype(np.uint8)
    across = columns_of(count)
    picture = sheet(frames, across)
    h, w = shape[:2]
    for i, frame in enumerate(frames):
        y, x = i // across * h, i % across * w
        assert np.array_equal(picture[y : y + h, x : x + w], frame)


@pytest.mark.parametrize("count", range(1, 18))
def test_a_sheet_is_cut_into_its_frames(count):
    frames = RNG.integers(0, 256, (count, 6, 8)).astype(np.uint8)
    for columns in {1, columns_of(count), count}:
        assert np.array_equal(cut(sheet(frames, columns), count, columns), frames)
