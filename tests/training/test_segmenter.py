import numpy as np
import pytest
import torch

from engine.anatomy.labels import NAMES
from training.data.phantom import PhantomSet
from training.segmenter import augment, score, train


@pytest.fixture
def squares():
    """Two clips of bright squares on black, and their maps."""
    maps = np.zeros((2, 16, 32, 32), np.uint8)
    maps[:, :, 8:24, 8:24] = 4
    return PhantomSet(maps * 50, maps, np.full(2, 50, np.float32), np.zeros(2, int), np.arange(2))


def test_augmentation_moves_grey_and_labels_together():
    torch.manual_seed(1)
    maps = torch.zeros(16, 1, 64, 64)
    maps[:, :, 16:48, 20:40] = 3
    grey, moved = augment(maps / 4, maps)
    assert grey.min() >= 0 and grey.max() <= 1
    assert set(moved.unique().tolist()) == {0, 3}
    assert (moved != maps).flatten(1).any(1).all(), "every sample is moved"
    for level, label in zip(grey, moved, strict=True):
        assert level[label == 3].mean() > level[label == 0].mean() + 0.2
        assert ((level > level.max() / 2) == (label == 3)).float().mean() > 0.95


def test_training_steps_and_scores_every_structure(squares):
    network, steps = train(squares, minutes=0.02, seed=0)
    assert steps > 0 and all(torch.isfinite(p).all() for p in network.parameters())
    found = score(squares, network)
    assert set(found) == {f"dice {name}" for name in NAMES[1:4]}
    assert all(0 <= estimate["low"] <= estimate["value"] <= estimate["high"] <= 1 for estimate in found.values())
