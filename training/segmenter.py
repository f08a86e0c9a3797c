"""Trains the frozen segmenter on simulated clips of the measuring networks' own hearts, and scores it on unseen ones.

`python -m training.segmenter train CACHE RUN --minutes 20` trains, or goes on where RUN stopped, and writes the averaged
weights with their card; `python -m training.segmenter score WEIGHTS HELD_OUT` adds to the card what it measured.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from jaxtyping import Float
from monai.losses import DiceCELoss
from torch import Tensor, nn
from tqdm import tqdm

from engine.anatomy.labels import NAMES
from engine.measures import simpson
from engine.measures.adherence import STRUCTURES, dice
from engine.measures.estimates import bootstrap
from engine.measures.segmenter import SIZE, WEIGHTS, make_network, segment
from engine.weights import load_strictly
from training import augment, ruler
from training.data.phantom import VIEWS, PhantomSet
from training.export import export, record_scores
from training.fit import Recipe, fit

RECIPE = Recipe(learning_rate=3e-3, batch=16)
AS_MADE = 0.25
"""share of frames that are left as they are, since most of what is measured is clean"""

app = typer.Typer(add_completion=False)


class Batches:
    """Drawn by step, so that a resumed run goes on where it stopped."""

    def __init__(self, data: PhantomSet, seed: int):
        self.data, self.seed = data, seed

    def draw(self, step: int) -> tuple[Float[Tensor, "b 1 h w"], Float[Tensor, "b 1 h w"]]:
        """Changed frames 0..1 and their changed label maps."""
        rng = np.random.default_rng([self.seed, step])
        pairs = [self._draw(rng) for _ in range(RECIPE.batch)]
        frames, maps = (torch.from_numpy(np.stack(part)).float() for part in zip(*pairs, strict=True))
        return frames / 255, maps

    def _draw(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        clips, length = self.data.frames.shape[:2]
        clip, time = rng.integers(clips), rng.integers(length)
        change = augment.Change() if rng.random() < AS_MADE else augment.draw(rng)
        frame, label_map = self.data.frames[clip, time][None], self.data.label_maps[clip, time][None]
        return augment.apply(frame, change, SIZE), augment.apply_to_maps(label_map, change, SIZE)


def score(data: PhantomSet, network: nn.Module | None = None) -> dict[str, Any]:
    """Mean Dice over whole clips, and the LVEF by Simpson against the hearts' own; of the shipped network by default."""
    answers = [segment(frames, network) for frames in tqdm(data.frames, unit="clip")]
    pairs = list(zip(answers, data.label_maps, strict=True))
    lvef = [simpson.lvef(answer, VIEWS[view]) for answer, view in zip(answers, data.view, strict=True)]
    return {
        f"dice {NAMES[label]}": ruler.plain(bootstrap(np.array([dice(a, truth, label) for a, truth in pairs])))
        for label in STRUCTURES
    } | {"LVEF by Simpson": ruler.score_lvef(data.lvef.astype(np.float64), np.array(lvef))}


@app.command("train")
def train(
    cache: Annotated[Path, typer.Argument(help="Clips to learn from.")],
    folder: Annotated[Path, typer.Argument(help="Folder of this run; an earlier run there is resumed.")],
    minutes: Annotated[float, typer.Option(help="Minutes of training, earlier sittings counted in.")] = 20.0,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
    seed: int = 0,
) -> None:
    """Train the segmenter and write RUN/segmenter.safetensors with its card."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    data = ruler.read_own(cache)
    network = make_network().to(device, memory_format=torch.channels_last)
    batches, loss_of = Batches(data, seed), DiceCELoss(softmax=True, to_onehot_y=True)

    def loss(step: int) -> Float[Tensor, ""]:
        frames, maps = (value.to(device) for value in batches.draw(step))
        with torch.autocast(device.type, torch.bfloat16):
            answer = network(frames)
        return loss_of(answer.float(), maps)

    run = fit(network, loss, RECIPE, folder, minutes)
    export(run.ema.network, folder / WEIGHTS, ruler.card_of("segmenter", data, run, seed, device))


@app.command("score")
def score_weights(
    weights: Annotated[Path, typer.Argument(help="The file to score, its card beside it.")],
    held_out: Annotated[Path, typer.Argument(help="Clips of hearts that nothing learned from.")],
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Score the segmenter and write the scores into its card."""
    torch.set_num_threads(threads)
    unseen, network = ruler.read_unseen(held_out), make_network().eval()
    load_strictly(network, weights)
    scores = score(unseen, network)
    record_scores(weights, ruler.describe(unseen), scores)
    typer.echo(json.dumps(scores, indent=1))


if __name__ == "__main__":
    app()
