"""The cascades' table and the rebalancing experiment, with tiny networks of random weights and short clips of simulated hearts."""

import csv
import json
import math
import shutil
from dataclasses import asdict, replace

import cv2
import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from engine import cards
from engine.cards import _CASCADES
from engine.errors import BadInput
from engine.measures import estimates
from engine.media.limits import UNKNOWN_SPACING
from engine.networks.video_unet import VideoUNet, VideoUNetConfig
from engine.phantom.population import draw_subject
from engine.phantom.quality import DRAFT
from engine.phantom.simulate import simulate
from engine.pipelines.cascaded_edm import CascadedEdm, Stage
from engine.shipped import find
from engine.types import Clip
from tests.training.data import copies
from training.__main__ import app
from training.data.phantom import HELD_OUT, Recipe
from training.export import export
from training.tables import cascade, commands, rebalancing, report, truths
from training.tables.rows import Row, Rows
from training.tables.truths import Truth, Truths

STAGE = Stage(frames=6, fps=8.0, size=112, steps=2, churn=80.0, guided=True)
CONFIG = VideoUNetConfig(28, (8, 8), (False, True), head_channels=8, embedding=16)
CARD = replace(_CASCADES[0], name="tiny", frames=6, fps=8.0, steps=(1, 2, 100), stages=("tiny.safetensors",))
HEARTS = 3


@pytest.fixture(autouse=True)
def few_resamplings(monkeypatch):
    """Intervals are tested with the estimates."""
    monkeypatch.setattr(estimates, "DRAWS", 30)


@pytest.fixture(scope="module")
def hearts():
    found = []
    for seed in range(HELD_OUT, HELD_OUT + HEARTS):
        subject = draw_subject(seed)
        (clip,) = simulate([subject.exam()], 12, 112, "cpu", DRAFT, fps=16.0)
        found.append(Truth(str(seed), Clip(clip.frames, 16.0, clip.mm_per_pixel), subject.lvef))
    return Truths(tuple(found), "three hearts")


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    return CascadedEdm(CARD, [(STAGE, VideoUNet(CONFIG).eval().requires_grad_(False))], "00")


@pytest.fixture(scope="module")
def rulers():
    return cascade.load_rulers()


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """The tiny cascade as training writes it, in the folder of weights and among the cards."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("lvef", "segmenter"):
        for ending in (".safetensors", ".json"):
            shutil.copy(find(f"{name}.safetensors").with_suffix(ending), folder)
    torch.manual_seed(0)
    export(VideoUNet(CONFIG), folder / CARD.stages[0], {"network": asdict(CONFIG), "stage": asdict(STAGE)})
    monkeypatch.setenv("ECHO_STUDIO_WEIGHTS", str(folder))
    monkeypatch.setattr(cards, "CARDS", {CARD.name: CARD})
    monkeypatch.setattr(truths, "RECIPE", Recipe(6, 112, "echonet", 8.0))
    monkeypatch.setattr(cascade, "SHOWN", 1)
    cards.load.cache_clear()
    yield folder
    cards.load.cache_clear()


def row(heart, draw, asked, regressor, **more):
    return Row("x", "m", "generation", heart, draw, asked, 2.0 + draw, 46, regressor, regressor - 2, **more)


DRAWS = [
    [row("a", 0, 20, 30), row("a", 1, 20, 19), row("a", 2, 20, 24)],
    [row("b", 0, 40, 40), row("b", 1, 40, 80), row("b", 2, 40, math.nan)],
    [row("c", 0, 60, math.nan), row("c", 1, 60, 40), row("c", 2, 60, 57)],
    [row("d", 0, 80, 70), row("d", 1, 80, 77), row("d", 2, 80, 85)],
]


def test_single_draws_and_the_best_of_three_have_the_figures_of_their_rows():
    single = cascade.summarise([of[0] for of in DRAWS], 1, ())
    best = cascade.summarise([cascade.nearest(of) for of in DRAWS], 3, ())
    # The single draws miss by 10, 0, none, -10; asked 20, 40, 80 about their mean of 140 / 3.
    assert single.regressor.mae.value == pytest.approx(20 / 3) and single.regressor.unmeasured == 1
    assert single.regressor.r_squared.value == pytest.approx(1 - 200 / (8400 - 140**2 / 3))
    # The best miss by -1, 0, -3, -3, and Simpson, which does not choose, by 2 less.
    assert best.regressor.mae.value == pytest.approx(7 / 4) and best.regressor.requests == 4
    assert best.regressor.rmse.value == pytest.approx(math.sqrt(19 / 4))
    assert best.regressor.r_squared.value == pytest.approx(1 - 19 / 2000)
    assert best.simpson.bias.value == pytest.approx(-7 / 4 - 2)
    assert (single.draws, best.draws, best.regressor.draws) == ("single draw", *("best of 3 draws",) * 2)
    assert (single.seconds.value, best.seconds.value) == (2.0, 3.0) and single.evaluations == 46
    assert math.isnan(best.ssim.value)


def test_what_cannot_be_compared_is_left_out_by_itself():
    alike = [row(heart, 0, 50, 40) for heart in "abc"]
    line = cascade.summarise(alike, 1, ())
    assert line.regressor is None and line.seconds.value == 2.0
    assert cascade.nearest([row("a", 0, 50, math.nan)] * 2).draw == 0


def test_a_true_clip_is_seen_at_the_rate_of_the_model():
    frames = np.arange(64, dtype=np.uint8)[:, None, None] * np.ones((1, 4, 4), np.uint8)
    truth = Truth("a", Clip(frames, 32.0, UNKNOWN_SPACING), 50.0)
    assert truth.at(16, 8.0).frames[:, 0, 0].tolist() == list(range(0, 64, 4)) and truth.at(16, 8.0).fps == 8.0
    assert len(truth.at(64, 32.0).frames) == 64
    for frames_, fps in ((65, 32.0), (17, 8.0), (4, 64.0), (4, 10.0)):
        with pytest.raises(BadInput, match=r"no .* can be taken"):
            truth.at(frames_, fps)


def test_recordings_are_resampled_in_time():
    frames = (np.arange(11, dtype=np.uint8) * 10)[:, None, None] * np.ones((1, 2, 2), np.uint8)
    assert truths.at_rate(frames, 10.0, 20.0)[:, 0, 0].tolist() == list(range(0, 101, 5))
    assert truths.at_rate(frames, 10.0, 5.0)[:, 0, 0].tolist() == [0, 20, 40, 60, 80, 100]
    assert np.array_equal(truths.at_rate(frames, 32.0, 32.0), frames)


def test_a_balanced_order_is_even_from_the_start():
    lvef = np.array([55.0] * 20 + [20.0, 21.0, 35.0, 36.0, 75.0])
    order = truths.flattest(lvef)
    assert sorted(order) == list(range(25))
    assert sorted(lvef[order[:4]]) == [20, 35, 55, 75] and sorted(lvef[order[4:7]]) == [21, 36, 55]


def test_seeds_of_the_usual_spread_have_it():
    mean, spread = truths.USUAL
    lvef = np.array([draw_subject(seed).lvef for seed in truths._usual_seeds(60)])
    assert abs(lvef.mean() - mean) < 3 * spread / math.sqrt(60) and 0.7 * spread < lvef.std() < 1.2 * spread


def test_stills_noise_and_lvef_of_a_heart_do_not_depend_on_its_company(hearts):
    many = cascade.wishes(("m", "n"), hearts.clips, 2)
    alone = cascade.wishes(("n",), hearts.clips[1:2], 2)
    told = [(w.truth.heart, w.task, w.draw, w.asked) for w in many if w.model == "n" and w.task != "sheet"]
    assert {(w.truth.heart, w.task, w.draw, w.asked) for w in alone if w.task != "sheet"} <= set(told)
    generation = {w.asked for w in many if w.task == "generation"}
    assert len(generation) == HEARTS and all(15 <= asked <= 85 for asked in generation)
    assert {w.asked for w in many if w.task == "reconstruction"} == {truth.lvef for truth in hearts.clips}
    assert cascade.still_of(hearts.clips[0], 0) != cascade.still_of(hearts.clips[0], 1)
    singles = [w.draw for w in many if w.task != "sheet"]
    assert singles == sorted(singles)


def test_a_table_goes_on_where_it_was_interrupted_and_makes_nothing_twice(tiny, hearts, rulers, tmp_path, monkeypatch):
    made, limit = [], [5]
    generate = CascadedEdm.generate

    def counted(self, conditions, settings, on_step=lambda step: None):
        if len(made) == limit[0]:
            raise KeyboardInterrupt
        made.append((conditions.lvef, settings.seeds))
        return generate(self, conditions, settings, on_step)

    monkeypatch.setattr(CascadedEdm, "generate", counted)
    monkeypatch.setattr(cascade, "SHOWN", 0)
    with pytest.raises(KeyboardInterrupt):
        cascade.make({"tiny": tiny}, hearts, 1, Rows(tmp_path), rulers)
    with (tmp_path / "rows.csv").open("a") as file:
        file.write("half a row,tiny,gener")
    limit[0] = None
    lines, rows = cascade.make({"tiny": tiny}, hearts, 1, Rows(tmp_path), rulers)
    assert len(made) == len(set(made)) == len(rows) == 2 * HEARTS
    again, _ = cascade.make({"tiny": tiny}, hearts, 1, Rows(tmp_path), rulers)
    assert again == lines and len(made) == 2 * HEARTS
    told = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert len(told) == 3 * HEARTS, "a row for each generated clip and each true one"
    other = CascadedEdm(CARD, tiny.stages, "other weights")
    cascade.make({"tiny": other}, hearts, 1, Rows(tmp_path), rulers)
    assert len(made) == 4 * HEARTS, "rows of other weights are not taken for these"


def test_the_whole_table_by_one_command(shipped, tmp_path):
    out = tmp_path / "out"
    args = ["table", "cascaded-edm", "--hearts", str(HEARTS), "--draws", "2", "--out", str(out)]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    text = (out / "table.txt").read_text()
    assert text.strip() in done.output and ("LPIPS is missing" in text) == (not cascade.has_lpips())
    names = [
        "true clips",
        *(f"tiny, {task}, {d}" for task in cascade.TASKS for d in ("single draw", "best of 2 draws")),
    ]
    places = [text.index(name) for name in names]
    assert places == sorted(places), "the rulers first, then single draws before the best"
    document = json.loads((out / "table.json").read_text())
    first, *lines = document["lines"]
    assert first["regressor"]["requests"] == HEARTS and first["evaluations"] == 0
    for line in lines:
        assert line["clips"] == HEARTS and line["evaluations"] == 6, "two Heun steps of a guided stage: 2 x (2 + 1)"
        assert [each["name"] for each in line["distances"]] == ["FID", "KID", "FVD", "KVD"]
        assert (line["ssim"]["value"] is not None) == (line["task"] == "reconstruction")
    table = list(csv.DictReader((out / "table.csv").open()))
    assert [each["task"] for each in table[1:]] == [line["task"] for line in lines]
    assert float(table[1]["regressor_mae_value"]) == lines[0]["regressor"]["mae"]["value"]
    assert len(list(out.glob("agreement-tiny-*-regressor-*.png"))) == 4
    sheet = cv2.imread(str(out / "sheet-tiny.png"))
    assert sheet.shape == (112 + 2 * report.LETTERS, 112 * (1 + 2 * len(cascade.SHEET)), 3)
    # Again: everything is there, so the same rows and seconds make the same table.
    assert CliRunner().invoke(app, args).exit_code == 0
    assert json.loads((out / "table.json").read_text())["lines"] == document["lines"]


def test_lvefs_that_fill_make_the_whole_even():
    rng = np.random.default_rng(0)
    kept = np.clip(rng.normal(56, 12, 100), 15, 85)
    asked = rebalancing.fill(kept, 100, rng)
    edges = np.linspace(*rebalancing.ASKED, rebalancing.BINS + 1)
    before, after = (np.histogram(lvef, edges)[0] for lvef in (kept, np.concatenate([kept, asked])))
    filled = after > before
    assert len(asked) == 100 and np.ptp(after[filled]) <= 1 and after[filled].max() <= after[~filled].min() + 1
    assert np.ptp(np.histogram(rebalancing.fill(np.array([]), 28, rng), edges)[0]) == 0


def test_half_of_the_clips_are_replaced_by_generated_ones_once(tiny, hearts, tmp_path):
    found = rebalancing.rebalance(hearts.clips, tiny, tmp_path, 0)
    true = {id(truth.clip): truth.lvef for truth in hearts.clips}
    kept = [lvef for clip, lvef in zip(found.clips, found.lvef, strict=True) if true.get(id(clip)) == lvef]
    assert len(found.clips) == HEARTS and len(kept) == 2 and len(list(tmp_path.iterdir())) == 1

    def never(x, c_noise, conditions):
        raise AssertionError("it is there")

    again = rebalancing.rebalance(hearts.clips, CascadedEdm(CARD, [(STAGE, never)], "00"), tmp_path, 0)
    assert np.array_equal(again.clips[-1].frames, found.clips[-1].frames) and np.array_equal(again.lvef, found.lvef)


def test_batches_are_drawn_by_step_and_alike_for_both_arms(hearts):
    clips = tuple(truth.clip for truth in hearts.clips)
    one, other = (
        rebalancing.Batches(rebalancing.Examples(clips, np.array(lvef)), 8.0, 3) for lvef in ([1.0, 2, 3], [4.0, 5, 6])
    )
    frames, lvef = one.draw(7)
    same, others = other.draw(7)
    assert torch.equal(frames, same) and torch.equal(lvef + 3, others)
    assert frames.shape == (rebalancing.RECIPE.batch, 6, 112, 112) and 0 <= frames.min() <= frames.max() <= 1
    assert not torch.equal(frames, one.draw(8)[0])


def test_the_rebalancing_experiment_by_one_command(shipped, tmp_path):
    out = tmp_path / "out"
    args = ["table", "rebalancing", "--real", "4", "--hearts", "3", "--minutes", "0.01", "--out", str(out)]
    done = CliRunner().invoke(app, args)
    assert done.exit_code == 0, done.output
    found = json.loads((out / "table.json").read_text())
    assert list(found["arms"]) == list(rebalancing.ARMS) and min(found["steps"].values()) > 0
    one, other = (found["arms"][name]["mae"]["value"] for name in rebalancing.ARMS)
    assert found["mae_gained"]["value"] == pytest.approx(one - other)
    refused = CliRunner().invoke(app, [*args, "--seed", "1"])
    assert refused.exit_code == 2 and "another experiment" in refused.output


def test_recordings_of_a_copy_are_cut_and_left_out_as_told(tmp_path):
    names = [("long", 120), ("longer", 200), ("more", 130), ("short", 60)]
    videos = [copies.Video(name, "TEST", frames) for name, frames in names] + [copies.Video("train", "TRAIN", 130)]
    root = copies.write_echonet(tmp_path, videos)
    found = truths.unseen(root, tmp_path, 10)
    assert {truth.heart for truth in found.clips} == {"long", "longer", "more"} and "1 that are" in found.about
    assert all(truth.clip.frames.shape == (64, 112, 112) and truth.clip.fps == 32.0 for truth in found.clips)
    assert truths.unseen(root, tmp_path, 10).clips[0].clip.frames.tobytes() == found.clips[0].clip.frames.tobytes()
    with pytest.raises(BadInput, match=r"1 recordings .* 3 or more"):
        truths.usual(root, tmp_path, 10)


@pytest.mark.parametrize(
    ("args", "word"),
    [
        (["cascaded-edm", "--hearts", "2"], "2 hearts were asked for; 3 or more"),
        (["cascaded-edm", "--draws", "0"], "0 draws were asked for; 1 or more"),
        (["cascaded-edm", "--models", "cascaded-9scm"], "no cascade 'cascaded-9scm' here; choose among tiny"),
        (["cascaded-edm", "--data", "EMPTY"], "no copy of EchoNet-Dynamic"),
        (["cascaded-edm", "--data", "missing"], "no copy of EchoNet-Dynamic"),
        (["cascaded-edm", "--out", "FILE/out"], "cannot be written"),
        (["rebalancing", "--out", "FILE/out"], "cannot be written"),
        (["rebalancing", "--real", "1"], "1 true clips"),
        (["rebalancing", "--minutes", "0"], "0 minutes"),
        (["rebalancing", "--data", "EMPTY"], "no copy of EchoNet-Dynamic"),
    ],
)
def test_bad_input_is_one_sentence(shipped, tmp_path, args, word):
    (tmp_path / "file").write_text("")
    (tmp_path / "empty").mkdir()
    places = {"EMPTY": str(tmp_path / "empty"), "FILE/out": str(tmp_path / "file" / "out")}
    out = [] if "--out" in args else ["--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, ["table", *(places.get(arg, arg) for arg in args), *out])
    assert done.exit_code == 2 and word in done.output, done.output
    assert "Traceback" not in done.output and done.output.count("\n") == 1


def test_without_a_cascade_it_says_how_to_get_one(shipped, tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "CARDS", {})
    for command in ("cascaded-edm", "rebalancing"):
        done = CliRunner().invoke(app, ["table", command, "--out", str(tmp_path)])
        assert done.exit_code == 2 and "No cascade is present: train its stages" in done.output
    with pytest.raises(BadInput, match="No cascade"):
        commands.present("tiny")


def test_a_table_of_true_clips_alone_has_no_nan_in_json():
    line = cascade.summarise([of[0] for of in DRAWS], 1, ())
    document = report.plain([replace(line, model=cascade.TRUE)], "about")
    assert "NaN" not in json.dumps(document)
