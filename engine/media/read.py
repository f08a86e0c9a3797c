"""Clips and label maps from files of many kinds."""

from pathlib import Path

import numpy as np
from jaxtyping import Integer

from engine.anatomy import labels
from engine.anatomy.heart import Sector
from engine.anatomy.labels import LabelMap
from engine.errors import BadInput
from engine.media import dicom, images, nifti, npz, video
from engine.media.kinds import kind_of
from engine.media.limits import UNKNOWN_SPACING, check_size
from engine.types import Clip

CLIP_READERS = {
    "PNG": images.read_still,
    "JPEG": images.read_still,
    "GIF": images.read_gif,
    "MP4": lambda path: video.read_video(path, "MP4"),
    "AVI": lambda path: video.read_video(path, "AVI"),
    "NIfTI": nifti.read_nifti,
    "NPZ": npz.read_npz,
    "DICOM": dicom.read_dicom,
}
LABEL_READERS = {"PNG": images.read_label_png, "NIfTI": nifti.read_label_nifti, "NPZ": npz.read_label_npz}


def read_clip(path: str | Path) -> Clip:
    """The clip or still of a .png .jpg .gif .mp4 .avi .nii .nii.gz .npz or DICOM file, with whatever ending DICOM has.

    Colour and tint become grey. The frame rate is the file's; where it tells none, 1 for a still and 30 for a clip.
    The spacing is the file's; where it tells none, `limits.UNKNOWN_SPACING`, (1, 1). Provenance, and the exact rate
    and spacing, come back from files that `write_clip` made. Raises BadInput on a file that is missing, damaged, too
    large, or not what its name says.
    """
    path = Path(path)
    clip = _decode(path, CLIP_READERS)
    check_size(*clip.frames.shape)
    return clip


def read_label_maps(path: str | Path) -> tuple[LabelMap, tuple[float, float]]:
    """Label maps uint8 (t, h, w), and their (y, x) spacing in mm, of a .nii .nii.gz .npz or .png file.

    Classes are 0..3 as in CAMUS or 0..4 as in `labels`; a NIfTI array is (x, y), (x, y, t) or (x, y, 1, t). Where the file tells no
    spacing, pixels are square and the picture 150 mm deep. Raises BadInput on other classes, other shapes, an empty
    map, and whatever `read_clip` refuses.
    """
    values, spacing = read_labels(path)
    classes = np.unique(values)
    if not np.isin(classes, range(len(labels.NAMES))).all():
        shown = ", ".join(f"{value}" for value in classes[:8]) + (", ..." if len(classes) > 8 else "")
        names = ", ".join(f"{i} {name}" for i, name in enumerate(labels.NAMES))
        raise BadInput(f"{Path(path).name} has labels {shown}; only {names} are known, so relabel it.")
    return values.astype(np.uint8), spacing


def read_labels(path: str | Path) -> tuple[Integer[np.ndarray, "t h w"], tuple[float, float]]:
    """As `read_label_maps`, but whatever whole numbers the file holds; `mapping` tells which of them is which class."""
    path = Path(path)
    values, spacing = _decode(path, LABEL_READERS)
    if values.ndim != 3:
        raise BadInput(
            f"{path.name} has colours; a label map holds one class number a pixel, so save it indexed or grey."
        )
    # Only fractions need a closer look; whole numbers stay in the few bytes that they came in.
    whole = values if np.issubdtype(values.dtype, np.integer) else _whole(values)
    if whole is not values and (whole != values).any():
        odd = values[whole != values][0]
        raise BadInput(f"{path.name} has a label {odd:g}; labels are whole numbers, so relabel it.")
    if whole.min() == whole.max():
        raise BadInput(
            f"{path.name} is empty: every pixel has the label {whole.flat[0]}; draw at least the LV (label {labels.LV})."
        )
    if spacing == UNKNOWN_SPACING:
        spacing = (Sector().depth / values.shape[1],) * 2
    return np.ascontiguousarray(whole), spacing


def _whole(values: np.ndarray) -> np.ndarray:
    """The nearest whole numbers to fractions, int32; 0 for what is none or too large."""
    usable = np.isfinite(values) & (np.abs(values) < 2**31 - 1)
    return np.where(usable, values, 0).round().astype(np.int32)


def _decode(path: Path, readers):
    """What the reader for the file's kind gives; whatever else a decoder raises on a damaged file is told as such."""
    kind = kind_of(path)
    if kind not in readers:
        raise BadInput(f"{path.name} is a file of kind {kind}, which holds no label map; use {', '.join(readers)}.")
    try:
        return readers[kind](path)
    except BadInput:
        raise
    except Exception as error:  # Decoders raise nearly every type there is on hostile bytes.
        raise BadInput(
            f"{path.name} is damaged or cut off and cannot be read as {kind}; export or copy it again."
        ) from error
