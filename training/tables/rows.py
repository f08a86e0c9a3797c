"""What was measured of every clip, on disk at once: a table that was interrupted goes on with the next clip."""

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

from engine.errors import BadInput

Key = tuple[str, ...]
Arrays = Mapping[str, np.ndarray]
"""Of one clip: its features by extractor, frames that are shown"""


@dataclass(frozen=True)
class Row:
    """One clip. What was not measured is NaN."""

    made_by: str
    """short hash of weights, settings, true clip and measuring networks: a row of others is passed over"""
    model: str
    task: str
    heart: str
    draw: int
    """0 is the single draw"""
    asked: float
    """LVEF in percent; of a true clip its own"""
    seconds: float = float("nan")
    evaluations: int = 0
    """of all stages' networks together"""
    regressor: float = float("nan")
    """LVEF in percent"""
    simpson: float = float("nan")
    """LVEF in percent, by segmentation and Simpson's rule"""
    ssim: float = float("nan")
    lpips: float = float("nan")

    @property
    def key(self) -> Key:
        return self.made_by, self.model, self.task, self.heart, str(self.draw)


class Rows:
    """The rows of a folder, in `rows.csv`, and each one's arrays in a file of its own."""

    def __init__(self, folder: Path):
        """Raises BadInput where the folder cannot be made or written."""
        self.folder, self.path = folder, folder / "rows.csv"
        self._known: dict[Key, Row] = {}
        try:
            (folder / "arrays").mkdir(parents=True, exist_ok=True)
            for row in _read(self.path):
                if self._arrays(row.key).exists():
                    self._known[row.key] = row
            self._rewrite()
        except OSError as error:
            raise BadInput(
                f"{folder} cannot be written ({error.strerror}); choose a folder that is yours by --out."
            ) from None

    def __contains__(self, key: Key) -> bool:
        return key in self._known

    def __getitem__(self, key: Key) -> Row:
        return self._known[key]

    def add(self, row: Row, arrays: Arrays) -> None:
        """The arrays first: a row is there only when all of it is."""
        path = self._arrays(row.key)
        temporary = path.with_suffix(".part")
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # pyright: ignore[reportArgumentType]
        os.replace(temporary, path)
        with self.path.open("a", newline="", encoding="utf-8") as file:
            csv.writer(file).writerow(asdict(row).values())
        self._known[row.key] = row

    def arrays(self, row: Row) -> dict[str, np.ndarray]:
        with np.load(self._arrays(row.key)) as found:
            return dict(found)

    def _arrays(self, key: Key) -> Path:
        return self.folder / "arrays" / f"{'_'.join(key).replace(' ', '-')}.npz"

    def _rewrite(self) -> None:
        """Whole rows alone, so that what is added does not end up behind half a one."""
        temporary = self.path.with_suffix(".part")
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(field.name for field in fields(Row))
            writer.writerows(asdict(row).values() for row in self._known.values())
        os.replace(temporary, self.path)


def _read(path: Path) -> Iterator[Row]:
    """The rows of a file that are whole; none where there is no file."""
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8") as file:
        lines = [line for line in file if line.endswith("\n")]
    for told in csv.DictReader(lines):
        try:
            yield Row(**{field.name: field.type(told[field.name]) for field in fields(Row)})  # type: ignore[operator]
        except (KeyError, TypeError, ValueError):
            continue
