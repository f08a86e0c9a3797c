"""CAMUS: half a beat in both apical views of 500 patients, as NIfTI (Leclerc et al. 2019).

`database_nifti/patient0001/` holds `Info_4CH.cfg`, `patient0001_4CH_half_sequence.nii.gz`, the stills `_ED` and `_ES`, and
a `_gt` beside each, for 2CH and 4CH; `database_split/subgroup_{training,validation,testing}.txt` one patient a line.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from engine.anatomy.derived import find_insonified, with_sector
from engine.errors import BadInput
from engine.media.limits import UNKNOWN_SPACING
from engine.media.read import read_clip, read_label_maps
from engine.types import Clip
from training.data.example import Example, Record, Records, Split, View, require
from training.data.tables import number, whole

NAME = "CAMUS"
VIEWS: dict[str, View] = {"2CH": "A2C", "4CH": "A4C"}
SPLITS: dict[str, Split] = {"training": "train", "validation": "validation", "testing": "test"}


@dataclass(frozen=True, eq=False)
class CamusRecord(Record):
    """One view of one patient; `path` is the patient's folder."""

    stem: str
    """what the names of its files begin with, as 'patient0001_4CH'"""
    is_sequence: bool
    """whether the half sequence is there; without it the two stills are all"""
    ed: int
    """from 0, in the order of the file"""
    es: int
    fps: float | None
    lvef: float | None

    def file(self, part: str) -> Path:
        """The file of one part, as 'ED' or 'half_sequence_gt'."""
        return self.path / f"{self.stem}_{part}.nii.gz"


def list_records(root: Path) -> Records[CamusRecord]:
    """Both views of every patient of the copy that lies in `root`; its `cfg` and split files are read, no image.

    Raises BadInput where there is no folder `database_nifti`.
    """
    require(root, NAME, ["database_nifti"])
    splits, odd = _read_splits(root / "database_split")
    folders = sorted(path for path in (root / "database_nifti").iterdir() if path.is_dir())
    items = []
    for folder in folders:
        found = splits.pop(folder.name, [])
        if len(found) != 1:
            odd.append(
                f"{folder.name}: is in {' and '.join(found) or 'no split'}; one is wanted, so it belongs to none"
            )
        for name in VIEWS:
            try:
                record = _record(folder, name, found[0] if len(found) == 1 else None)
            except BadInput as error:
                odd.append(f"{folder.name}: {error}")
                continue
            items.append(record)
            odd += [f"{folder.name}: {record.file(part).name} is missing{then}" for part, then in _missing(record)]
    odd += [f"{patient}: is in a split file but has no folder" for patient in sorted(splits)]
    return Records(tuple(items), tuple(odd))


def read(record: CamusRecord) -> Example:
    """Decodes one view: the half sequence with a label map for every frame, or the two stills where there is none.

    A sequence that runs from ES to ED is turned round, and its label maps and indices with it. The sector is added to
    the label maps from the pixels above 0. Raises BadInput on a file that is missing or damaged, or does not fit the
    others.
    """
    if record.is_sequence:
        clip, maps = _read_sequence(record)
        ed, es, fps = record.ed, record.es, record.fps
    else:
        clip, maps = _read_stills(record)
        ed, es, fps = 0, 1, None
    last = len(clip.frames) - 1
    if max(ed, es) > last:
        raise BadInput(
            f"{record.stem} has {last + 1} frames, but its cfg puts ED at {ed + 1} and ES at {es + 1}; copy it again."
        )
    frames = clip.frames
    if ed > es:
        frames, ed, es = np.ascontiguousarray(frames[::-1]), last - ed, last - es
        maps = {last - at: drawn for at, drawn in maps.items()}
    sector = find_insonified(frames)
    return Example(
        frames=frames,
        fps=fps,
        mm_per_pixel=None if clip.mm_per_pixel == UNKNOWN_SPACING else clip.mm_per_pixel,
        view=record.view,
        ed=ed,
        es=es,
        label_maps={at: with_sector(maps[at], sector) for at in sorted(maps)},
        lvef=record.lvef,
        split=record.split,
        patient=record.patient,
        source=NAME,
    )


def _read_splits(folder: Path) -> tuple[dict[str, list[Split]], list[str]]:
    """The splits of each patient, and a line for each split file that cannot be read."""
    splits: dict[str, list[Split]] = {}
    odd = []
    for name, split in SPLITS.items():
        path = folder / f"subgroup_{name}.txt"
        try:
            patients = path.read_text("utf-8-sig", errors="replace").split()
        except OSError as error:
            odd.append(f"{folder.name}/{path.name}: cannot be read ({error.strerror})")
            continue
        for patient in dict.fromkeys(patients):
            splits.setdefault(patient, []).append(split)
    return splits, odd


def _record(folder: Path, name: str, split: Split | None) -> CamusRecord:
    path = folder / f"Info_{name}.cfg"
    try:
        text = path.read_text("utf-8-sig", errors="replace")
    except OSError as error:
        raise BadInput(f"{path.name} cannot be read ({error.strerror})") from None
    told = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}
    ed, es, frames = (whole(told.get(key, "")) for key in ("ED", "ES", "NbFrame"))
    if ed is None or es is None or frames is None or min(ed, es) < 1:
        got = ", ".join(f"{key} {told.get(key, 'missing')}" for key in ("ED", "ES", "NbFrame"))
        raise BadInput(f"{path.name} has {got}; frame numbers from 1 are wanted")
    stem = f"{folder.name}_{name}"
    is_sequence = (folder / f"{stem}_half_sequence.nii.gz").exists()
    return CamusRecord(
        path=folder,
        patient=folder.name,
        view=VIEWS[name],
        split=split,
        frames=frames if is_sequence else None,
        stem=stem,
        is_sequence=is_sequence,
        ed=ed - 1,
        es=es - 1,
        fps=number(told.get("FrameRate", "")),
        lvef=number(told.get("EF", "")),
    )


def _missing(record: CamusRecord) -> list[tuple[str, str]]:
    """The parts of a record that have no file, and what is done without."""
    stills = "; its ED and ES stills are used"
    parts = {"half_sequence": stills, "half_sequence_gt": stills.replace("stills", "label maps")}
    parts |= dict.fromkeys(["ED", "ES", "ED_gt", "ES_gt"], "")
    return [(part, then) for part, then in parts.items() if not record.file(part).exists()]


def _read_sequence(record: CamusRecord) -> tuple[Clip, dict[int, UInt8[np.ndarray, "h w"]]]:
    clip = read_clip(record.file("half_sequence"))
    if not record.file("half_sequence_gt").exists():
        parts = {"ED_gt": record.ed, "ES_gt": record.es}
        return clip, {at: _read_map(record, part, clip)[0] for part, at in parts.items() if record.file(part).exists()}
    return clip, dict(enumerate(_read_map(record, "half_sequence_gt", clip)))


def _read_stills(record: CamusRecord) -> tuple[Clip, dict[int, UInt8[np.ndarray, "h w"]]]:
    ed, es = (read_clip(record.file(part)) for part in ("ED", "ES"))
    if ed.frames.shape != es.frames.shape or len(ed.frames) != 1:
        raise BadInput(f"{record.stem} has stills of {ed.frames.shape} and {es.frames.shape}; copy them again.")
    clip = Clip(np.concatenate([ed.frames, es.frames]), ed.fps, ed.mm_per_pixel)
    parts = {"ED_gt": 0, "ES_gt": 1}
    return clip, {at: _read_map(record, part, clip)[0] for part, at in parts.items() if record.file(part).exists()}


def _read_map(record: CamusRecord, part: str, clip: Clip) -> UInt8[np.ndarray, "n h w"]:
    """The label maps of one part; as many as the clip has frames where the part is the whole sequence."""
    maps, _ = read_label_maps(record.file(part))
    wanted = (len(clip.frames) if part == "half_sequence_gt" else 1, *clip.frames.shape[1:])
    if maps.shape != wanted:
        raise BadInput(
            f"{record.file(part).name} has shape {maps.shape}; {wanted} is wanted as the images have, so copy it again."
        )
    return maps
