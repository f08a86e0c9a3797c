"""EchoNet-Pediatric: A4C and PSAX videos of children, the LV traced at ED and ES (Reddy et al. 2023).

`A4C/` and `PSAX/`, each with `FileList.csv`, `VolumeTracings.csv` (rows of X, Y round the LV) and `Videos/`.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.anatomy.heart import Points
from engine.errors import BadInput
from training.data.example import Example, Records, Split, View, gather, require
from training.data.tables import number, read_table, whole
from training.data.tracings import TracedRecord, compare_files, read_traced, with_ending

NAME = "EchoNet-Pediatric"
VIEWS: tuple[View, ...] = ("A4C", "PSAX")
FILES = ("FileList.csv", "VolumeTracings.csv", "Videos")
VALIDATION, TEST = 8, 9
"""Of the ten folds that the column Split numbers from 0; the others are for training."""


def list_records(root: Path) -> Records[TracedRecord]:
    """Every video of the copy in `root`, in one view or both, that has two traced frames; tables are read, no video.

    Frames 'No Systolic' and 'No Diastolic' are none. A patient is what the video's name says before its first dash, so
    that both views and all recordings of a child count together. Raises BadInput where neither view is there, or one
    lacks a table, `Videos` or a column.
    """
    views = [view for view in VIEWS if (root / view).is_dir()]
    if not views:
        raise BadInput(f"{root} is no copy of {NAME}: it holds neither A4C nor PSAX; give the folder that does.")
    items, odd = [], []
    for view in views:
        found, lines = _list_view(root / view, view)
        items += found
        odd += lines
    return gather(items, odd)


def read(record: TracedRecord) -> Example:
    """Decodes one video at the frame rate that it tells; see `read_traced`."""
    return read_traced(record, NAME)


def _list_view(folder: Path, view: View) -> tuple[list[TracedRecord], list[str]]:
    require(folder, f"{NAME}'s {view}", FILES)
    rows = read_table(folder / "FileList.csv", ("FileName", "EF", "Split"))
    outlines = _read_outlines(folder / "VolumeTracings.csv")
    items, odd = [], compare_files(folder / "Videos", {with_ending(row[0]) for row in rows})
    for name, ef, fold in rows:
        path = folder / "Videos" / with_ending(name)
        if not path.exists():
            continue
        traced, split = outlines.get(path.name, {}), _split(fold)
        if len(traced) < 2:
            odd.append(f"{view}/{path.name}: has {len(traced)} traced frames; two are wanted, so it is left out")
            continue
        if split is None:
            odd.append(f"{view}/{path.name}: its split is {fold!r}; a number from 0 to 9 is wanted")
        patient = path.stem.split("-")[0]
        items.append(TracedRecord(path, patient, view, split, None, traced, number(ef), None))
    return items, odd


def _split(fold: str) -> Split | None:
    at = whole(fold)
    if at is None or not 0 <= at <= TEST:
        return None
    return "test" if at == TEST else "validation" if at == VALIDATION else "train"


def _read_outlines(path: Path) -> dict[str, dict[int, Points]]:
    points: dict[str, dict[int, list[tuple[float, float]]]] = defaultdict(lambda: defaultdict(list))
    for name, frame, *place in read_table(path, ("FileName", "Frame", "X", "Y")):
        at, (x, y) = whole(frame), (number(value) for value in place)
        if at is not None and at >= 0 and x is not None and y is not None:
            points[with_ending(name)][at].append((x, y))
    return {
        name: {at: np.array(each) for at, each in frames.items() if len(each) > 2} for name, frames in points.items()
    }
