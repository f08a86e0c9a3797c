import json

import numpy as np
from typer.testing import CliRunner

from engine.anatomy.labels import LA, LV, MYOCARDIUM, NAMES
from training import segmenter
from training.data.phantom import HELD_OUT, SEGMENTER, PhantomSet


def rings(first):
    """Two clips of a dark disc in a bright ring that beats, an oval below it, and their maps."""
    y, x = np.mgrid[:128, :128]
    maps = np.full((2, 8, 128, 128), 4, np.uint8)
    for time, radius in enumerate((20, 18, 15, 13, 13, 15, 18, 20)):
        r = np.hypot(x - 64, (y - 50) / 1.5)
        maps[:, time, r < radius + 8] = MYOCARDIUM
        maps[:, time, r < radius] = LV
        maps[:, time, np.hypot(x - 64, y - 96) < 14] = LA
    grey = np.array([0, 20, 180, 20, 90], np.uint8)[maps]
    return PhantomSet(grey, maps, np.array([60, 61], np.float32), np.zeros(2, int), first + np.arange(2))


def write(folder, data):
    folder.mkdir()
    np.savez(folder / "0.npz", **vars(data))
    return str(folder)


def test_batches_are_a_function_of_the_step():
    batches = segmenter.Batches(rings(SEGMENTER), 0)
    frames, maps = batches.draw(3)
    again, _ = batches.draw(3)
    other, _ = batches.draw(4)
    assert frames.shape == maps.shape == (segmenter.RECIPE.batch, 1, 128, 128)
    assert frames.min() >= 0 and frames.max() <= 1 and set(maps.unique().tolist()) <= {0, 1, 2, 3, 4}
    assert frames.equal(again) and not frames.equal(other)


def test_it_trains_exports_and_is_scored_on_others(tmp_path):
    own, unseen = write(tmp_path / "own", rings(SEGMENTER)), write(tmp_path / "unseen", rings(HELD_OUT))
    run, weights = tmp_path / "run", str(tmp_path / "run" / "segmenter.safetensors")
    call = CliRunner().invoke
    assert call(segmenter.app, ["train", own, str(run), "--minutes", "0.02", "--threads", "1"]).exit_code == 0
    scored = call(segmenter.app, ["score", weights, unseen, "--threads", "1"])
    assert scored.exit_code == 0, scored.output
    card = json.loads((run / "segmenter.json").read_text())
    for name in NAMES[1:4]:
        found = card["scores"][f"dice {name}"]
        assert 0 <= found["low"] <= found["value"] <= found["high"] <= 1
    assert set(card["scores"]) == {"dice LV", "dice myocardium", "dice LA", "LVEF by Simpson"}
    assert str(HELD_OUT) in card["scored_on"] and card["steps"] > 0
    refused = call(segmenter.app, ["score", weights, own])
    assert refused.exit_code == 1 and "seeds" in str(refused.exception)
