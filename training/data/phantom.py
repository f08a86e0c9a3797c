"""Phantom clips cached on disk in shards, resumable, drawn by seed.

`python -m training.data.phantom FOLDER --first 0 --count 2400` fills a folder; a shard that is there is not made again.
With `--fps` clips start anywhere in the beat and run at that rate, as recordings do; without, one whole beat from end-diastole
fills the frames. Seeds from HELD_OUT upwards are for measuring only: nothing that generates may train on them.
"""

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from jaxtyping import Float, Int, UInt8
from tqdm import tqdm

from engine.anatomy import labels
from engine.anatomy.heart import Sector
from engine.phantom.population import LVEF_RANGE, Look, draw_subject, image_quality
from engine.phantom.simulate import simulate
from training.data.example import Example

SEGMENTER = 500_000
"""First seed of the hearts that the measuring networks learn from."""
HELD_OUT = 900_000
"""First seed of the hearts that no network learns from."""
SHARD = 40
"""clips"""
VIEWS = ("A4C", "A2C")


@dataclass(frozen=True, eq=False)
class PhantomSet:
    """Clips in memory; index 0 of the time axis is end-diastole where a clip holds one beat."""

    frames: UInt8[np.ndarray, "n t h w"]
    label_maps: UInt8[np.ndarray, "n t h w"]
    lvef: Float[np.ndarray, "n"]
    """percent"""
    view: Int[np.ndarray, "n"]
    """index into VIEWS"""
    seed: Int[np.ndarray, "n"]
    heart_rate: Float[np.ndarray, "n"] | None = None
    """beats a minute; NaN or None: unknown"""
    fps: Float[np.ndarray, "n"] | None = None
    """frames a second, likewise"""
    quality: Float[np.ndarray, "n"] | None = None
    """image quality from 0 to 1, likewise"""


@dataclass(frozen=True)
class Recipe:
    """What all clips of a folder have in common."""

    frames: int = 16
    size: int = 128
    look: Look = "echonet"
    fps: float | None = None
    """None: one whole beat, from end-diastole, fills the frames"""
    lvef_range: tuple[float, float] | None = None
    """percent; None: the population's"""


def write_shard(path: Path, first: int, count: int, recipe: Recipe, device: str) -> None:
    """`count` clips of consecutive seeds, written whole or not at all."""
    torch.set_num_threads(1)
    lvef_range = recipe.lvef_range or LVEF_RANGE
    subjects = [draw_subject(seed, recipe.look, lvef_range=lvef_range) for seed in range(first, first + count)]
    starts = [float(np.random.default_rng([13, s.seed]).random()) if recipe.fps else 0.0 for s in subjects]
    clips = []
    for subject, start in zip(subjects, starts, strict=True):
        how = {"device": device, "fps": recipe.fps, "start": start}
        clips += simulate([subject.exam()], recipe.frames, recipe.size, **how)
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez_compressed(
            file,
            frames=np.stack([clip.frames for clip in clips]),
            label_maps=np.stack([clip.label_maps for clip in clips]),
            lvef=np.array([s.lvef for s in subjects], np.float32),
            view=np.array([VIEWS.index(s.heart.view) for s in subjects]),
            seed=np.array([s.seed for s in subjects]),
            fps=np.array([clip.fps for clip in clips], np.float32),
            parameters=np.array(json.dumps([s.parameters() for s in subjects])),
        )
    os.replace(temporary, path)


def make_set(
    folder: Path,
    first: int,
    count: int,
    recipe: Recipe = Recipe(),
    device: str = "cpu",
    workers: int | None = None,
) -> None:
    """Fill `folder` with the clips of seeds first .. first + count - 1, with a progress bar."""
    if first % SHARD:
        raise SystemExit(
            f"The first seed is {first}; a multiple of {SHARD} is wanted, so that no clip is in two shards."
        )
    folder.mkdir(parents=True, exist_ok=True)
    # Older folders name no rate: they hold one beat a clip.
    manifest = json.loads(json.dumps({name: value for name, value in asdict(recipe).items() if value is not None}))
    note = folder / "manifest.json"
    if note.exists() and json.loads(note.read_text()) != manifest:
        raise SystemExit(
            f"{folder} holds clips of {note.read_text()}; choose another folder for {json.dumps(manifest)}."
        )
    note.write_text(json.dumps(manifest))
    shards = [(_shard(folder, s), s, min(SHARD, first + count - s)) for s in range(first, first + count, SHARD)]
    jobs = [(path, s, n, recipe, device) for path, s, n in shards if not _holds(path, n)]
    # On a GPU too: the scenes, which are half the work, are made on the CPU, so several processes feed one device.
    with ProcessPoolExecutor(workers, get_context(None if device == "cpu" else "spawn")) as pool:
        for done in tqdm(as_completed([pool.submit(write_shard, *job) for job in jobs]), total=len(jobs), unit="shard"):
            done.result()


def read_set(folder: Path) -> PhantomSet:
    """All clips of a folder and of the folders in it, each ordered by seed."""
    parts = []
    for path in _shards_in(folder):
        with np.load(path) as shard:
            parts.append([*_columns(shard), *_told(shard)])
    shapes = sorted({part[0].shape[1:] for part in parts})
    if len(shapes) > 1:
        told = ", ".join("x".join(map(str, shape)) for shape in shapes)
        raise SystemExit(f"{folder} holds clips of {told} (frames, height, width); one shape is wanted, so part them.")
    return PhantomSet(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def examples(folder: Path) -> Iterator[Example]:
    """The clips of a folder and of the folders in it one by one, as the readers of real data sets give theirs.

    Every frame is labelled, sector included; a seed is a patient; held-out seeds are the test split.
    """
    for path in _shards_in(folder):
        with np.load(path) as shard:
            parts, (_, rates, _) = _columns(shard), _told(shard)
            told = json.loads(str(shard["parameters"]))
        for frames, maps, lvef, view, seed, rate, drawn in zip(*parts, rates, told, strict=True):
            _, height, width = frames.shape
            area = (maps == labels.LV).sum((1, 2))
            yield Example(
                frames=frames,
                fps=float(rate),
                mm_per_pixel=Sector(**drawn["shape"]["sector"]).grid(height, width).mm_per_pixel,
                view=VIEWS[view],
                ed=int(area.argmax()),
                es=int(area.argmin()),
                label_maps=dict(enumerate(maps)),
                lvef=float(lvef),
                split="test" if seed >= HELD_OUT else "train",
                patient=f"{seed}",
                source="phantom",
            )


def _columns(shard: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """What every shard holds as arrays, in the order of `PhantomSet`."""
    return [shard[name] for name in ("frames", "label_maps", "lvef", "view", "seed")]


def _told(shard: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Heart rate, frame rate and image quality of each clip, NaN where a shard does not tell its hearts. Older ones tell no frame
    rate: they hold one beat a clip."""
    if "parameters" not in shard:
        return [np.full(len(shard["seed"]), np.nan, np.float32)] * 3
    drawn = json.loads(str(shard["parameters"]))
    heart_rate = np.array([each["heart_rate"] for each in drawn])
    fps = shard["fps"] if "fps" in shard else shard["frames"].shape[1] * heart_rate / 60
    quality = np.array([image_quality(each["acquisition"]) for each in drawn])
    return [column.astype(np.float32) for column in (heart_rate, fps, quality)]


def _shards_in(folder: Path) -> list[Path]:
    paths = sorted(folder.rglob("*.npz"))
    if not paths:
        raise SystemExit(f"{folder} holds no phantom clips; make them with `python -m training.data.phantom {folder}`.")
    return paths


def _shard(folder: Path, first: int) -> Path:
    return folder / f"{first:07d}.npz"


def _holds(path: Path, count: int) -> bool:
    """Whether a shard is there with so many clips: the last of a smaller set may have fewer."""
    if not path.exists():
        return False
    with np.load(path) as shard:
        return len(shard["seed"]) >= count


def main(
    folder: Annotated[Path, typer.Argument(help="Where the shards go; keep it outside the repository.")],
    first: Annotated[int, typer.Option(help="First seed.")] = 0,
    count: Annotated[int, typer.Option(help="How many clips.")] = 2400,
    frames: Annotated[int, typer.Option(help="Frames a clip.")] = 16,
    size: Annotated[int, typer.Option(help="Pixels a side.")] = 128,
    look: Annotated[Look, typer.Option(help="echonet or camus.")] = "echonet",
    fps: Annotated[float | None, typer.Option(help="Frames a second; without, one beat fills the frames.")] = None,
    lvef: Annotated[
        tuple[float, float] | None, typer.Option(help="Lowest and highest LVEF; without, the population's.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    workers: Annotated[int | None, typer.Option(help="Processes; as many as there are cores by default.")] = None,
) -> None:
    """Simulate a set of phantom clips."""
    make_set(folder, first, count, Recipe(frames, size, look, fps, lvef), device, workers)


if __name__ == "__main__":
    typer.run(main)
