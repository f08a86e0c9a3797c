import json

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from engine.anatomy.labels import LV
from engine.networks.r2plus1d import Reading
from training import lvef, ruler
from training.data.phantom import HELD_OUT, SEGMENTER, PhantomSet


def discs(first):
    """Four clips of a bright disc that beats by as much as its LVEF says."""
    y, x = np.mgrid[:64, :64]
    lvef_ = np.array([20, 40, 60, 70], np.float32)
    beat = np.sin(np.pi * np.arange(12) / 12) ** 2
    radius = 24 * (1 - lvef_[:, None] / 100 * beat) ** (1 / 3)
    maps = LV * (np.hypot(x - 32, y - 32) < radius[..., None, None]).astype(np.uint8)
    return PhantomSet(maps * 200, maps, lvef_, np.zeros(4, int), first + np.arange(4))


@given(st.integers(0, 2**32 - 1), st.integers(8, 40), st.sampled_from(lvef.COUNTS))
def test_times_cover_at_least_a_beat_at_a_steady_rate(seed, length, count):
    at = lvef.draw_times(np.random.default_rng(seed), length, count)
    steps = np.diff(at) % length
    assert len(at) == count and at.min() >= 0 and at.max() < length
    assert steps.max() - steps.min() <= 1, "a steady rate, to the nearest frame"
    assert steps.sum() + steps.max() >= length - 1, "one beat or more"
    assert steps.max() <= -(-length // lvef.FEWEST), "eight frames a beat or more"


def test_some_clips_are_as_generators_make_them():
    drawn = [lvef.draw_times(np.random.default_rng(seed), 16, 16).tolist() for seed in range(100)]
    assert 10 < drawn.count(list(range(16))) < 50


def test_the_loss_is_nought_for_the_truth_alone():
    sizes = torch.tensor([[100.0, 50.0, 80.0]])
    truth = torch.tensor([55.0])
    right = Reading(truth, sizes.log() + 7, torch.zeros(1, 3))
    assert lvef.loss_of(right, truth, sizes).item() == pytest.approx(0, abs=1e-6)
    assert lvef.loss_of(Reading(truth + 5, sizes.log(), torch.zeros(1, 3)), truth, sizes) > 0.1
    assert lvef.loss_of(Reading(truth, sizes.log().flip(1), torch.zeros(1, 3)), truth, sizes) > 0.1


def test_it_trains_exports_and_is_scored_on_others(tmp_path):
    folders = {}
    for name, first in (("own", SEGMENTER), ("unseen", HELD_OUT)):
        folders[name] = tmp_path / name
        folders[name].mkdir()
        np.savez(folders[name] / "0.npz", **vars(discs(first)))
    run, call = tmp_path / "run", CliRunner().invoke
    trained = call(lvef.app, ["train", str(folders["own"]), str(run), "--minutes", "0.03", "--threads", "1"])
    assert trained.exit_code == 0, trained.output
    scored = call(lvef.app, ["score", str(run / "lvef.safetensors"), str(folders["unseen"]), "--threads", "1"])
    assert scored.exit_code == 0, scored.output
    card = json.loads((run / "lvef.json").read_text())
    assert card["parameters"] <= 1_500_000 and (run / "lvef.safetensors").stat().st_size <= 3 * 2**20
    assert card["scores"]["one beat"]["clips"] == 4 and np.isfinite(card["scores"]["one beat"]["R2"]["value"])
    for read, wrong in ((ruler.read_own, "unseen"), (ruler.read_unseen, "own")):
        with pytest.raises(SystemExit, match="seeds"):
            read(folders[wrong])
