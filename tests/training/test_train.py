import json

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine.diffusion.denoiser import loss_weight
from engine.networks.semantic_unet import SemanticConditions, SemanticUNet
from engine.weights import load_strictly
from training.batches import SHOWN, Batches
from training.data.phantom import Recipe, make_set, read_set
from training.ema import Ema
from training.losses import denoising_loss
from training.presets import PRESETS


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    make_set(folder, first=0, count=SHOWN + 3, workers=1)
    return folder


def test_a_set_is_the_same_however_it_was_made(cache, tmp_path):
    make_set(tmp_path, first=0, count=2, workers=1)
    whole, part = read_set(cache), read_set(tmp_path)
    assert np.array_equal(whole.frames[:2], part.frames) and whole.seed.tolist() == list(range(SHOWN + 3))


def test_a_cached_shard_is_not_made_again_and_another_size_is_refused(cache):
    before = {path: path.stat().st_mtime_ns for path in cache.glob("*.npz")}
    make_set(cache, first=0, count=SHOWN + 3, workers=1)
    assert before == {path: path.stat().st_mtime_ns for path in cache.glob("*.npz")}
    with pytest.raises(SystemExit, match="another folder"):
        make_set(cache, first=0, count=1, recipe=Recipe(size=64))


def test_a_set_that_grows_is_made_whole(tmp_path):
    for count in (1, 2):
        make_set(tmp_path, first=0, count=count, recipe=Recipe(frames=2, size=32), workers=1)
    assert read_set(tmp_path).seed.tolist() == [0, 1]


def test_batches_are_a_function_of_the_step_and_withhold_conditions_as_often_as_asked(cache):
    preset = PRESETS["semantic-video"]["embedded"]
    batches = Batches(read_set(cache), preset, torch.device("cpu"))
    one, again, other = (batches.draw_frames(step) for step in (7, 7, 8))
    assert torch.equal(one[0], again[0]) and not torch.equal(one[0], other[0])
    assert one[0].shape == (preset.frames_batch, preset.frames_each, 128, 128)
    told = [batches.draw_frames(step)[1] for step in range(60)]
    withheld = np.mean([(t.label_map.flatten(1).sum(1) == 0).float().mean() for t in told])
    assert withheld == pytest.approx(preset.drop_map, abs=0.03)
    assert np.mean([torch.isnan(t.lvef).float().mean() for t in told]) > preset.drop_lvef


def test_frames_and_conditions_of_a_batch_belong_together(cache):
    data = read_set(cache)
    frames, told = Batches(data, PRESETS["semantic-video"]["embedded"], torch.device("cpu")).draw_clips(0)
    for clip, lvef, view in zip(frames.numpy(), told.lvef.tolist(), told.view.tolist(), strict=True):
        (at,) = (i for i in range(len(data.seed)) if np.array_equal(data.frames[i], clip))
        assert at < len(data.seed) - SHOWN
        assert np.isnan(lvef) or lvef == pytest.approx(data.lvef[at])
        assert view in (-1, data.view[at])


def test_the_loss_of_a_perfect_denoiser_is_zero_and_of_an_idle_network_is_one():
    torch.manual_seed(0)
    x = torch.randn(4096, 3, 4)
    idle = denoising_loss(lambda y, c: torch.zeros_like(y), x, (0.0, 1.0))
    assert float(idle) == pytest.approx(
        1.0, abs=0.03
    )  # EDM's weights make an idle network's loss 1 for unit-variance data
    assert float(loss_weight(torch.tensor([1.0]), 1.0)) == 2.0


def test_the_average_of_a_network_that_stands_still_is_the_network():
    network = torch.nn.Linear(3, 2)
    ema = Ema(network, 0.9)
    with torch.no_grad():
        network.weight.fill_(2.0)
    for _ in range(200):
        ema.update(network)
    assert torch.allclose(ema.network.weight, network.weight, atol=1e-4)


def test_a_run_exports_what_the_engine_loads_and_goes_on_where_it_stopped(cache, tmp_path):
    import typer

    from training.train import train

    app = typer.Typer()
    app.command()(train)

    def run(minutes: float, folder=tmp_path, *further: str) -> dict:
        times = ["--frames-minutes", str(minutes), "--clips-minutes", str(minutes)]
        result = CliRunner().invoke(app, ["semantic-video", str(cache), str(folder), *times, *further])
        assert result.exit_code == 0, result.output
        return json.loads((folder / "semantic-video.json").read_text())

    first = run(0.005)
    load_strictly(SemanticUNet(PRESETS["semantic-video"]["embedded"].network), tmp_path / "semantic-video.safetensors")
    assert first["clips_seen"]["clips"] > 0 and "simulated" in first["trained_on"]
    assert run(0.005)["steps"] == first["steps"]  # the time is spent
    assert run(0.15)["steps"] > first["steps"]
    assert list(tmp_path.glob("samples-*.png"))
    heir = run(0.005, tmp_path / "heir", "--start", str(tmp_path / "semantic-video.safetensors"))
    former = json.loads((tmp_path / "semantic-video.json").read_text())
    assert heir["began_from"]["sha256"] == former["sha256"] and heir["steps"] < former["steps"]


def test_an_unknown_preset_is_refused_with_the_known_ones(cache, tmp_path):
    from training.train import train

    with pytest.raises(SystemExit, match="semantic-video embedded"):
        train("semantic-video", cache, tmp_path, preset="huge")


@pytest.mark.parametrize("preset", ["embedded", "paper"])
@torch.no_grad()
def test_every_preset_is_a_network_that_fits_its_codec(preset):
    chosen = PRESETS["semantic-video"][preset]
    patch = chosen.network.map_patch
    assert chosen.network.channels == patch**2
    told = SemanticConditions(torch.zeros(1, 5, 64, 64), torch.rand(1, 2), torch.tensor([50.0]), torch.tensor([0]))
    x = torch.zeros(1, 2, patch**2, 64 // patch, 64 // patch)
    assert SemanticUNet(chosen.network)(x, torch.zeros(1), told).shape == x.shape
