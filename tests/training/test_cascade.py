import json
from dataclasses import replace

import numpy as np
import pytest
import torch
import typer
from typer.testing import CliRunner

from engine.networks.video_unet import VideoUNetConfig
from engine.pipelines.cascaded_edm import CODEC, Stage
from training import train as training
from training.batches import SHOWN
from training.cascade import CascadeTask
from training.data.phantom import PhantomSet, Recipe, make_set, read_set
from training.presets import CASCADE_LOG_SIGMA, PRESETS

CPU = torch.device("cpu")
BASE = Stage(4, 8.0, 16, 2, 80.0, True)
SMALL = replace(
    PRESETS["cascaded-edm/base-2scm"]["embedded"],
    network=VideoUNetConfig(2, (8, 16), (False, True), head_channels=8, embedding=16, max_frames=16),
    stage=BASE,
    frames_batch=5,
    clips_batch=3,
)
TSSR = replace(
    SMALL,
    network=replace(SMALL.network, low=True),
    stage=replace(BASE, frames=16, fps=32.0, size=32),
    before=(4, 16),
    crop=16,
)
SSR = replace(TSSR, before=(16, 16))


@pytest.fixture(scope="module")
def data():
    """A set whose every frame tells of its clip (rows) and its time (columns), so that what belongs together can be seen."""
    n, t, size = SHOWN + 4, 20, 32
    frames = np.zeros((n, t, size, size), np.uint8)
    frames[:, :, :16] = 20 * np.arange(n)[:, None, None, None]
    frames[:, :, 16:] = 10 * np.arange(t)[None, :, None, None]
    lvef, rates = 30 + np.arange(n, dtype=np.float32), 60 + np.arange(n, dtype=np.float32)
    return PhantomSet(frames, 0 * frames, lvef, np.zeros(n, int), np.arange(n), rates, np.full(n, 32.0, np.float32))


def told_by(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The clip and the time that the grey of x tells (b t 1 h w, both halves of the picture in it)."""
    grey = CODEC.decode(x).float()
    return grey[:, :, 0].mean(-1) / 20, grey[:, :, -1].mean(-1) / 10


def test_all_of_a_batch_tells_of_one_clip_and_its_still_of_any_moment(data):
    task, apart = CascadeTask(data, replace(SMALL, drop=0.0), CPU), set()
    for step in range(30):
        batch = task.draw("clips", step)
        clip, time = told_by(batch.x)
        assert (clip == clip[:, :1]).all() and clip.max() < 4  # the last ones are kept out of training
        assert (time.diff(dim=1) == 4).all() and time.min() >= 0 and time.max() <= 19
        of, moment = (told[:, 0] for told in told_by(batch.conditions.still[:, None]))
        assert torch.equal(of, clip[:, 0])
        expected = torch.stack([30 + of, 60 + of], 1)
        assert torch.equal(batch.conditions.parameters[:, :2], expected)
        assert torch.isnan(batch.conditions.parameters[:, 2]).all()
        apart |= {bool(m in times) for m, times in zip(moment.tolist(), time.tolist(), strict=True)}
    assert apart == {True, False}


def test_single_frames_are_of_their_clip_and_strangers_to_each_other(data):
    task = CascadeTask(data, SMALL, CPU)
    batch = task.draw("frames", 3)
    assert batch.x.shape == (5, SMALL.frames_each, 1, 16, 16) and not batch.temporal and batch.clips == 5


def test_the_clip_of_the_stage_before_lies_under_its_frames_at_their_times(data):
    for preset in (replace(TSSR, crop=None), replace(SSR, crop=None)):
        quiet = replace(preset, stage=replace(preset.stage, augmentation=0.0))
        batch = CascadeTask(data, quiet, CPU).draw("clips", 1)
        clip, time = told_by(batch.x)
        of, then = told_by(batch.conditions.low)
        assert torch.equal(of.round(), clip)
        within = slice(None, None if preset is SSR else -3)
        assert torch.allclose(then[:, within], time[:, within], atol=0.06)


def test_a_crop_is_the_same_window_of_everything_and_its_noise_level_is_told(data):
    rng = np.random.default_rng(0)
    varied = replace(data, frames=rng.integers(0, 255, data.frames.shape, dtype=np.uint8))
    still = replace(varied, frames=np.repeat(varied.frames[:, :1], 20, 1))  # nothing moves: the still is every frame
    task = CascadeTask(still, SSR, CPU)
    batch = task.draw("clips", 2)
    assert batch.x.shape == (3, 16, 1, 16, 16) and batch.conditions.low.shape == batch.x.shape
    assert torch.equal(batch.conditions.still, batch.x[:, 0])
    levels = torch.cat([task.draw("clips", step).conditions.low_noise for step in range(40)])
    assert levels.min() < 0.05 and levels.max() > 0.35 and levels.max() <= 0.4


def test_a_quarter_of_the_batches_are_images_and_a_tenth_of_the_clips_know_no_parameter(data):
    task = CascadeTask(data, replace(SMALL, images=PRESETS["cascaded-edm/base-2scm"]["paper"].images), CPU)
    batches = [task.draw("clips", step) for step in range(300)]
    assert np.mean([not batch.temporal for batch in batches]) == pytest.approx(0.25, abs=0.07)
    missing = torch.isnan(torch.cat([batch.conditions.parameters for batch in batches]))
    assert missing[:, 0].float().mean() == pytest.approx(0.1, abs=0.03)
    assert (missing[:, 1] | ~missing[:, 0]).all()  # without LVEF there is nothing: the null of guidance
    assert missing[:, 1].float().mean() == pytest.approx(0.19, abs=0.04)
    again = task.draw("clips", 7)
    assert torch.equal(again.x, batches[7].x) and again.temporal == batches[7].temporal


def test_the_noise_of_training_is_the_paper_s_for_data_of_unit_variance():
    """At the middle of the paper's noise, noise and data are exp(-1.2) and 0.25."""
    assert np.exp(CASCADE_LOG_SIGMA[0]) == pytest.approx(np.exp(-1.2) / 0.25) and CASCADE_LOG_SIGMA[1] == 1.2


@pytest.mark.parametrize("change", [{"fps": 30.0}, {"fps": np.nan}, {"fps": None}, {"frames": 12}, {"size": 48}])
def test_a_set_that_is_not_the_stage_s_is_refused_with_the_one_to_make(data, change):
    rate, frames, size = change.get("fps", 32.0), change.get("frames", 20), change.get("size", 32)
    n = len(data.seed)
    fps = None if rate is None else np.full(n, rate, np.float32)
    pictures = np.zeros((n, frames, size, size), np.uint8)
    other = replace(data, frames=pictures, label_maps=pictures, fps=fps)
    with pytest.raises(SystemExit, match="--frames 64 --size 112 --fps 32"):
        CascadeTask(other, SMALL if change != {"size": 48} else TSSR, CPU)


@pytest.mark.parametrize("name", [name for name in PRESETS if name.startswith("cascaded-edm")])
def test_every_stage_has_a_preset_whose_parts_fit(name):
    for preset in PRESETS[name].values():
        stage, network = preset.stage, preset.network
        assert network.low == (preset.before is not None) and network.max_frames >= stage.frames
        assert (preset.crop or stage.size) % network.patch == 0 and stage.size % (2 * network.patch) == 0
        assert stage.frames / stage.fps == 2
        if preset.before:
            assert stage.frames % preset.before[0] == 0 and stage.size % preset.before[1] == 0


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cache")
    make_set(folder, first=0, count=SHOWN + 2, recipe=Recipe(frames=16, size=32, fps=32.0), workers=1)
    return folder


def test_a_set_tells_its_rates(cache):
    read = read_set(cache)
    assert read.fps.tolist() == [32.0] * len(read.seed) and (read.heart_rate > 40).all() and read.heart_rate.std() > 0


@pytest.mark.parametrize("preset", [SMALL, TSSR, SSR], ids=["base", "tssr", "ssr"])
def test_a_stage_trains_exports_and_goes_on_where_it_stopped(cache, tmp_path, monkeypatch, preset):
    monkeypatch.setitem(PRESETS, "cascaded-edm/tiny", {"embedded": preset})
    app = typer.Typer()
    app.command()(training.train)

    def run(minutes: float) -> dict:
        times = ["--frames-minutes", str(minutes), "--clips-minutes", str(minutes)]
        result = CliRunner().invoke(app, ["cascaded-edm/tiny", str(cache), str(tmp_path), *times])
        assert result.exit_code == 0, result.output
        return json.loads((tmp_path / "cascaded-edm-tiny.json").read_text())

    first = run(0.002)
    assert first["stage"] == vars(preset.stage) and first["network"]["widths"] == [8, 16]
    assert first["clips_seen"]["clips"] > 0 and first["clips_seen"]["frames"] > 0
    assert run(0.002)["steps"] == first["steps"]  # the time is spent
    assert run(0.02)["steps"] > first["steps"]
    assert len(list(tmp_path.glob("samples-*.png"))) >= 2
