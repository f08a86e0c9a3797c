"""What the two measuring networks share: the clips they may learn from and are scored on, and their cards."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from engine.measures.agreement import agree
from engine.measures.estimates import Estimate
from training.data.phantom import HELD_OUT, SEGMENTER, PhantomSet, read_set
from training.run import Run


def read_own(folder: Path) -> PhantomSet:
    """Clips of hearts that the measuring networks learn from and no generator does."""
    return _read(folder, SEGMENTER, HELD_OUT)


def read_unseen(folder: Path) -> PhantomSet:
    """Clips of hearts that no network learns from."""
    return _read(folder, HELD_OUT, 2**31)


def describe(data: PhantomSet) -> str:
    frames = data.frames.shape[1]
    return f"{len(data.seed)} clips of {frames} frames, seeds {data.seed.min()} to {data.seed.max()}"


def card_of(name: str, data: PhantomSet, run: Run, seed: int, device: torch.device) -> dict[str, Any]:
    """How the weights of a run were made."""
    return {
        "name": name,
        "trained_on": f"simulated ultrasound (the phantom) only: {describe(data)}; no patient's images",
        "seed": seed,
        "steps": run.progress.step,
        "samples_seen": run.progress.seen["fit"],
        "minutes": round(run.progress.seconds["fit"] / 60, 1),
        "machine": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {torch.get_num_threads()} threads",
    }


def score_lvef(true: Float[np.ndarray, "n"], measured: Float[np.ndarray, "n"]) -> dict[str, Any]:
    """How many clips could be measured (NaN is none); of three or more, R2, MAE and RMSE with their 95 % intervals."""
    count = int((~np.isnan(measured)).sum())
    if count < 3:
        return {"clips": count}
    (found,) = agree(true, measured[:, None])
    return {"clips": count, "R2": plain(found.r_squared), "MAE": plain(found.mae), "RMSE": plain(found.rmse)}


def plain(estimate: Estimate) -> dict[str, float]:
    return {"value": round(estimate.value, 4), "low": round(estimate.low, 4), "high": round(estimate.high, 4)}


def _read(folder: Path, first: int, end: int) -> PhantomSet:
    data = read_set(folder)
    if data.seed.min() < first or data.seed.max() >= end:
        raise SystemExit(
            f"{folder} holds clips of seeds {data.seed.min()} to {data.seed.max()}; seeds from {first} up and below {end} "
            f"are wanted: make them with `python -m training.data.phantom FOLDER --first {first}`."
        )
    return data
