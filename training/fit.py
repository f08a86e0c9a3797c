"""The loop of the measuring networks: steps until the time is up, from where an earlier sitting stopped."""

import csv
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm import tqdm

from training.ema import Ema
from training.run import Progress, Run


@dataclass(frozen=True)
class Recipe:
    learning_rate: float
    batch: int
    """samples a step"""
    final_rate: float = 0.01
    """share of the learning rate at the end"""
    warmup: int = 100
    """steps"""
    weight_decay: float = 0.01
    ema: float = 0.998
    """longest decay"""


def fit(
    network: nn.Module,
    loss_of: Callable[[int], Float[Tensor, ""]],
    recipe: Recipe,
    folder: Path,
    minutes: float,
    save_every: float = 3.0,
) -> Run:
    """Train `network` by the loss of each step until it has had `minutes`, earlier sittings in `folder` counted in.

    The learning rate warms up over steps and falls as a cosine over the time. `folder` gets a checkpoint every
    `save_every` minutes and at the end, and log.csv: step, seconds, mean loss. What is to be used is `run.ema.network`.
    """
    optimizer = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    progress = Progress(seconds={"fit": 0.0}, seen={"fit": 0})
    run = Run(folder, network, optimizer, Ema(network, recipe.ema), progress)
    folder.mkdir(parents=True, exist_ok=True)
    run.resume(next(network.parameters()).device)
    network.train()
    budget, spent = 60 * minutes, progress.seconds
    saved = logged = time.monotonic()
    losses: list[float] = []
    with (
        (folder / "log.csv").open("a", newline="") as file,
        tqdm(total=round(budget), initial=round(min(spent["fit"], budget)), unit="s") as bar,
    ):
        while spent["fit"] < budget:
            began = time.monotonic()
            for group in optimizer.param_groups:
                group["lr"] = _rate(recipe, spent["fit"] / budget, progress.step)
            loss = loss_of(progress.step)
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            run.ema.update(network)
            losses.append(float(loss.detach()))
            progress.step += 1
            progress.seen["fit"] += recipe.batch
            spent["fit"] += time.monotonic() - began
            if time.monotonic() - logged > 10 or spent["fit"] >= budget:
                mean = sum(losses) / len(losses)
                csv.writer(file).writerow([progress.step, round(spent["fit"], 1), round(mean, 5)])
                file.flush()
                bar.set_postfix(step=progress.step, loss=f"{mean:.4f}", refresh=False)
                bar.update(round(min(spent["fit"], budget)) - bar.n)
                losses, logged = [], time.monotonic()
            if time.monotonic() - saved > 60 * save_every:
                run.save()
                saved = time.monotonic()
    run.save()
    return run


def _rate(recipe: Recipe, share: float, step: int) -> float:
    """Warm-up, then a cosine to `final_rate`."""
    fall = recipe.final_rate + (1 - recipe.final_rate) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
    return recipe.learning_rate * min(1.0, (step + 1) / recipe.warmup) * fall
