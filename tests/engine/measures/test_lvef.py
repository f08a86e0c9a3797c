from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from engine.errors import BadInput
from engine.measures import lvef
from engine.phantom.population import Exam, draw_subject
from engine.phantom.simulate import simulate


@pytest.fixture(scope="module")
def regressor():
    """Untrained, its head given weights: left at nought it would answer alike to everything."""
    found = lvef.untrained(3)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        nn.init.normal_(found.network.head[-1].weight, std=0.5)
    return found


@pytest.fixture(scope="module")
def shipped():
    try:
        return lvef.load()
    except BadInput:
        pytest.skip("the LVEF regressor's weights are not there")


def clip(seed, *shape):
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def test_clips_of_any_size_length_and_rate_are_read(regressor):
    clips = [clip(0, 2, 30, 70), clip(1, 16, 112, 112), clip(2, 130, 40, 40)]
    for fps in (None, 20.0, [15.0, None, 50.0]):
        measured, features = regressor.measure(clips, fps), regressor.features(clips, fps)
        assert measured.shape == (3,) and ((measured >= 0) & (measured <= 100)).all()
        assert features.shape == (3, regressor.dimension) and np.isfinite(features).all()


def test_a_clip_is_read_alike_alone_and_in_company(regressor):
    clips = [clip(seed, 6, 112, 112) for seed in range(5)]
    together = regressor.features(clips)
    for i, one in enumerate(clips):
        assert (regressor.features([one])[0] == together[i]).all()
    assert len(np.unique(together[:, 0])) == 5


def test_a_high_rate_is_lowered_and_a_low_one_left(regressor):
    moving = clip(4, 20, 112, 112)
    held = moving.repeat(2, 0)
    assert (regressor.features([held], 50.0) == regressor.features([moving], 25.0)).all()
    assert (regressor.features([moving], 25.0) == regressor.features([moving])).all()
    assert (regressor.features([held], 20.0) != regressor.features([moving], 20.0)).any()


def test_a_long_clip_is_read_in_equal_parts():
    parts = lvef.prepare(clip(5, 130, 20, 20), None)
    assert sorted(len(part) for part in parts) == [43, 43, 44]
    assert len(lvef.prepare(clip(5, lvef.LONGEST, 20, 20), None)) == 1


def test_a_frame_keeps_its_proportions():
    y, x = np.mgrid[:60, :100]
    disc = (np.hypot(y - 30, x - 62) < 25).astype(np.uint8) * 200
    (part,) = lvef.prepare(np.stack([disc, disc]), None)
    lit = part[0] > 100
    assert part.shape == (2, lvef.SIZE, lvef.SIZE)
    assert lit.any(0).sum() == pytest.approx(lit.any(1).sum(), abs=2) and lit.any(0).sum() > 100


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (clip(0, 1, 40, 40), "single frame"),
        (clip(0, 4, 40, 40, 3), "grey uint8"),
        (clip(0, 40, 40), "grey uint8"),
        (np.zeros((4, 40, 40)), "grey uint8"),
        (np.zeros((4, 0, 40), np.uint8), "grey uint8"),
        (np.zeros((0, 40, 40), np.uint8), "grey uint8"),
    ],
)
def test_what_is_no_clip_is_refused(regressor, bad, said):
    for read in (regressor.measure, regressor.features):
        with pytest.raises(BadInput, match=said):
            read([bad])


@pytest.mark.parametrize("fps", [0.0, -5.0, float("nan"), [10.0, 20.0]])
def test_an_impossible_rate_is_refused(regressor, fps):
    with pytest.raises(BadInput, match="rate"):
        regressor.measure([clip(0, 4, 40, 40)], fps)


def test_missing_weights_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(tmp_path))
    lvef.load.cache_clear()
    with pytest.raises(BadInput, match=r"lvef\.safetensors"):
        lvef.load()


def simulated(wanted, frames=16):
    subject = draw_subject(900_300)
    exam: Exam = replace(subject.exam(), lvef=wanted)
    return simulate([exam], frames, 112)[0].frames


def test_more_contraction_is_read_as_a_higher_lvef(shipped):
    measured = shipped.measure([simulated(wanted) for wanted in (20.0, 40.0, 60.0)])
    assert measured[0] + 10 < measured[1] < measured[2] - 10
    assert np.abs(measured - [20, 40, 60]).mean() < 8


def test_a_second_beat_and_another_start_change_little(shipped):
    once = simulated(50.0)
    twice, later = np.concatenate([once, once]), np.roll(once, 5, 0)
    measured = shipped.measure([once, twice, later, once.repeat(2, 1).repeat(2, 2)])
    np.testing.assert_allclose(measured, measured[0], atol=4)
