"""The cascade of stages whose networks are known exactly, and of tiny ones from files."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

import engine
from engine.cards import _CASCADES, _is_here
from engine.codecs.patches import MEAN, SD
from engine.media.still import fan_of, standard_square
from engine.networks.video_unet import VideoUNet, VideoUNetConfig
from engine.phantom.population import draw_subject
from engine.phantom.quality import DRAFT
from engine.phantom.simulate import simulate
from engine.pipelines.cascaded_edm import CascadedEdm, Stage, load
from training.export import export

ONE, TWO, FOUR = _CASCADES
BASE = Stage(frames=4, fps=8.0, size=16, steps=6, churn=80.0, guided=True)
TSSR = Stage(frames=16, fps=32.0, size=32, steps=12, churn=160.0, guided=False)
SMALL = replace(TWO, frames=16, size=(32, 32))
QUICK = engine.Settings("edm-stochastic", 12, 1.0, 16, (1,))


def level(conditions):
    """x of the Gaussian's mean at each LVEF: 0.01 a point, 0.2 where none is told."""
    return torch.nan_to_num(conditions.parameters[:, 0] / 100, 0.2)[:, None, None, None, None]


def base(x, c_noise, conditions):
    """The network of the exact denoiser of N(level, 1)."""
    return _exact(x, c_noise, level(conditions), 1.0)


def tssr(x, c_noise, conditions):
    """The network of the exact denoiser of N(the mean of the clip before, 0.1^2) at every pixel."""
    assert conditions.low.shape == x.shape and conditions.still.shape == x[:, 0].shape
    return _exact(x, c_noise, conditions.low.mean((1, 2, 3, 4), keepdim=True), 0.1)


def _exact(x, c_noise, mean, spread):
    sigma = (4 * c_noise).exp()[:, None, None, None, None]
    total = 1 + sigma**2
    noisy = x * total.sqrt()
    denoised = (spread**2 * noisy + sigma**2 * mean) / (spread**2 + sigma**2)
    return (denoised - noisy / total) * total.sqrt() / sigma


@pytest.fixture(scope="module")
def still():
    return simulate([draw_subject(3).exam()], 2, 112, "cpu", DRAFT)[0].frames[:1]


@pytest.fixture(scope="module")
def cascade():
    return CascadedEdm(SMALL, [(BASE, base), (TSSR, tssr)], "0+1")


@pytest.fixture(scope="module")
def inside(still):
    """the fan of the still, in the clips of `SMALL`"""
    return fan_of(standard_square(still, None, 32)[0])


def mean_of(clip, inside):
    return (clip.frames[:, inside].mean() - MEAN) / SD


@pytest.mark.parametrize("sampler", TWO.samplers)
def test_the_clip_has_the_mean_that_its_lvef_asks_for_through_all_stages(cascade, still, inside, sampler):
    """And the spread of the last stage (a little more where the sampler adds noise). Four clips of 4x16x16 pixels know the mean
    of the base to within 0.02."""
    means = {}
    for lvef in (20.0, 80.0):
        asked = engine.Conditions(reference=still, lvef=lvef)
        clips = cascade.generate(asked, replace(QUICK, sampler=sampler, steps=24, seeds=tuple(range(4))))
        means[lvef] = np.mean([mean_of(clip, inside) for clip in clips])
        assert means[lvef] == pytest.approx(lvef / 100, abs=0.05)
        assert clips[0].frames[:, inside].std() / SD == pytest.approx(0.1, rel=0.2)
    assert clips[0].frames.shape == (16, 32, 32) and clips[0].fps == 32.0
    assert not clips[0].frames[:, ~inside].any() and 0.3 < inside.mean() < 0.9


def test_guidance_exaggerates_the_parameters_exactly_and_only_where_the_stage_has_it(still, inside):
    """Guided means lie at null + scale (mean - null); what leaves the greys is rare here, so no threshold is met."""
    narrow = CascadedEdm(SMALL, [(BASE, lambda *a: _exact(*a[:2], level(a[2]), 0.05)), (TSSR, tssr)], "")
    asked = engine.Conditions(reference=still, lvef=80.0)
    for scale in (0.0, 0.5, 1.0, 3.0):
        (clip,) = narrow.generate(asked, replace(QUICK, guidance_scale=scale, steps=24))
        assert mean_of(clip, inside) == pytest.approx(0.2 + scale * 0.6, abs=0.03)
    told = narrow.generate(replace(asked, lvef=None), replace(QUICK, guidance_scale=3.0, steps=24))
    assert mean_of(told[0], inside) == pytest.approx(0.2, abs=0.03)


def test_the_clip_before_comes_with_its_noise_and_tells_how_much(still):
    seen = []

    def listen(x, c_noise, conditions):
        seen.append(conditions)
        return torch.zeros_like(x)

    flat = CascadedEdm(SMALL, [(BASE, lambda x, c, told: _exact(x, c, 0.5, 1e-4)), (TSSR, listen)], "")
    flat.generate(engine.Conditions(reference=still, heart_rate=72.0), replace(QUICK, sampler="heun", steps=24))
    low = seen[0].low[:, ::4]  # the frames that the base made, before any were laid between them
    assert low.mean().item() == pytest.approx(0.5, abs=0.03) and seen[0].low_noise.tolist() == pytest.approx([0.2])
    # Bilinear doubling of white noise leaves (5/8)^2 of its variance inside the picture.
    assert low[..., 2:-2, 2:-2].std().item() == pytest.approx(0.2 * 5 / 8, rel=0.1)
    assert torch.isnan(seen[0].parameters).tolist() == [[True, False, True]] and seen[0].parameters[0, 1] == 72


def test_a_seed_gives_the_same_bytes_alone_or_in_a_batch(cascade, still):
    asked = engine.Conditions(reference=still, lvef=50.0, heart_rate=80.0)
    three = cascade.generate(asked, replace(QUICK, seeds=(1, 2, 3)))
    (one,) = cascade.generate(asked, replace(QUICK, seeds=(2,)))
    assert np.array_equal(three[1].frames, one.frames) and three[1].provenance == one.provenance
    assert not np.array_equal(three[0].frames, three[1].frames)
    assert one.provenance.weights_sha256 == "0+1" and len(one.provenance.conditions["reference"]) == 64
    json.dumps(asdict(one.provenance))


def test_no_stage_starts_from_the_noise_of_another(still):
    starts = []

    def listen(x, c_noise, conditions):
        starts.append(x)
        return torch.zeros_like(x)

    same = replace(TSSR, guided=False, augmentation=0.0)
    two = CascadedEdm(SMALL, [(same, listen), (same, listen)], "")
    two.generate(engine.Conditions(reference=still), replace(QUICK, sampler="ddim"))
    first, second = starts[0].flatten(), starts[12].flatten()
    assert len(starts) == 24 and abs(torch.corrcoef(torch.stack([first, second]))[0, 1]) < 0.05


def test_steps_are_counted_over_stages_and_clips_and_can_be_previewed(cascade, still):
    seen = []
    cascade.generate(engine.Conditions(reference=still), replace(QUICK, steps=4, seeds=(1, 2)), seen.append)
    assert [(s.index, s.total) for s in seen] == [(i, 12) for i in range(1, 13)]  # two of the base, four of the last
    assert all(step.preview().shape == (16, 32, 32) for step in seen)
    with pytest.raises(engine.Cancelled):
        cascade.generate(engine.Conditions(reference=still), QUICK, _stop)


def _stop(step):
    raise engine.Cancelled


def test_a_preview_is_the_clip_of_few_steps_without_guidance(cascade, still):
    asked = engine.Conditions(reference=still, lvef=50.0)
    quick = cascade.preview(asked, replace(QUICK, guidance_scale=5.0, seeds=(5, 6)))
    (same,) = cascade.generate(asked, engine.Settings("dpm++2m", 4, 1.0, 16, (5,)))
    assert np.array_equal(quick.frames, same.frames) and quick.provenance == same.provenance


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ({"reference": None}, "needs reference and got none; open a still"),
        ({"lvef": 95.0}, "LVEF is 95"),
        ({"heart_rate": 5.0}, "heart rate"),
        ({"fps": 30.0}, "does not take fps"),
        ({"reference": np.zeros((1, 112, 112), np.uint8)}, "no ultrasound fan"),
        ({"reference": np.zeros((3, 112, 112), np.uint8)}, "take one frame"),
        ({"reference": np.zeros((112, 112, 3), np.uint8)}, "turn colours into grey"),
        ({"reference": np.zeros((1, 5000, 5000), np.uint8)}, "5000x5000"),
        ({"reference": np.zeros((1, 20, 20), np.uint8)}, "20x20"),
    ],
)
def test_what_cannot_be_generated_is_refused_in_one_sentence(cascade, still, conditions, word):
    with pytest.raises(engine.BadInput, match=word) as caught:
        cascade.generate(engine.Conditions(**{"reference": still, **conditions}), QUICK)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Two tiny stages as training writes them."""
    folder = tmp_path_factory.mktemp("weights")
    sizes = {"frames": 16, "fps": 32.0, "size": 112}
    for name, stage, low in (
        (TWO.stages[0], replace(BASE, size=56), False),
        (TWO.stages[1], replace(TSSR, **sizes | {"frames": 64}), True),
    ):
        torch.manual_seed(0)
        config = VideoUNetConfig(28, (8, 8), (False, True), low, head_channels=8, embedding=16)
        record = {"network": asdict(config), "stage": asdict(stage), "scores": {"R2": 0.5}, "trained_on": "two clips"}
        export(VideoUNet(config), folder / name, record)
    return folder


def test_a_cascade_is_listed_and_loads_once_all_its_stages_are_there(shipped, still, monkeypatch):
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(shipped))
    assert [_is_here(card) for card in _CASCADES] == [False, True, False]
    code = "from engine.cards import CARDS; c = CARDS['cascaded-2scm']; print(list(CARDS), c.scores, c.trained_on)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ)
    assert "cascaded-1scm" not in done.stdout and "{'R2': 0.5} two clips" in done.stdout, done.stderr
    pipeline = load(TWO, "cpu")
    assert isinstance(pipeline, engine.Pipeline) and len(pipeline.weights_sha256) == 2 * 64 + 1
    clip = pipeline.preview(engine.Conditions(reference=still, lvef=60.0), TWO.defaults())
    assert clip.frames.shape == (64, 112, 112) and clip.fps == 32.0


def test_stages_that_are_no_cascade_are_refused(shipped, monkeypatch, tmp_path):
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(shipped))
    with pytest.raises(engine.BadInput, match="belong together"):
        load(replace(TWO, stages=TWO.stages[:1]), "cpu")
    for name in TWO.stages:
        (tmp_path / name).write_bytes((shipped / name).read_bytes())
        told = json.loads((shipped / name).with_suffix(".json").read_text())
        (tmp_path / name).with_suffix(".json").write_text(json.dumps({**told, "stage": {"frames": 4}}))
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(tmp_path))
    with pytest.raises(engine.BadInput, match="no stage of this version"):
        load(TWO, "cpu")
