"""Clips and label maps to files; the ending picks the format."""

import os
import secrets
from pathlib import Path

from engine.anatomy.labels import LabelMap
from engine.errors import BadInput
from engine.media import images, nifti, npz, video
from engine.media.kinds import ending
from engine.media.sheets import columns_of
from engine.media.tag import Tag
from engine.types import Clip

CLIP_ENDINGS = (".mp4", ".gif", ".png", ".nii.gz", ".nii", ".npz")
LABEL_ENDINGS = (".nii.gz", ".nii", ".npz", ".png")


def write_clip(clip: Clip, path: str | Path, label_maps: LabelMap | None = None) -> Path:
    """Writes a clip as .mp4, .gif, .png (a still, or a sprite sheet), .nii.gz, .nii or .npz; gives the path.

    Provenance travels inside. A .npz also holds the label maps, `clip.label_maps` where none are given; beside the
    other formats they go into a file of their own (`write_label_maps`). The file is there whole or not at all, and the same
    clip gives the same bytes. Raises BadInput on another ending or a path that cannot be written.
    """
    path = Path(path)
    kind = ending_of(path, CLIP_ENDINGS)
    columns = columns_of(len(clip.frames)) if kind == ".png" else 1
    tag = Tag(len(clip.frames), clip.fps, clip.mm_per_pixel, clip.provenance, columns)
    if kind == ".mp4":
        data = video.mp4_bytes(clip.frames, tag)
    elif kind == ".gif":
        data = images.gif_bytes(clip.frames, tag)
    elif kind == ".png":
        data = images.png_bytes(clip.frames, tag)
    elif kind == ".npz":
        arrays = npz.clip_arrays(clip, clip.label_maps if label_maps is None else label_maps)
        data = npz.npz_bytes(arrays, clip.fps, clip.mm_per_pixel)
    else:
        data = nifti.nifti_bytes(clip.frames, tag, compressed=kind == ".nii.gz")
    return _replace(path, data)


def write_label_maps(label_maps: LabelMap, fps: float, mm_per_pixel: tuple[float, float], path: str | Path) -> Path:
    """Writes label maps as .nii.gz, .nii, .npz or .png (indexed; a sprite sheet of more frames); gives the path.

    Raises BadInput as `write_clip`.
    """
    path = Path(path)
    kind = ending_of(path, LABEL_ENDINGS)
    columns = columns_of(len(label_maps)) if kind == ".png" else 1
    tag = Tag(len(label_maps), fps, mm_per_pixel, columns=columns)
    if kind == ".png":
        data = images.label_png_bytes(label_maps, tag)
    elif kind == ".npz":
        data = npz.npz_bytes({"label_maps": label_maps}, fps, mm_per_pixel)
    else:
        data = nifti.nifti_bytes(label_maps, tag, compressed=kind == ".nii.gz")
    return _replace(path, data)


def ending_of(path: Path, known: tuple[str, ...]) -> str:
    """The known ending of a file to be written, in lower case. Raises BadInput on another one."""
    found = ending(path, known)
    if not found:
        raise BadInput(f"{path.name} has no ending that can be written here; use {', '.join(known)}.")
    return found


def _replace(path: Path, data: bytes) -> Path:
    temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be written ({error.strerror}); choose a folder that is there and yours."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path
