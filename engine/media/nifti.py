"""NIfTI, the way CAMUS lays out its sequences: an array (x, y, t), the transpose of the picture on the screen."""

import gzip
from pathlib import Path
from typing import cast

import nibabel
import numpy as np
from nibabel.nifti1 import Nifti1Extension

from engine.anatomy.labels import Frames
from engine.errors import BadInput
from engine.media.grey import grey
from engine.media.limits import check_size, sane_fps, sane_spacing
from engine.media.tag import Tag, tag_from_text
from engine.types import Clip

TIME_UNITS = {"sec": 1.0, "msec": 1e-3, "usec": 1e-6}


def read_nifti(path: Path) -> Clip:
    image, tag = _open(path)
    frames = np.ascontiguousarray(grey(_values(image)))
    if tag is not None and tag.frames == len(frames):
        return Clip(frames, tag.fps, tag.mm_per_pixel, tag.provenance)
    return Clip(frames, _fps(image), _spacing(image))


def read_label_nifti(path: Path) -> tuple[np.ndarray, tuple[float, float]]:
    """Values (t, h, w) as they are, and their (y, x) spacing."""
    image, _ = _open(path)
    return _values(image), _spacing(image)


def nifti_bytes(frames: Frames, tag: Tag, compressed: bool) -> bytes:
    """Spacing in mm, the time step in s, the tag as a comment extension. uint8."""
    y, x = tag.mm_per_pixel
    step = 1 / tag.fps
    image = nibabel.Nifti1Image(np.ascontiguousarray(frames.transpose(2, 1, 0)), np.diag([x, y, step, 1.0]))
    image.header.set_zooms((x, y, step))
    image.header.set_xyzt_units("mm", "sec")
    image.header.extensions.append(Nifti1Extension("comment", tag.to_text().encode()))
    data = image.to_bytes()
    return gzip.compress(data, compresslevel=6, mtime=0) if compressed else data


def _open(path: Path) -> tuple[nibabel.Nifti1Image, Tag | None]:
    image = cast(nibabel.Nifti1Image, nibabel.load(path))
    shape = image.shape
    # (x, y), (x, y, t) and, as other programs write it, (x, y, 1, t).
    flat = (*shape[:2], *(n for n in shape[2:] if n != 1))
    if not 2 <= len(flat) <= 3 or len(shape) > 5 or (len(shape) > 3 and shape[2] != 1):
        raise BadInput(
            f"{path.name} has shape {shape}; a picture (x, y) or a clip (x, y, t) is wanted, so export one slice."
        )
    check_size(flat[2] if len(flat) == 3 else 1, flat[1], flat[0])
    dtype = np.dtype(image.get_data_dtype())
    if dtype.kind not in "buif":
        raise BadInput(f"{path.name} holds {dtype} values; export it with plain numbers.")
    texts = [e.get_content() for e in image.header.extensions if e.get_code() == 6]
    return image, next((tag for text in texts if (tag := tag_from_text(text))), None)


def _values(image: nibabel.Nifti1Image) -> np.ndarray:
    x, y = image.shape[:2]
    return np.asarray(image.dataobj).reshape(x, y, -1, order="F").transpose(2, 1, 0)


def _spacing(image: nibabel.Nifti1Image) -> tuple[float, float]:
    """Rounded where it is a float32's shadow of a short decimal."""
    x, y = (float(f"{z:.7g}") for z in image.header.get_zooms()[:2])
    return sane_spacing(y, x)


def _fps(image: nibabel.Nifti1Image) -> float:
    frames = int(np.prod(image.shape[2:]))
    if frames == 1:
        return sane_fps(None, 1)
    unit = TIME_UNITS.get(str(image.header.get_xyzt_units()[1]))
    zooms = image.header.get_zooms()[2:]
    step = zooms[-1] * unit if unit and zooms else 0.0
    return sane_fps(float(f"{1 / step:.6g}") if step > 0 else None, frames)
