"""Trains the LVEF regressor on simulated clips of the measuring networks' own hearts, and scores it on unseen ones.

`python -m training.lvef train CACHE RUN --minutes 30` trains, or goes on where RUN stopped, and writes the averaged weights
with their card; `python -m training.lvef score WEIGHTS HELD_OUT` adds to the card what it measured.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from jaxtyping import Float, Int
from torch import Tensor

from engine.anatomy.labels import LV
from engine.measures.lvef import SIZE, WEIGHTS, LvefRegressor, freeze
from engine.networks.r2plus1d import R2Plus1d, Reading
from engine.weights import load_strictly
from training import augment, ruler
from training.data.phantom import PhantomSet
from training.export import export, record_scores
from training.fit import Recipe, fit

RECIPE = Recipe(learning_rate=2e-3, batch=8)
COUNTS = (12, 16, 20, 24, 32)
"""frames a clip; one number a batch"""
FEWEST = 8
"""frames a beat"""
MOST_BEATS = 3.0
AS_GENERATED = 0.25
"""share of clips that are one beat from end-diastole on, as generators make them"""

app = typer.Typer(add_completion=False)


def draw_times(rng: np.random.Generator, length: int, count: int) -> Int[np.ndarray, "{count}"]:
    """`count` frames of a looping beat of `length`: from any phase on, at any rate, one beat to `MOST_BEATS`."""
    whole = rng.random() < AS_GENERATED
    beats = 1.0 if whole else rng.uniform(1.0, min(MOST_BEATS, count / FEWEST))
    start = 0.0 if whole else rng.uniform(0, length)
    return np.floor(start + np.arange(count) * beats * length / count).astype(int) % length


class Batches:
    """Drawn by step, so that a resumed run goes on where it stopped."""

    def __init__(self, data: PhantomSet, seed: int):
        self.data, self.seed = data, seed
        self.sizes = (data.label_maps == LV).sum((2, 3))

    def draw(self, step: int) -> tuple[Float[Tensor, "b t h w"], Float[Tensor, "b"], Float[Tensor, "b t"]]:
        """Changed frames 0..1, LVEF in percent, and the LV's pixels in every frame before the change."""
        rng = np.random.default_rng([self.seed, step])
        chosen = rng.integers(len(self.data.seed), size=RECIPE.batch)
        count = int(rng.choice(COUNTS))
        times = [draw_times(rng, self.data.frames.shape[1], count) for _ in chosen]
        clips = [
            augment.apply(self.data.frames[i, at], augment.draw(rng), SIZE) for i, at in zip(chosen, times, strict=True)
        ]
        sizes = self.sizes[chosen[:, None], np.stack(times)]
        lvef = torch.from_numpy(self.data.lvef[chosen]).float()
        return torch.from_numpy(np.stack(clips)).float() / 255, lvef, torch.from_numpy(sizes).float()


def loss_of(seen: Reading, lvef: Float[Tensor, "b"], sizes: Float[Tensor, "b t"]) -> Float[Tensor, ""]:
    """Huber's loss of the LVEF (in tens of points), and the square of how far the log size strays from the LV's pixels."""
    wanted = sizes.clamp_min(1).log()
    apart = seen.log_size.float() - wanted
    return (
        F.smooth_l1_loss(seen.lvef.float() / 10, lvef / 10) + 20 * (apart - apart.mean(1, keepdim=True)).square().mean()
    )


def score(data: PhantomSet, regressor: LvefRegressor) -> dict[str, Any]:
    """Agreement of the LVEF with the hearts' own, on the clips as they are, and changed as in training."""
    rng = np.random.default_rng(0)
    changed = [
        augment.apply(frames[draw_times(rng, len(frames), 24)], augment.draw(rng), SIZE) for frames in data.frames
    ]
    true = data.lvef.astype(np.float64)
    return {
        "one beat": ruler.score_lvef(true, regressor.measure(list(data.frames))),
        "one beat to three, changed as in training": ruler.score_lvef(true, regressor.measure(changed)),
    }


@app.command("train")
def train(
    cache: Annotated[Path, typer.Argument(help="Clips to learn from.")],
    folder: Annotated[Path, typer.Argument(help="Folder of this run; an earlier run there is resumed.")],
    minutes: Annotated[float, typer.Option(help="Minutes of training, earlier sittings counted in.")] = 30.0,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
    seed: int = 0,
) -> None:
    """Train the regressor and write RUN/lvef.safetensors with its card."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = ruler.read_own(cache)
    network = R2Plus1d().to(device, memory_format=torch.channels_last_3d)
    batches = Batches(data, seed)

    def loss(step: int) -> Float[Tensor, ""]:
        frames, lvef, sizes = (value.to(device) for value in batches.draw(step))
        with torch.autocast(device.type, torch.bfloat16):
            seen = network(frames)
        return loss_of(seen, lvef, sizes)

    run = fit(network, loss, RECIPE, folder, minutes)
    export(run.ema.network, folder / WEIGHTS, ruler.card_of("lvef", data, run, seed, device))


@app.command("score")
def score_weights(
    weights: Annotated[Path, typer.Argument(help="The file to score, its card beside it.")],
    held_out: Annotated[Path, typer.Argument(help="Clips of hearts that nothing learned from.")],
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Score the regressor and write the scores into its card."""
    torch.set_num_threads(threads)
    unseen, network = ruler.read_unseen(held_out), R2Plus1d()
    load_strictly(network, weights)
    scores = score(unseen, freeze(network))
    record_scores(weights, ruler.describe(unseen), scores)
    typer.echo(json.dumps(scores, indent=1))


if __name__ == "__main__":
    app()
