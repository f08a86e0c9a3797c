"""Generated clips as files to take away, named by what they are."""

import csv
import secrets
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from engine.media.write import write_clip, write_label_maps
from engine.types import Clip
from studio.folders import scratch


def name(clip: Clip) -> str:
    """For example echo-studio_semantic-video_lvef35_seed7."""
    made = clip.provenance
    lvef = made.conditions.get("lvef")
    return "_".join(["echo-studio", made.model, *([] if lvef is None else [f"lvef{lvef:g}"]), f"seed{made.seed}"])


def write_videos(clips: Sequence[Clip], ending: str) -> Path:
    """One file for one clip, a zip for more. `ending` is ".mp4" or ".gif"."""
    folder = _folder()
    paths = [write_clip(clip, folder / (name(clip) + ending)) for clip in clips]
    return paths[0] if len(paths) == 1 else _zip(paths, folder / f"{_names(clips)}_{ending[1:]}.zip")


def write_volumes(clips: Sequence[Clip]) -> Path:
    """A zip of NIfTI files: each clip, its label maps where they are known, and how it was made."""
    folder = _folder()
    paths = []
    for clip in clips:
        paths.append(write_clip(clip, folder / f"{name(clip)}.nii.gz"))
        if clip.label_maps is not None:
            labels = folder / f"{name(clip)}_labels.nii.gz"
            paths.append(write_label_maps(clip.label_maps, clip.fps, clip.mm_per_pixel, labels))
    return _zip(paths, folder / f"{_names(clips)}_nifti.zip")


def write_table(rows: Sequence[dict[str, Any]]) -> Path:
    """A CSV with a line for each row, headed by their names."""
    path = _folder() / "echo-studio_table.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


def _names(clips: Sequence[Clip]) -> str:
    return name(clips[0]) + (f"_and_{len(clips) - 1}_more" if len(clips) > 1 else "")


def _folder() -> Path:
    folder = scratch("exports") / secrets.token_urlsafe(12)
    folder.mkdir(0o700)
    return folder


def _zip(paths: Sequence[Path], out: Path) -> Path:
    with zipfile.ZipFile(out, "w") as archive:
        for path in paths:
            # One fixed time for all: the same clips give the same zip.
            archive.writestr(zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())
    return out
