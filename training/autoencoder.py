"""Train the frame autoencoder of the codec trial: `python -m training.autoencoder CACHE OUT.pt --minutes 6`."""

import time
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
import typer
from jaxtyping import Float
from torch import Tensor

from engine.codecs.autoencoder import Autoencoder, AutoencoderConfig
from engine.codecs.patches import MEAN, SD
from training.data.phantom import read_set


def texture_loss(made: Float[Tensor, "n 1 h w"], true: Float[Tensor, "n 1 h w"]) -> Float[Tensor, ""]:
    """L1 on pixels and on their differences, which is where speckle lives."""
    edges = sum(F.l1_loss(made.diff(dim=d), true.diff(dim=d)) for d in (2, 3))
    return F.l1_loss(made, true) + edges


def main(
    cache: Annotated[Path, typer.Argument(help="Folder of cached phantom clips.")],
    out: Annotated[Path, typer.Argument(help="Where the trained autoencoder goes.")],
    minutes: Annotated[float, typer.Option(help="Training time.")] = 6,
    threads: Annotated[int, typer.Option(help="CPU threads.")] = 2,
) -> None:
    """Train the autoencoder on single frames and whiten its latents."""
    torch.set_num_threads(threads)
    torch.manual_seed(0)
    frames = torch.tensor(read_set(cache).frames).flatten(0, 1)
    network = Autoencoder(AutoencoderConfig()).to(memory_format=torch.channels_last)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1.5e-3, weight_decay=0.0)
    start, step = time.monotonic(), 0
    while (spent := time.monotonic() - start) < minutes * 60:
        optimizer.param_groups[0]["lr"] = 1.5e-3 * min(1, (step + 1) / 50) * max(0.02, 1 - spent / (minutes * 60))
        x = (frames[torch.randint(len(frames), (32,))].float()[:, None] - MEAN) / SD
        with torch.autocast("cpu", torch.bfloat16):
            z = network.encoder(x)
            made = network.decoder(z)
        loss = texture_loss(made.float(), x) + 1e-4 * z.float().square().mean()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % 50 == 0:
            print(f"step {step} loss {loss.item():.4f} {spent:.0f} s", flush=True)
    with torch.no_grad():
        some = frames[torch.randint(len(frames), (512,))].float()[:, None]
        z = network.encoder((some - MEAN) / SD)
        network.mean.copy_(z.mean((0, 2, 3))[:, None, None])
        network.sd.copy_(z.std((0, 2, 3))[:, None, None])
        made = network.decoder(z) * SD + MEAN
        print(f"PSNR {10 * torch.log10(255**2 / (made.clamp(0, 255) - some).square().mean()):.2f} dB")
    torch.save(network, out)


if __name__ == "__main__":
    typer.run(main)
