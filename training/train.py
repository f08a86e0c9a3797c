"""Train a generator: single frames first (spatial layers), then whole clips.

`python -m training.train semantic-video CACHE RUN --frames-minutes 20 --clips-minutes 40` trains, or resumes where RUN left off;
`accelerate launch -m training.train ...` does so on many GPUs and hosts, each process with clips of its own. RUN gets a
checkpoint, log.csv (losses), samples-*.png (pictures) and, at every save, the averaged weights with their card.
"""

import csv
import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer
from accelerate import Accelerator
from accelerate.utils import DistributedDataParallelKwargs
from torch import nn
from tqdm import tqdm

from engine.weights import read_record
from training.batches import SHOWN
from training.cascade import CascadeTask
from training.data.phantom import SEGMENTER, PhantomSet, read_set
from training.ema import Ema
from training.export import export
from training.losses import denoising_loss
from training.presets import PRESETS, CascadePreset, Preset, SemanticPreset
from training.run import Progress, Run
from training.semantic import SemanticTask
from training.start import begin_from
from training.task import Task

TASKS = {SemanticPreset: SemanticTask, CascadePreset: CascadeTask}
"""what each kind of preset trains"""
STAGES = {"frames": 1.0, "clips": 0.8}
"""and the share of the preset's learning rate each starts from"""


def train(
    model: Annotated[str, typer.Argument(help="semantic-video, or a stage as cascaded-edm/base-2scm")],
    cache: Annotated[Path, typer.Argument(help="Folder of cached phantom clips.")],
    folder: Annotated[Path, typer.Argument(help="Folder of this run; an earlier run there is resumed.")],
    preset: Annotated[str, typer.Option(help="embedded or paper")] = "embedded",
    frames_minutes: Annotated[float, typer.Option(help="Minutes on single frames.")] = 20,
    clips_minutes: Annotated[float, typer.Option(help="Minutes on whole clips.")] = 40,
    save_every: Annotated[float, typer.Option(help="Minutes between saves.")] = 6,
    start: Annotated[Path | None, typer.Option(help="Weights to begin a new run from, their card beside them.")] = None,
) -> None:
    """Train a generator on a cached set."""
    if preset not in PRESETS.get(model, {}):
        raise SystemExit(f"There is no preset {preset!r} of {model!r}; there are {', '.join(_presets())}.")
    chosen, data = PRESETS[model][preset], read_set(cache)
    if len(data.seed) <= SHOWN or data.seed.max() >= SEGMENTER:
        raise SystemExit(
            f"{cache} holds {len(data.seed)} clips, seeds up to {data.seed.max()}; "
            f"more than {SHOWN} are wanted, of seeds below {SEGMENTER}: the others are for measuring."
        )
    torch.manual_seed(0)
    # The layers over time get no gradient from images.
    several = DistributedDataParallelKwargs(find_unused_parameters=True)
    accelerator = Accelerator(mixed_precision="bf16", kwargs_handlers=[several])
    task: Task = TASKS[type(chosen)](data, chosen, accelerator.device)
    network = task.new_network().to(memory_format=torch.channels_last)
    if start:
        begin_from(network, start)
    optimizer = torch.optim.AdamW(network.parameters(), lr=chosen.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    network, optimizer = accelerator.prepare(network, optimizer)
    plain = accelerator.unwrap_model(network)
    folder.mkdir(parents=True, exist_ok=True)
    if accelerator.is_main_process:
        (folder / "config.json").write_text(json.dumps(asdict(chosen), indent=1))
    run = Run(folder, plain, optimizer, Ema(plain, chosen.ema), Progress())
    run.resume(accelerator.device)
    record = _record(model, preset, data, plain, accelerator, start) | task.record()

    def save(stage: str) -> None:
        if not accelerator.is_main_process:
            return
        run.save()
        export(run.ema.network, folder / f"{model.replace('/', '-')}.safetensors", record | _progress(run))
        with accelerator.autocast():
            task.draw_samples(run.ema.network, folder / f"samples-{stage}-{run.progress.step:06d}.png")

    def train_step(stage: str, rate: float) -> tuple[float, float]:
        """Its loss, and the seconds that it took."""
        began = time.monotonic()
        # Every process draws batches and noise of its own, and a resumed run goes on with fresh ones.
        own = run.progress.step * accelerator.num_processes + accelerator.process_index
        torch.manual_seed(own)
        for group in optimizer.param_groups:
            group["lr"] = rate
        batch = task.draw(stage, own)
        with accelerator.autocast():
            loss = denoising_loss(
                lambda x, c_noise: network(x, c_noise, batch.conditions, temporal=batch.temporal),
                batch.x,
                chosen.log_sigma,
            )
        accelerator.backward(loss)
        accelerator.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        run.ema.update(plain)
        run.progress.step += 1
        run.progress.seen[stage] += batch.clips * accelerator.num_processes
        # One clock for all processes, so that all of them stop after the same step.
        took = torch.tensor([float(loss.detach()), time.monotonic() - began], device=accelerator.device)
        mean_loss, seconds = accelerator.reduce(took, "mean").tolist()
        return mean_loss, seconds

    for stage, minutes in (("frames", frames_minutes), ("clips", clips_minutes)):
        _train_stage(stage, 60 * minutes, run, chosen, train_step, save, 60 * save_every, accelerator.is_main_process)


def _train_stage(
    stage: str, budget: float, run: Run, preset: Preset, train_step, save, save_every: float, is_main: bool
) -> None:
    """Steps until the stage has had `budget` seconds, earlier sittings counted in."""
    spent, first = run.progress.seconds, run.progress.step
    saved = logged = time.monotonic()
    losses: list[float] = []
    with (
        (run.folder / "log.csv" if is_main else Path(os.devnull)).open("a", newline="") as file,
        tqdm(
            total=round(budget), initial=round(min(spent[stage], budget)), unit="s", desc=stage, disable=not is_main
        ) as bar,
    ):
        while spent[stage] < budget:
            loss, seconds = train_step(stage, _rate(preset, stage, spent[stage] / budget, run.progress.step - first))
            losses.append(loss)
            spent[stage] += seconds
            if time.monotonic() - logged > 20:
                mean = sum(losses) / len(losses)
                csv.writer(file).writerow([stage, run.progress.step, round(spent[stage], 1), round(mean, 5)])
                file.flush()
                bar.set_postfix(step=run.progress.step, loss=f"{mean:.4f}")
                bar.update(round(spent[stage]) - bar.n)
                losses, logged = [], time.monotonic()
            if time.monotonic() - saved > save_every:
                save(stage)
                saved = time.monotonic()
    if run.progress.step > first:
        save(stage)


def _rate(preset: Preset, stage: str, share: float, steps: int) -> float:
    """Warm-up, then a cosine from the learning rate to `final_rate` of it over the stage's time."""
    fall = preset.final_rate + (1 - preset.final_rate) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
    return preset.learning_rate * STAGES[stage] * min(1.0, (steps + 1) / preset.warmup) * fall


def _record(
    model: str, preset: str, data: PhantomSet, network: nn.Module, accelerator: Accelerator, start: Path | None
) -> dict:
    """How these weights are made, for their card."""
    on_gpu = accelerator.device.type == "cuda"
    machine = torch.cuda.get_device_name() if on_gpu else f"CPU, {torch.get_num_threads()} threads"
    before = ("trained_on", "seeds", "steps", "clips_seen", "minutes", "sha256", "commit")
    return {
        "name": model,
        "preset": preset,
        "network": asdict(network.config),
        "trained_on": f"{len(data.seed)} clips of simulated ultrasound (the phantom); no patient's images",
        "seeds": [int(data.seed.min()), int(data.seed.max())],
        **({"began_from": {key: read_record(start, key) for key in before}} if start else {}),
        "machine": f"{accelerator.num_processes} x {machine}" if accelerator.num_processes > 1 else machine,
    }


def _progress(run: Run) -> dict:
    """How far a run has come, for its card."""
    return {
        "steps": run.progress.step,
        "clips_seen": dict(run.progress.seen),
        "minutes": {name: round(value / 60, 1) for name, value in run.progress.seconds.items()},
    }


def _presets() -> list[str]:
    return [f"{model} {preset}" for model, presets in PRESETS.items() for preset in presets]


if __name__ == "__main__":
    typer.run(train)
