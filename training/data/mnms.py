"""M&Ms: short-axis MR of 375 hearts from four vendors, as 4-D NIfTI labelled at ED and ES (Campello et al. 2021).

A table `*_Dataset_information_*.csv` beside `Training/{Labeled,Unlabeled}`, `Validation` and `Testing`, in which
`<code>/<code>_sa.nii.gz` and `<code>_sa_gt.nii.gz` lie.

An example is a whole volume, the slices of one patient at one instant: the few-shot MR model takes slices in place of frames,
and an example for each slice position would tear that axis apart.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import nibabel
import numpy as np
from jaxtyping import UInt8
from scipy.ndimage import binary_dilation

from engine.anatomy import labels
from engine.anatomy.labels import Frames
from engine.anatomy.volumes import lvef
from engine.errors import BadInput
from engine.media.limits import UNKNOWN_SPACING, check_size, sane_spacing
from training.data.example import Example, Phase, Record, Records, Split, gather, require
from training.data.tables import read_table, whole

NAME = "M&Ms"
FOLDERS: dict[str, Split] = {
    "Training/Labeled": "train",
    "Training/Unlabeled": "train",
    "Validation": "validation",
    "Testing": "test",
}
CLASSES = (1, 2, 3)
"""LV, myocardium and right ventricle in the files, in an order that geometry decides"""
ENCLOSED = 0.6
"""share of a class's rim that the myocardium must be, for that class to be the LV pool"""
DARKEST, BRIGHTEST = 0.5, 99.5
"""percentiles of a volume that become grey 0 and 255; MR has no scale of its own"""


@dataclass(frozen=True, eq=False)
class MnmsRecord(Record):
    """One instant of one patient; `path` is the 4-D image."""

    phase: Phase
    ed: int
    """indices on the time axis of the file, from 0"""
    es: int

    @property
    def labels_path(self) -> Path:
        """The label file; it may not be there."""
        return self.path.with_name(self.path.name.replace("_sa.nii.gz", "_sa_gt.nii.gz"))


def list_records(root: Path) -> Records[MnmsRecord]:
    """Two records, ED and ES, of every patient of the copy in `root`; the table is read, no image.

    Raises BadInput where there is no table, it lacks a column, or none of the folders is there.
    """
    tables = sorted(path for path in root.glob("*.csv") if "dataset_information" in path.name.lower())
    there = [folder for folder in FOLDERS if (root / folder).is_dir()]
    if not tables or not there:
        require(root, NAME, ["*_Dataset_information_*.csv"] if not tables else list(FOLDERS))
    rows = {code: (ed, es) for code, ed, es in read_table(tables[-1], ("External code", "ED", "ES"))}
    items, odd, seen = [], [], set()
    for folder in there:
        for place in sorted(path for path in (root / folder).iterdir() if path.is_dir()):
            code, name = place.name, f"{folder}/{place.name}"
            seen.add(code)
            path = place / f"{code}_sa.nii.gz"
            ed, es = (whole(value) for value in rows.get(code, ("", "")))
            if not path.exists():
                odd.append(f"{name}: {path.name} is missing, so it is left out")
            elif ed is None or es is None or min(ed, es) < 0:
                odd.append(f"{name}: {tables[-1].name} tells no ED and ES of it, so it is left out")
            else:
                for phase in ("ED", "ES"):
                    items.append(MnmsRecord(path, code, "SAX", FOLDERS[folder], None, phase, ed, es))
                if folder != "Training/Unlabeled" and not items[-1].labels_path.exists():
                    odd.append(f"{name}: {items[-1].labels_path.name} is missing")
    odd += [f"{code}: is in {tables[-1].name} but has no folder" for code in sorted(rows.keys() - seen)]
    return gather(items, odd)


def read(record: MnmsRecord) -> Example:
    """Decodes one volume: frames are its slices in the order of the file, ED and ES are None, `phase` tells the instant.

    Which class is the LV pool and which the myocardium is read off the maps: the myocardium encloses the pool. The right
    ventricle, for which there is no class, becomes 4, 'none of the others'. LVEF comes from the voxels of the pool at ED
    and ES. Without labels there are no label maps and no LVEF. Raises BadInput on damaged files, shapes that do not fit,
    and labels in which no class encloses another.
    """
    image = _open(record.path)
    at = record.ed if record.phase == "ED" else record.es
    frames = _to_grey(image.volume(at))
    maps, ejected = {}, None
    if record.labels_path.exists():
        drawn = _open(record.labels_path)
        if drawn.values.shape != image.values.shape:
            raise BadInput(
                f"{record.labels_path.name} has shape {drawn.values.shape} (t, s, h, w), its image {image.values.shape}; "
                "copy both again."
            )
        both = _relabel(drawn.volume(record.ed), drawn.volume(record.es), record.labels_path.name)
        maps = dict(enumerate(both[0 if record.phase == "ED" else 1]))
        edv, esv = (int((volume == labels.LV).sum()) for volume in both)
        ejected = lvef(edv, esv) if edv else None
    return Example(
        frames=frames,
        fps=None,
        mm_per_pixel=None if image.mm_per_pixel == UNKNOWN_SPACING else image.mm_per_pixel,
        view=record.view,
        ed=None,
        es=None,
        label_maps=maps,
        lvef=ejected,
        split=record.split,
        patient=record.patient,
        source=NAME,
        phase=record.phase,
    )


@dataclass(frozen=True, eq=False)
class _Series:
    """A decoded 4-D file."""

    path: Path
    values: np.ndarray
    """(t, s, h, w)"""
    mm_per_pixel: tuple[float, float]

    def volume(self, at: int) -> np.ndarray:
        """Slices (s, h, w) of one instant."""
        if at >= len(self.values):
            raise BadInput(
                f"{self.path.name} has {len(self.values)} instants, but the table names {at} (from 0); copy it again."
            )
        return self.values[at]


def _open(path: Path) -> _Series:
    """Decoded to the end, though two instants are wanted: a file that is cut off must not pass for a whole one."""
    try:
        image = cast(nibabel.Nifti1Image, nibabel.load(path))
        shape = image.shape
        if len(shape) != 4:
            raise BadInput(f"{path.name} has shape {shape}; (x, y, slice, time) is wanted, so copy it again.")
        check_size(shape[2], shape[1], shape[0])
        values = np.asarray(image.dataobj).transpose(3, 2, 1, 0)
    except BadInput:
        raise
    except Exception as error:  # nibabel raises whatever gzip, struct or numpy raise on hostile bytes
        raise BadInput(f"{path.name} is damaged, cut off or no NIfTI file ({error}); copy it again.") from None
    x, y = (float(f"{zoom:.7g}") for zoom in image.header.get_zooms()[:2])
    return _Series(path, values, sane_spacing(y, x))


def _to_grey(volume: np.ndarray) -> Frames:
    values = np.nan_to_num(volume.astype(np.float32))
    low, high = np.percentile(values, (DARKEST, BRIGHTEST))
    return np.round(np.clip((values - low) / max(float(high - low), 1e-6), 0, 1) * 255).astype(np.uint8)


def _relabel(
    ed: np.ndarray, es: np.ndarray, name: str
) -> tuple[UInt8[np.ndarray, "s h w"], UInt8[np.ndarray, "s h w"]]:
    """Both volumes in the engine's classes."""
    both = np.stack([ed, es])
    found = np.unique(both)
    if not np.isin(found, (0, *CLASSES)).all():
        raise BadInput(
            f"{name} has labels {', '.join(f'{v:g}' for v in found[:8])}; 0 to 3 are wanted, so copy it again."
        )
    pool, wall = _pool_and_wall(both, name)
    table = np.full(1 + max(CLASSES), labels.SECTOR, np.uint8)
    table[[0, pool, wall]] = labels.BACKGROUND, labels.LV, labels.MYOCARDIUM
    return table[ed.astype(int)], table[es.astype(int)]


def _pool_and_wall(volumes: np.ndarray, name: str) -> tuple[int, int]:
    """The pair of classes of which the second makes up most of the rim of the first, slice by slice."""
    in_plane = np.ones((1, 1, 3, 3), bool)
    shares = {}
    for inner in CLASSES:
        mask = volumes == inner
        rim = binary_dilation(mask, in_plane) & ~mask
        for outer in CLASSES:
            if outer != inner and rim.any():
                shares[inner, outer] = float((volumes[rim] == outer).mean())
    pair = max(shares, key=lambda each: shares[each], default=None)
    if pair is None or shares[pair] < ENCLOSED:
        raise BadInput(
            f"{name} has no class that encloses another, so pool and myocardium cannot be told apart; copy it again."
        )
    return pair
