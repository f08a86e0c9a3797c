"""Trains the frozen segmenter on simulated clips of its own hearts, then scores it on hearts that nothing has seen.

`python -m training.segmenter SEGMENTER_CLIPS HELD_OUT_CLIPS --minutes 5`; `training.data.phantom` makes both folders.
"""

import math
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import torch.nn.functional as F
import typer
from jaxtyping import Float, UInt8
from monai.losses import DiceCELoss
from monai.networks.layers import GaussianFilter
from torch import Tensor, nn
from tqdm import tqdm

from engine.anatomy.labels import NAMES
from engine.measures.adherence import STRUCTURES, bootstrap, dice
from engine.measures.segmenter import WEIGHTS, make_network, segment
from engine.weights import load_strictly
from training.data.phantom import PhantomSet, read_set
from training.export import export

BATCH = 8
LEARNING_RATE = 3e-3


def augment(
    grey: Float[Tensor, "b 1 h w"], maps: Float[Tensor, "b 1 h w"]
) -> tuple[Float[Tensor, "b 1 h w"], Float[Tensor, "b 1 h w"]]:
    """Grey 0..1 and its maps turned, scaled and shifted together; the grey blurred, noised, its levels bent."""
    b = len(grey)
    angle, scale, shift = 0.12 * torch.randn(b), 1 + 0.08 * torch.randn(b), 0.06 * torch.randn(b, 2)
    turned = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(b, 2, 2) * scale[:, None, None]
    grid = F.affine_grid(torch.cat([turned, shift[:, :, None]], 2), list(grey.shape), align_corners=False)
    grey = F.grid_sample(grey, grid, align_corners=False)
    maps = F.grid_sample(maps, grid, mode="nearest", align_corners=False)

    def each() -> Tensor:
        return torch.randn(b, 1, 1, 1)

    # Generated clips are smoother than simulated ones: the ruler must read both.
    if torch.rand(()) < 0.5:
        grey = GaussianFilter(2, float(0.3 + 1.2 * torch.rand(())))(grey)
    grey = (grey.clamp(1e-4, 1) ** (0.3 * each()).exp()) * (0.25 * each()).exp()
    return (grey + 0.03 * each().abs() * torch.randn_like(grey)).clamp(0, 1), maps


def train(data: PhantomSet, minutes: float, seed: int) -> tuple[nn.Module, int]:
    """A network trained on random frames for so many minutes of processor time, and the number of its steps."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = make_network().train()
    loss_of = DiceCELoss(softmax=True, to_onehot_y=True)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    frames, maps = (_flat(clips) for clips in (data.frames, data.label_maps))
    start, steps, done = time.process_time(), 0, 0.0
    with tqdm(total=100, unit="%", bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}") as bar:
        while done < 1:
            for group in optimiser.param_groups:
                group["lr"] = LEARNING_RATE * min(1, (steps + 1) / 50) * (0.01 + math.cos(math.pi / 2 * done) ** 2)
            chosen = np.sort(rng.choice(len(frames), BATCH, replace=False))
            grey, wanted = augment(_batch(frames[chosen]) / 255, _batch(maps[chosen]))
            with torch.autocast("cpu", torch.bfloat16):
                answer = network(grey)
            loss = loss_of(answer.float(), wanted)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            steps += 1
            done = (time.process_time() - start) / (60 * minutes)
            bar.set_postfix(step=steps, loss=f"{loss.item():.3f}", refresh=False)
            bar.update(min(100, 100 * done) - bar.n)
    return network.eval(), steps


def score(data: PhantomSet, network: nn.Module | None = None) -> dict[str, Any]:
    """Mean Dice over whole clips with its 95 % interval over clips; of the shipped network where none is given."""
    answers = [segment(frames, network) for frames in tqdm(data.frames, unit="clip")]
    pairs = list(zip(answers, data.label_maps, strict=True))
    return {
        f"dice {NAMES[label]}": {name: round(value, 4) for name, value in asdict(estimate).items()}
        for label in STRUCTURES
        for estimate in [bootstrap(np.array([dice(a, truth, label) for a, truth in pairs]))]
    }


def _flat(clips: UInt8[np.ndarray, "n t h w"]) -> UInt8[np.ndarray, "f h w"]:
    return clips.reshape(-1, *clips.shape[2:])


def _batch(images: UInt8[np.ndarray, "b h w"]) -> Float[Tensor, "b 1 h w"]:
    return torch.from_numpy(images)[:, None].float()


def _describe(data: PhantomSet) -> str:
    return f"{len(data.seed)} clips, seeds {data.seed.min()} to {data.seed.max()}"


def main(
    folder: Annotated[Path, typer.Argument(help="Clips to learn from.")],
    held_out: Annotated[Path, typer.Argument(help="Clips to score on.")],
    minutes: Annotated[float, typer.Option(help="Processor time to train, all threads together.")] = 5.0,
    out: Annotated[Path, typer.Option(help="Where the weights and their card go.")] = Path("assets/weights") / WEIGHTS,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 1,
    seed: int = 0,
) -> None:
    """Train the segmenter, export it in half precision with its card, and score what was exported."""
    torch.set_num_threads(threads)
    data, unseen = read_set(folder), read_set(held_out)
    network, steps = train(data, minutes, seed)
    record = {
        "name": "segmenter",
        "trained_on": f"simulated ultrasound (the phantom) only: {_describe(data)}; no patient's images",
        "steps": steps,
        "seconds": round(60 * minutes),
        "machine": f"{threads} CPU thread{'s' * (threads > 1)}",
    }
    export(network, out, record)
    exported = make_network().eval()
    load_strictly(exported, out)
    export(exported, out, record | {"scored_on": _describe(unseen), "scores": score(unseen, exported)})
    typer.echo(out.with_suffix(".json").read_text(encoding="utf-8"))


if __name__ == "__main__":
    typer.run(main)
