"""The downstream task of the cascades' paper (cascaded-edm, section 3): does a rebalanced training set read LVEF better?

Two LVEF regressors start from the same weights and have the same time. One learns from `n` true
clips whose LVEF is spread as usual, most of them near 56 %. For the other, half of those are replaced, each by a clip that the
cascade makes from its still, at LVEFs that the other half lacks: as in the paper the number of clips stays, the whole becomes as
even as the true half allows, and a generated clip counts for the LVEF that was asked for. Both are scored on hearts of even LVEF.

They learn the LVEF alone, for a recording tells no more, from clips that are shifted as the paper's are.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor
from tqdm import tqdm

from engine.errors import BadInput
from engine.measures.agreement import Agreement, agree, mean_absolute_error, r_squared
from engine.measures.estimates import Estimate, bootstrap
from engine.measures.lvef import LvefRegressor, freeze, prepare
from engine.measures.plots import draw_agreement
from engine.measures.table import align
from engine.media.limits import UNKNOWN_SPACING
from engine.networks.r2plus1d import R2Plus1d
from engine.pipelines.cascaded_edm import CascadedEdm
from engine.types import Clip, Conditions
from training.fit import fit
from training.lvef import RECIPE
from training.tables.truths import Truth, Truths, draw_of

RATE = 16.0
"""frames a second that are read of a clip, or as many as the cascade makes; twice as many take twice the time"""
ASKED = (15.0, 85.0)
"""percent: the range that is made even"""
BINS = 14
SHIFT = 12
"""pixels to either side, as in the paper"""
ARMS = ("true clips alone", "half of them generated")
PAPER = "The paper's own, on EchoNet-Dynamic: R2 0.56 with 790 true clips, 0.59 with half of 790 generated."


@dataclass(frozen=True, eq=False)
class Examples:
    """What a regressor learns from."""

    clips: tuple[Clip, ...]
    lvef: Float[np.ndarray, "n"]
    """percent"""


@dataclass(frozen=True)
class Result:
    """Both arms on the same test hearts; intervals over them."""

    arms: dict[str, Agreement]
    steps: dict[str, int]
    """of training, in the same time"""
    r_squared_gained: Estimate
    """by rebalancing; hearts drawn in pairs"""
    mae_gained: Estimate
    """points by which the mean absolute error falls"""


def fill(kept: Float[np.ndarray, "k"], count: int, rng: np.random.Generator) -> Float[np.ndarray, "{count}"]:
    """LVEFs that make the whole even: each goes where, with those before it, the fewest are; evenly drawn within its bin."""
    edges = np.linspace(*ASKED, BINS + 1)
    held = np.histogram(np.clip(kept, *ASKED), edges)[0].astype(float)
    asked = []
    for _ in range(count):
        at = int((held + rng.uniform(0, 1e-3, BINS)).argmin())  # ties by lot
        held[at] += 1
        asked.append(rng.uniform(edges[at], edges[at + 1]))
    return np.array(asked)


def rebalance(truths: Sequence[Truth], model: CascadedEdm, folder: Path, seed: int) -> Examples:
    """The true clips, every other one replaced by one generated from its still. What is in `folder` is not made again."""
    rng = np.random.default_rng([seed, 1])
    order = rng.permutation(len(truths))
    kept, replaced = [[truths[i] for i in part] for part in np.array_split(order, 2)]
    asked = fill(np.array([truth.lvef for truth in kept]), len(replaced), rng)
    folder.mkdir(parents=True, exist_ok=True)
    pairs = zip(replaced, asked, strict=True)
    made = [
        _generated(truth, float(lvef), model, folder, seed)
        for truth, lvef in tqdm(pairs, total=len(replaced), desc="generated clips", unit="clip")
    ]
    lvef = np.concatenate([[truth.lvef for truth in kept], asked])
    return Examples((*(truth.clip for truth in kept), *made), lvef)


def run(model: CascadedEdm, real: Truths, test: Truths, folder: Path, minutes: float, seed: int) -> Result:
    """Trains both arms, or goes on where an earlier sitting in `folder` stopped, and scores them.

    Raises BadInput where the test hearts are fewer than 3, or all of one LVEF.
    """
    rate = min(RATE, float(model.stages[-1][0].fps))
    arms = {
        ARMS[0]: Examples(tuple(truth.clip for truth in real.clips), np.array([truth.lvef for truth in real.clips])),
        ARMS[1]: rebalance(real.clips, model, folder / "generated", seed),
    }
    true = np.array([truth.lvef for truth in test.clips])
    measured, found, steps = [], {}, {}
    for at, (name, examples) in enumerate(arms.items()):
        regressor, steps[name] = _train(examples, rate, folder / f"arm-{at + 1}", minutes, seed)
        clips = [thin(truth.clip, rate).frames for truth in test.clips]
        measured.append(regressor.measure(clips, rate))
        (found[name],) = agree(true, measured[-1][:, None])
        draw_agreement(true, measured[-1][:, None], found[name], folder / f"agreement-arm-{at + 1}.png")
    rows = np.stack([true, *measured], 1)
    return Result(
        arms=found,
        steps=steps,
        r_squared_gained=bootstrap(rows, lambda drawn: r_squared(drawn[:, [0, 2]]) - r_squared(drawn[:, :2])),
        mae_gained=bootstrap(
            rows, lambda drawn: mean_absolute_error(drawn[:, :2]) - mean_absolute_error(drawn[:, [0, 2]])
        ),
    )


def show(result: Result, about: str) -> str:
    head = ("learned from", "test hearts", "steps", "R2", "MAE", "RMSE", "bias")
    lines = [
        (name, str(a.requests), str(result.steps[name]), *map(str, (a.r_squared, a.mae, a.rmse, a.bias)))
        for name, a in result.arms.items()
    ]
    gained = f"Gained by rebalancing: R2 {result.r_squared_gained}, MAE {result.mae_gained} points; 95 % intervals over hearts."
    return "\n".join([about, "", align([head, *lines]), gained, PAPER])


def thin(clip: Clip, rate: float) -> Clip:
    """At a lower frame rate: the frames nearest to its instants."""
    at = np.round(np.arange(0, len(clip.frames) - 0.5, clip.fps / rate)).astype(int)
    return Clip(clip.frames[at], rate, clip.mm_per_pixel)


class Batches:
    """Drawn by step, so that both arms, and a resumed run, draw alike."""

    def __init__(self, examples: Examples, rate: float, seed: int):
        self.lvef, self.seed = examples.lvef, seed
        self.clips = [np.concatenate(prepare(thin(clip, rate).frames, rate)) for clip in examples.clips]

    def draw(self, step: int) -> tuple[Float[Tensor, "b t h w"], Float[Tensor, "b"]]:
        """Shifted frames 0..1, and LVEF in percent."""
        rng = np.random.default_rng([self.seed, step])
        chosen = rng.integers(len(self.clips), size=RECIPE.batch)
        frames = np.stack([_shifted(self.clips[i], rng.integers(2 * SHIFT + 1, size=2)) for i in chosen])
        return torch.from_numpy(frames).float() / 255, torch.from_numpy(self.lvef[chosen]).float()


def _train(examples: Examples, rate: float, folder: Path, minutes: float, seed: int) -> tuple[LvefRegressor, int]:
    torch.manual_seed(seed)  # the same start
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = R2Plus1d().to(device)
    network.to(memory_format=torch.channels_last_3d)  # pyright: ignore[reportCallIssue]
    batches = Batches(examples, rate, seed)

    def loss(step: int) -> Float[Tensor, ""]:
        frames, lvef = (value.to(device) for value in batches.draw(step))
        with torch.autocast(device.type, torch.bfloat16):
            seen = network(frames)
        return F.smooth_l1_loss(seen.lvef.float() / 10, lvef / 10)

    run = fit(network, loss, RECIPE, folder, minutes)
    learned = run.ema.network
    assert isinstance(learned, R2Plus1d)
    return freeze(learned), run.progress.step


def _generated(truth: Truth, lvef: float, model: CascadedEdm, folder: Path, seed: int) -> Clip:
    fps, path = float(model.stages[-1][0].fps), folder / f"{truth.heart}.npz"
    if path.exists():
        with np.load(path) as found:
            return Clip(found["frames"], fps, truth.clip.mm_per_pixel)
    rng = draw_of(truth.heart, 3, seed)
    at, noise, spacing = int(rng.integers(len(truth.clip.frames))), int(rng.integers(2**31)), truth.clip.mm_per_pixel
    told = Conditions(
        reference=truth.clip.frames[at : at + 1],
        mm_per_pixel=None if spacing == UNKNOWN_SPACING else spacing,
        lvef=lvef,
    )
    (clip,) = model.generate(told, model.card.defaults(seeds=(noise,)))
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez_compressed(file, frames=clip.frames)
    temporary.replace(path)
    return clip


def _shifted(frames: np.ndarray, at: Int[np.ndarray, "2"]) -> np.ndarray:
    """The window at (y, x) of the frames with black all round."""
    height, width = frames.shape[1:]
    padded = np.pad(frames, ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT)))
    return padded[:, at[0] : at[0] + height, at[1] : at[1] + width]


def claim(folder: Path, experiment: dict[str, Any]) -> None:
    """Writes into a folder what it is for. Raises BadInput where it cannot be written or is for something else."""
    note = folder / "experiment.json"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not note.exists():
            note.write_text(json.dumps(experiment, indent=1) + "\n", encoding="utf-8")
        known = json.loads(note.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(
            f"{folder} cannot be written ({error.strerror}); choose a folder that is yours by --out."
        ) from None
    if known != experiment:
        raise BadInput(
            f"{folder} holds another experiment ({json.dumps(known)}); choose another folder by --out, or the same options."
        )
