"""The ruler itself: what it reads off pictures whose answer is known."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.phantom import reading, report
from engine.phantom.__main__ import app
from engine.phantom.population import draw_subject
from engine.phantom.simulate import simulate


@pytest.fixture(scope="module")
def clip():
    return simulate([draw_subject(2).exam()], 6, reading.SIZE)[0]


def test_an_even_grey_reads_as_it_is(clip):
    even = replace(clip, frames=np.where(clip.label_maps > 0, 80, 0).astype(np.uint8))
    seen = reading.read(even)
    assert {seen.figures[k] for k in ("mean grey", "grey p25", "grey p95", "blood", "wall")} == {80.0}
    assert seen.figures["share at 0"] == 0 and np.allclose(seen.by_depth, 80)
    assert seen.histogram[5] == 1 and seen.histogram.sum() == pytest.approx(1)


def test_patches_give_the_sd_and_skewness_of_noise():
    rng = np.random.default_rng(0)
    normal = reading.patches(rng.normal(100, 7, (200, 200)), np.ones((200, 200), bool))
    assert normal[:, 0].mean() == pytest.approx(100, abs=0.5)
    assert normal[:, 1].mean() == pytest.approx(7, abs=0.3)
    assert normal[:, 2].mean() == pytest.approx(0, abs=0.1)
    skewed = reading.patches(100 + 7 * rng.gamma(2.0, 1.0, (200, 200)), np.ones((200, 200), bool))
    assert skewed[:, 2].mean() > 0.5


def test_half_maximum_of_a_gaussian():
    curve = np.exp(-0.5 * (np.arange(40) / 8.0) ** 2)
    assert reading.half_maximum(curve) == pytest.approx(8 * np.sqrt(2 * np.log(2)), abs=0.02)
    assert np.isnan(reading.half_maximum(np.ones(5)))


def test_a_still_film_correlates_wholly_and_noise_not_at_all(clip):
    frozen = replace(clip, frames=clip.frames[[0] * 6], hearts=clip.hearts[:1] * 6)
    noise = np.random.default_rng(0).integers(0, 255, clip.frames.shape, np.uint8)
    assert reading.correlations(frozen)["wall"][2] == pytest.approx(1)
    assert abs(reading.correlations(replace(frozen, frames=noise))["wall"][2]) < 0.12


def test_wider_speckle_reads_wider(clip):
    import cv2

    blurred = np.stack([cv2.GaussianBlur(f, (0, 0), 1.5) for f in clip.frames])
    assert (reading.widths(replace(clip, frames=blurred)) > reading.widths(clip)).all()


def test_a_verdict_is_whether_the_median_lies_within():
    row = report._row("grey", [1.0, 2.0, 9.0], 3.0, 2.0, 4.0)
    assert row.phantom == 2.0 and row.passes
    assert not replace(row, low=2.5).passes and not replace(row, high=1.5).passes


def test_the_command_prints_every_figure_and_draws_them(tmp_path, monkeypatch):
    monkeypatch.setattr(report, "MOTION_CLIPS", 1)
    done = CliRunner().invoke(app, ["report", "--count", "6", "--out", str(tmp_path / "p.png")])
    assert done.exit_code == 0, done.output
    assert (
        "histogram distance" in done.stdout and "lateral width deep" in done.stdout and "camus, 6 clips" in done.stdout
    )
    assert (tmp_path / "p.png").stat().st_size > 20_000
