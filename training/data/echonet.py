"""EchoNet-Dynamic: 10,030 apical four-chamber videos of 112x112, the LV traced at ED and ES (Ouyang et al. 2020).

`FileList.csv`, `VolumeTracings.csv` (rows of X1, Y1, X2, Y2: per frame the long axis, then chords across it) and `Videos/`.
"""

from collections import defaultdict
from pathlib import Path

import numpy as np

from engine.anatomy.heart import Points
from training.data.example import Example, Records, Split, gather, require
from training.data.tables import number, read_table, whole
from training.data.tracings import TracedRecord, compare_files, read_traced, with_ending

NAME = "EchoNet-Dynamic"
SPLITS: dict[str, Split] = {"TRAIN": "train", "VAL": "validation", "TEST": "test"}
FILES = ("FileList.csv", "VolumeTracings.csv", "Videos")


def list_records(root: Path) -> Records[TracedRecord]:
    """Every video of the copy in `root` that has two traced frames or more; the two tables are read, no video.

    A video is a patient. Raises BadInput where a table or `Videos` is missing or a table lacks a column.
    """
    require(root, NAME, FILES)
    rows = read_table(root / "FileList.csv", ("FileName", "EF", "FPS", "NumberOfFrames", "Split"))
    outlines = _read_outlines(root / "VolumeTracings.csv")
    items, odd = [], compare_files(root / "Videos", {with_ending(row[0]) for row in rows})
    for name, ef, fps, frames, split in rows:
        path = root / "Videos" / with_ending(name)
        if not path.exists():
            continue
        traced = outlines.get(path.name, {})
        if len(traced) < 2:
            odd.append(f"{path.name}: has {len(traced)} traced frames; two are wanted, so it is left out")
            continue
        if split.upper() not in SPLITS:
            odd.append(f"{path.name}: its split is {split!r}; one of {', '.join(SPLITS)} is wanted")
        items.append(
            TracedRecord(
                path=path,
                patient=path.stem,
                view="A4C",
                split=SPLITS.get(split.upper()),
                frames=whole(frames),
                outlines=traced,
                lvef=number(ef),
                fps=number(fps),
            )
        )
    return gather(items, odd)


def read(record: TracedRecord) -> Example:
    """Decodes one video; see `read_traced`."""
    return read_traced(record, NAME)


def _read_outlines(path: Path) -> dict[str, dict[int, Points]]:
    """The LV's outline by video and frame: down one end of the chords and up the other, the long axis left out."""
    chords: dict[str, dict[int, list[tuple[float, ...]]]] = defaultdict(lambda: defaultdict(list))
    for name, frame, *ends in read_table(path, ("FileName", "Frame", "X1", "Y1", "X2", "Y2")):
        at, values = whole(frame), [number(end) for end in ends]
        if at is not None and at >= 0 and None not in values:
            chords[with_ending(name)][at].append(tuple(value for value in values if value is not None))
    return {
        name: {at: _outline(np.array(rows)) for at, rows in frames.items() if len(rows) > 2}
        for name, frames in chords.items()
    }


def _outline(rows: np.ndarray) -> Points:
    return np.concatenate([rows[1:, :2], rows[:0:-1, 2:]])
