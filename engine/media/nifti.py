"""NIfTI: written as one slice over time, (x, y, 1, t), and read so or as (x, y, t), the way CAMUS lays out its sequences.

Either way x runs to the right of the picture on the screen and y down it, whatever the affine says of the patient.
"""

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
SLICE_MM = 1.0
"""The thickness of the slice, which an echo does not tell."""


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
    """(x, y, 1, t) uint8, spacing in mm, the time step in s, the tag as a comment extension."""
    y, x = tag.mm_per_pixel
    # As ITK writes a picture whose x runs to the patient's left and y to the back: viewers show the first row on top.
    affine = np.diag([-x, -y, SLICE_MM, 1.0])
    image = nibabel.Nifti1Image(np.ascontiguousarray(frames.transpose(2, 1, 0)[:, :, None]), affine)
    image.set_sform(affine, code="scanner")
    image.set_qform(affine, code="scanner")
    image.header.set_zooms((x, y, SLICE_MM, 1 / tag.fps))
    image.header.set_xyzt_units("mm", "sec")
    image.header.extensions.append(Nifti1Extension("comment", tag.to_text().encode()))
    data = image.to_bytes()
    return gzip.compress(data, compresslevel=6, mtime=0) if compressed else data


def _open(path: Path) -> tuple[nibabel.Nifti1Image, Tag | None]:
    image = cast(nibabel.Nifti1Image, nibabel.load(path))
    shape = image.shape
    # (x, y), (x, y, t) and (x, y, 1, t), where further axes of one change nothing.
    flat = (*shape[:2], *(n for n in shape[2:] if n != 1))
    if not 2 <= len(flat) <= 3 or len(shape) > 5 or (len(shape) > 3 and shape[2] != 1):
        raise BadInput(
            f"{path.name} has shape {shape}; a picture (x, y) or a clip (x, y, 1, t) is wanted, so export one slice."
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
    time = next((axis for axis, n in enumerate(image.shape) if axis > 1 and n > 1), None)
    if time is None:
        return sane_fps(None, 1)
    zoom = float(image.header.get_zooms()[time])
    step = zoom * TIME_UNITS.get(str(image.header.get_xyzt_units()[1]), 0.0)
    # By the standard the third axis is space: there a plain 1 is a slice's default and tells no time.
    told = step > 0 and not (time == 2 and zoom == 1)
    return sane_fps(float(f"{1 / step:.6g}") if told else None, image.shape[time])
