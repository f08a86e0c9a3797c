"""Train a generator: single frames first (spatial layers), then whole clips.

`python -m training.train semantic-video CACHE RUN --frames-minutes 20 --clips-minutes 40` trains, resumes where RUN left off,
logs losses (RUN/log.csv) and pictures (RUN/samples-*.png) and writes RUN/semantic-video.safetensors with its card at every save.
"""

import csv
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import cv2
import numpy as np
import torch
import typer
from accelerate import Accelerator

from engine.codecs.patches import PatchCodec
from engine.networks.semantic_unet import SemanticConditions, SemanticUNet
from engine.pipelines.semantic_video import VIEWS, network_conditions, sample
from engine.types import Settings
from training.data.phantom import PhantomSet, read_set
from training.ema import Ema
from training.export import export
from training.losses import denoising_loss
from training.presets import PRESETS, Preset

SHOWN = 6
"""last clips of the cache, kept out of training and drawn into the pictures"""


class Batches:
    """Random training batches of a cached set, drawn by step so that a resumed run goes on where it stopped."""

    def __init__(self, data: PhantomSet, preset: Preset, device: torch.device):
        self.preset, self.device = preset, device
        self.frames = torch.tensor(data.frames)
        self.maps = torch.tensor(data.label_maps[:, 0])
        self.lvef, self.view = torch.tensor(data.lvef), torch.tensor(data.view)

    def draw(self, step: int, clips: int, frames_each: int | None):
        """Grey frames (b, t, h, w) uint8 and conditions with some dropped; t random frames, or whole clips where None."""
        rng = torch.Generator().manual_seed(step * 2 + (frames_each is None))
        at = torch.randint(len(self.frames) - SHOWN, (clips,), generator=rng)
        length = self.frames.shape[1]
        times = (
            torch.arange(length).expand(clips, length)
            if frames_each is None
            else torch.randint(length, (clips, frames_each), generator=rng)
        )
        lot = torch.rand(3, clips, generator=rng)
        kept = (lot[0] > self.preset.drop_map).float()
        one_hot = torch.nn.functional.one_hot(self.maps[at].long(), 5).permute(0, 3, 1, 2) * kept[:, None, None, None]
        # Where the map is withheld the rest often is too, so that the null of guidance is well learned.
        together = (kept == 0) & (lot[1] < 0.7)
        lvef = torch.where((lot[1] < self.preset.drop_lvef) | together, torch.nan, self.lvef[at])
        view = torch.where((lot[2] < self.preset.drop_view) | together, -1, self.view[at])
        conditions = SemanticConditions(
            one_hot.to(self.device),
            (times / length).to(self.device),
            lvef.float().to(self.device),
            view.to(self.device),
        )
        return self.frames[at[:, None], times].to(self.device), conditions


def train(
    model: Annotated[str, typer.Argument(help="semantic-video")],
    cache: Annotated[Path, typer.Argument(help="Folder of cached phantom clips.")],
    run: Annotated[Path, typer.Argument(help="Folder of this run; an earlier run there is resumed.")],
    preset: Annotated[str, typer.Option(help="embedded or paper")] = "embedded",
    frames_minutes: Annotated[float, typer.Option(help="Minutes on single frames.")] = 20,
    clips_minutes: Annotated[float, typer.Option(help="Minutes on whole clips.")] = 40,
    save_every: Annotated[float, typer.Option(help="Minutes between saves.")] = 4,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Train a generator on a cached set."""
    if model not in PRESETS:
        raise SystemExit(f"There is no training preset for {model!r}; choose one of {', '.join(PRESETS)}.")
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    chosen = PRESETS[model][preset]
    accelerator = Accelerator(mixed_precision="bf16")
    device = accelerator.device
    codec = PatchCodec(chosen.codec_patch)
    run.mkdir(parents=True, exist_ok=True)
    (run / "config.json").write_text(json.dumps(asdict(chosen), indent=1))
    data = read_set(cache)
    batches = Batches(data, chosen, device)
    network = SemanticUNet(chosen.network).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=chosen.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
    network, optimizer = accelerator.prepare(network, optimizer)
    plain = accelerator.unwrap_model(network)
    ema = Ema(plain, chosen.ema)
    state = {"step": 0, "seconds": {"frames": 0.0, "clips": 0.0}, "seen": {"frames": 0, "clips": 0}}
    checkpoint = run / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, map_location=device, weights_only=True)
        (
            plain.load_state_dict(saved["network"]),
            optimizer.load_state_dict(saved["optimizer"]),
            ema.load_state_dict(saved["ema"]),
        )
        state = saved["state"]

    def save(stage: str) -> None:
        temporary = checkpoint.with_suffix(".part")
        torch.save(
            {
                "network": plain.state_dict(),
                "optimizer": optimizer.state_dict(),
                "ema": ema.state_dict(),
                "state": state,
            },
            temporary,
        )
        temporary.replace(checkpoint)
        record = {
            "name": model,
            "preset": preset,
            "trained_on": f"{len(data.seed)} clips of simulated ultrasound (the phantom); no patient's images",
            "seeds": [int(data.seed.min()), int(data.seed.max())],
            "steps": state["step"],
            "clips_seen": dict(state["seen"]),
            "minutes": {name: round(value / 60, 1) for name, value in state["seconds"].items()},
            "machine": torch.cuda.get_device_name() if device.type == "cuda" else f"CPU, {threads} threads",
        }
        export(ema.network, run / f"{model}.safetensors", record)
        picture(ema.network, codec, data, run / f"samples-{stage}-{state['step']:06d}.png", device, accelerator)

    with (run / "log.csv").open("a", newline="") as file:
        log = csv.writer(file)
        for stage, minutes, rate in (("frames", frames_minutes, 1.0), ("clips", clips_minutes, 0.8)):
            budget, mean, begun, shown = minutes * 60, None, state["step"], time.monotonic()
            saved_at = time.monotonic()
            while state["seconds"][stage] < budget:
                started, step = time.monotonic(), state["step"]
                share = state["seconds"][stage] / budget
                now = chosen.learning_rate * rate * min(1.0, (step - begun + 1) / chosen.warmup)
                now *= chosen.final_rate + (1 - chosen.final_rate) * 0.5 * (1 + np.cos(np.pi * share))
                for group in optimizer.param_groups:
                    group["lr"] = float(now)
                clips = chosen.frames_batch if stage == "frames" else chosen.clips_batch
                frames, conditions = batches.draw(step, clips, chosen.frames_each if stage == "frames" else None)
                x = codec.encode(frames)
                with accelerator.autocast():
                    loss = denoising_loss(
                        lambda x, c, told=conditions, t=stage == "clips": network(x, c, told, t), x, chosen.log_sigma
                    )
                accelerator.backward(loss)
                accelerator.clip_grad_norm_(network.parameters(), 1.0)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                ema.update(plain)
                value = float(loss.detach())
                mean = value if mean is None else 0.98 * mean + 0.02 * value
                state["step"] += 1
                state["seen"][stage] += clips
                state["seconds"][stage] += time.monotonic() - started
                if time.monotonic() - shown > 20:
                    left = (budget - state["seconds"][stage]) / 60
                    print(
                        f"{stage} step {state['step']} loss {mean:.4f} seen {state['seen'][stage]} rate {now:.2e} {left:.1f} min left",
                        flush=True,
                    )
                    log.writerow([stage, state["step"], round(state["seconds"][stage], 1), round(mean, 5)])
                    file.flush()
                    shown = time.monotonic()
                if time.monotonic() - saved_at > save_every * 60:
                    save(stage)
                    saved_at = time.monotonic()
            if state["step"] > begun:
                save(stage)


def picture(network: SemanticUNet, codec, data: PhantomSet, path: Path, device, accelerator: Accelerator) -> None:
    """Clips of hearts never trained on: a row each, the true clip above the generated one, at LVEF as it is."""
    last = slice(len(data.seed) - SHOWN, None)
    length, size = data.frames.shape[1:3]
    told = network_conditions(
        data.label_maps[last, 0], list(data.lvef[last]), [VIEWS[v] for v in data.view[last]], length, device
    )
    grid = codec.encode(torch.tensor(data.frames[-1:], device=device)).shape[1:]
    with accelerator.autocast():
        x = sample(
            network, told, Settings("dpm++2m", 12, 1.0, length, tuple(range(SHOWN))), tuple(grid), lambda *_: None
        )
    made, at = codec.decode(x).cpu().numpy(), [0, 2, 4, 6, 8, 10, 13]
    rows = [np.hstack([clip[k] for k in at]) for pair in zip(data.frames[last], made, strict=True) for clip in pair]
    cv2.imwrite(str(path), np.vstack(rows).reshape(-1, size * len(at)))


if __name__ == "__main__":
    typer.run(train)
