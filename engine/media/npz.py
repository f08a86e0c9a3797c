"""NumPy archives: `frames`, `fps`, `mm_per_pixel`, `provenance` (JSON) and, where known, `label_maps`."""

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from engine.anatomy.labels import LabelMap
from engine.errors import BadInput
from engine.media.grey import grey
from engine.media.limits import UNKNOWN_SPACING, check_size, sane_fps, sane_spacing
from engine.media.tag import provenance_from_json
from engine.types import Clip


def read_npz(path: Path) -> Clip:
    frames = _array(path, "frames")
    if frames is None:
        raise BadInput(f"{path.name} has no array 'frames'; uint8 frames (t, h, w) under that name are wanted.")
    frames = grey(frames)
    try:
        provenance = provenance_from_json(json.loads(str(_array(path, "provenance"))))
    except (TypeError, ValueError):
        provenance = None
    label_maps = _array(path, "label_maps")
    if label_maps is not None and (label_maps.shape != frames.shape or label_maps.dtype != np.uint8):
        label_maps = None
    return Clip(frames, sane_fps(_rate(path), len(frames)), _spacing(path), provenance, label_maps)


def read_label_npz(path: Path) -> tuple[np.ndarray, tuple[float, float]]:
    """Values (t, h, w) or (h, w) as they are, and their (y, x) spacing."""
    label_maps = _array(path, "label_maps")
    if label_maps is None:
        raise BadInput(f"{path.name} has no array 'label_maps'; classes (t, h, w) under that name are wanted.")
    return label_maps, _spacing(path)


def npz_bytes(arrays: dict[str, Any], fps: float, mm_per_pixel: tuple[float, float]) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays, fps=np.float64(fps), mm_per_pixel=np.array(mm_per_pixel, np.float64))
    return out.getvalue()


def clip_arrays(clip: Clip, label_maps: LabelMap | None) -> dict[str, Any]:
    document = json.dumps(None if clip.provenance is None else asdict(clip.provenance), sort_keys=True)
    arrays = {"frames": clip.frames, "provenance": np.array(document)}
    return arrays if label_maps is None else arrays | {"label_maps": label_maps}


def _array(path: Path, name: str) -> np.ndarray | None:
    """One array of the archive, its size looked at before its values; None where it is missing."""
    with zipfile.ZipFile(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            return None
        with archive.open(f"{name}.npy") as file:
            version = np.lib.format.read_magic(file)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(file)
    if name in ("frames", "label_maps"):
        if len(shape) not in (2, 3) or dtype.kind not in "buif":
            raise BadInput(
                f"{path.name} has {name} of shape {shape} and type {dtype}; numbers (t, h, w) or (h, w) are wanted."
            )
        check_size(*(1, *shape)[-3:])
    elif np.prod(shape) > 16 or dtype.itemsize > 2**24:
        raise BadInput(f"{path.name} has {name} of shape {shape} and type {dtype}; save the clip again.")
    with np.load(path, allow_pickle=False) as arrays:
        values = arrays[name]
    return values.reshape(-1, *values.shape[-2:]) if name in ("frames", "label_maps") else values


def _rate(path: Path) -> float | None:
    fps = _array(path, "fps")
    return None if fps is None else float(fps.reshape(-1)[0])


def _spacing(path: Path) -> tuple[float, float]:
    spacing = _array(path, "mm_per_pixel")
    return UNKNOWN_SPACING if spacing is None else sane_spacing(*(float(v) for v in np.broadcast_to(spacing, (2,))))
