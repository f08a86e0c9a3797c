"""The table of the cascades' paper (cascaded-edm, Table 1): how well clips follow their LVEF, and how much they look like true ones.

*Generation*, the paper's counterfactual: a still of a true clip and an LVEF drawn evenly from 15 to 85. *Reconstruction*, its
factual: the same still and the clip's own LVEF. As there, every draw has its own still and noise, the LVEF of a heart is the
same in all of them, and nothing aligns a generated clip with the true one: it begins anywhere in the beat, and SSIM and LPIPS
compare the n-th frame of the one with the n-th of the other. The still is a frame of the true clip itself, as in the paper's
published evaluation. A cascade of fewer frames is compared with the true clip at its
own rate; the paper stretches it to 64 frames first.

The paper reports, of three draws, the one whose LVEF its regressor finds nearest to what was asked for, which flatters. Here the
single draw comes first and the best of several is named as such; it is chosen by the regressor alone, and all columns are of
that draw. (The paper's published code takes the best SSIM and the best LPIPS of the three besides, each by itself.)
"""

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float
from tqdm import tqdm

from engine.conditions import LVEF
from engine.errors import BadInput
from engine.measures import extractors, lvef, segmenter
from engine.measures.agreement import Agreement, agree
from engine.measures.estimates import Estimate, bootstrap
from engine.measures.extractors import Extractor
from engine.measures.fidelity import Distance, distances
from engine.measures.lvef import LvefRegressor
from engine.measures.reading import read
from engine.measures.similarity import has_lpips, lpips, ssim
from engine.media.limits import UNKNOWN_SPACING
from engine.pipelines.cascaded_edm import CascadedEdm
from engine.shipped import find, sha256
from engine.types import Clip, Conditions
from training.tables.rows import Arrays, Key, Row, Rows
from training.tables.truths import Truth, Truths, draw_of

Task = Literal["generation", "reconstruction", "sheet"]
TASKS: tuple[Task, ...] = ("generation", "reconstruction")
TRUE = "true clips"
"""in place of a model's name"""
ASKED = (15.0, 85.0)
"""percent, of generation"""
SHEET = (15.0, 32.5, 50.0, 67.5, 85.0)
"""LVEFs on the contact sheet"""
SHOWN = 4
"""hearts on it"""
NAMES = {"frames": ("FID", "KID"), "clips": ("FVD", "KVD")}
"""of the distances, by what their features are of"""


@dataclass(frozen=True, eq=False)
class Rulers:
    """What every clip is measured with, true and generated alike."""

    regressor: LvefRegressor
    extractors: tuple[Extractor, ...]
    made_by: str
    """hash of their weights"""


@dataclass(frozen=True, eq=False)
class Wish:
    """One clip that the table wants of a model."""

    model: str
    task: Task
    truth: Truth
    draw: int
    asked: float
    """LVEF in percent"""


@dataclass(frozen=True)
class Line:
    """One line of the table; intervals over hearts."""

    model: str
    """TRUE for the true clips themselves, which say how far the rulers err"""
    task: str
    best_of: int
    """1: a single draw. n: of n draws the one whose LVEF the regressor finds nearest, which flatters"""
    clips: int
    seconds: Estimate
    """a clip, median"""
    evaluations: int
    """of all stages' networks, a clip"""
    regressor: Agreement | None
    """None: too few clips could be measured, or all ask for the same"""
    simpson: Agreement | None
    """likewise, by segmentation and Simpson's rule"""
    ssim: Estimate
    lpips: Estimate
    distances: tuple[Distance, ...]

    @property
    def draws(self) -> str:
        return "" if self.model == TRUE else "single draw" if self.best_of == 1 else f"best of {self.best_of} draws"


class Counted:
    """A network that counts how often it is asked."""

    def __init__(self, network: Callable[..., torch.Tensor]):
        self.network, self.calls = network, 0

    def __call__(self, *told: Any) -> torch.Tensor:
        self.calls += 1
        return self.network(*told)


def load_rulers() -> Rulers:
    """The frozen ones. Raises BadInput where their weights are missing."""
    regressor = lvef.load()
    weights = [sha256(find(name)) for name in (lvef.WEIGHTS, segmenter.WEIGHTS)]
    found = (extractors.echo_frames(), extractors.echo_clips(regressor))
    return Rulers(regressor, found, _hash(*weights, lpips=has_lpips()))


def make(
    models: Mapping[str, CascadedEdm], truths: Truths, draws: int, rows: Rows, rulers: Rulers
) -> tuple[list[Line], list[Row]]:
    """Every line of the table, and every generated clip's row.

    What `rows` holds of the same weights and settings is not made again; the rest is written there clip by clip. Raises
    BadInput where a true clip does not hold the frames of a model.
    """
    rates = dict.fromkeys((m.card.frames, float(m.stages[-1][0].fps)) for m in models.values())
    true = {rate: measure_truths(truths.clips, *rate, rows, rulers) for rate in rates}
    made = generate(models, wishes(tuple(models), truths.clips, draws), rows, rulers)
    lines = [summarise(rate, 1, ()) for rate in true.values()]
    for name, model in models.items():
        real = true[model.card.frames, float(model.stages[-1][0].fps)]
        for task in TASKS:
            of = [row for row in made if (row.model, row.task) == (name, task)]
            by_heart = [[row for row in of if row.heart == truth.heart] for truth in truths.clips]
            for best_of in sorted({1, draws}):
                chosen = [nearest(of[:best_of]) for of in by_heart]
                lines.append(summarise(chosen, best_of, apart(chosen, real, rows, rulers)))
    return lines, made


def wishes(models: Sequence[str], truths: Sequence[Truth], draws: int) -> list[Wish]:
    """All clips that are wanted, the single draws of all hearts first, those of the contact sheet last."""
    low, high = LVEF
    found = []
    for draw in range(draws):
        for truth in truths:
            # A few recordings have an LVEF that no model takes.
            asked = {
                "generation": float(draw_of(truth.heart, 1).uniform(*ASKED)),
                "reconstruction": min(max(truth.lvef, low), high),
            }
            found += [Wish(model, task, truth, draw, asked[task]) for task in TASKS for model in models]
    shown = [(truth, at, asked) for truth in truths[:SHOWN] for at, asked in enumerate(SHEET)]
    return found + [Wish(model, "sheet", truth, at, asked) for model in models for truth, at, asked in shown]


def measure_truths(truths: Sequence[Truth], frames: int, fps: float, rows: Rows, rulers: Rulers) -> list[Row]:
    """A row of each true clip as recorded at this rate."""
    found = []
    for truth in tqdm(truths, desc=f"true clips at {fps:g} fps", unit="clip"):
        made_by = _hash(rulers.made_by, truth.digest)
        row = Row(made_by, TRUE, f"{frames} frames at {fps:g} fps", truth.heart, 0, truth.lvef)
        if row.key not in rows:
            regressor, simpson, arrays = _measure(truth.at(frames, fps), rulers)
            rows.add(replace(row, regressor=regressor, simpson=simpson), arrays)
        found.append(rows[row.key])
    return found


def generate(models: Mapping[str, CascadedEdm], wanted: Sequence[Wish], rows: Rows, rulers: Rulers) -> list[Row]:
    """A row of each wish, in their order, with the time left."""
    counting = {name: _counting(model) for name, model in models.items()}
    keys = {id(wish): key_of(wish, models[wish.model], rulers) for wish in wanted}
    missing = [wish for wish in wanted if keys[id(wish)] not in rows]
    # Clips of several cascades follow each other: the mean of all is what tells the time left.
    for wish in tqdm(missing, desc="generated clips", unit="clip", smoothing=0):
        rows.add(*_fulfil(wish, keys[id(wish)][0], counting[wish.model], rulers))
    return [rows[keys[id(wish)]] for wish in wanted]


def key_of(wish: Wish, model: CascadedEdm, rulers: Rulers) -> Key:
    stages = [asdict(stage) for stage, _ in model.stages]
    made_by = _hash(
        model.weights_sha256, rulers.made_by, wish.truth.digest, stages=stages, **asdict(model.card.defaults())
    )
    return Row(made_by, wish.model, wish.task, wish.truth.heart, wish.draw, wish.asked).key


def still_of(truth: Truth, draw: int) -> tuple[int, int]:
    """The frame that a draw starts from, and its noise seed: the same for all models and tasks."""
    rng = draw_of(truth.heart, 2, draw)
    return int(rng.integers(len(truth.clip.frames))), int(rng.integers(2**31))


def nearest(draws: Sequence[Row]) -> Row:
    """The draw whose LVEF the regressor finds nearest to the one asked for; one that could not be measured comes last."""
    missed = [abs(row.regressor - row.asked) for row in draws]
    return draws[int(np.argmin([math.inf if math.isnan(value) else value for value in missed]))]


def summarise(rows: Sequence[Row], best_of: int, found: tuple[Distance, ...]) -> Line:
    """A line of one row for each heart."""
    asked, regressor, simpson, seconds, alike, unlike = (
        np.array([getattr(row, name) for row in rows], float)
        for name in ("asked", "regressor", "simpson", "seconds", "ssim", "lpips")
    )
    return Line(
        model=rows[0].model,
        task=rows[0].task,
        best_of=best_of,
        clips=len(rows),
        seconds=bootstrap(seconds, np.median),
        evaluations=rows[0].evaluations,
        regressor=_agreement(asked, regressor, best_of),
        simpson=_agreement(asked, simpson, best_of),
        ssim=bootstrap(alike),
        lpips=bootstrap(unlike),
        distances=found,
    )


def apart(made: Sequence[Row], real: Sequence[Row], rows: Rows, rulers: Rulers) -> tuple[Distance, ...]:
    """The distances of generated clips from true ones, by both extractors."""
    sets = [[rows.arrays(row) for row in side] for side in (made, real)]
    found = []
    for extractor in rulers.extractors:
        generated, true = ([arrays[extractor.of].astype(np.float64) for arrays in side] for side in sets)
        found += distances(extractor.name, NAMES[extractor.of], generated, true)
    return tuple(found)


def _fulfil(wish: Wish, made_by: str, model: CascadedEdm, rulers: Rulers) -> tuple[Row, Arrays]:
    card, truth = model.card, wish.truth
    # On the sheet nothing but the LVEF differs from clip to clip of a heart.
    at, seed = still_of(truth, 0 if wish.task == "sheet" else wish.draw)
    spacing = truth.clip.mm_per_pixel
    told = Conditions(
        reference=truth.clip.frames[at : at + 1],
        mm_per_pixel=None if spacing == UNKNOWN_SPACING else spacing,
        lvef=wish.asked,
    )
    before, began = _calls(model), time.perf_counter()
    (clip,) = model.generate(told, card.defaults(seeds=(seed,)))
    seconds = time.perf_counter() - began
    regressor, simpson, arrays = _measure(clip, rulers, wish.task == "sheet")
    row = Row(
        made_by=made_by,
        model=wish.model,
        task=wish.task,
        heart=truth.heart,
        draw=wish.draw,
        asked=wish.asked,
        seconds=seconds,
        evaluations=_calls(model) - before,
        regressor=regressor,
        simpson=simpson,
    )
    if wish.task == "reconstruction":
        true = truth.at(card.frames, clip.fps).frames
        row = replace(
            row, ssim=ssim(clip.frames, true), lpips=lpips(clip.frames, true) if has_lpips() else float("nan")
        )
    return row, arrays


def _measure(clip: Clip, rulers: Rulers, shown: bool = False) -> tuple[float, float, Arrays]:
    """LVEF by both routes, and the features; of a clip to be shown its frames of ED and ES too."""
    # An LVEF is a ratio, so it needs no spacing; with one, a volume would be traced in every frame.
    found = read(replace(clip, mm_per_pixel=UNKNOWN_SPACING), rulers.regressor)
    arrays = {extractor.of: extractor.embed(clip).astype(np.float32) for extractor in rulers.extractors}
    if shown:
        ends = (found.beats[0].ed, found.beats[0].es) if found.beats else (0, len(clip.frames) // 2)
        arrays["ends"] = clip.frames[list(ends)]
    return found.lvef_regressor, found.lvef_simpson, arrays


def _agreement(asked: Float[np.ndarray, "n"], measured: Float[np.ndarray, "n"], best_of: int) -> Agreement | None:
    try:
        (found,) = agree(asked, measured[:, None])
    except BadInput:
        return None
    return replace(found, best_of=best_of)


def _counting(model: CascadedEdm) -> CascadedEdm:
    stages = [(stage, Counted(network)) for stage, network in model.stages]
    return CascadedEdm(model.card, stages, model.weights_sha256, model.device)


def _calls(model: CascadedEdm) -> int:
    return sum(network.calls for _, network in model.stages if isinstance(network, Counted))


def _hash(*parts: str, **told: Any) -> str:
    return hashlib.sha256(json.dumps([parts, told], sort_keys=True).encode()).hexdigest()[:12]
