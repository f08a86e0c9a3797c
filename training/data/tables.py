"""Tables of data sets: CSV whose headers, separators and file names come in dialects."""

import csv
import math
from collections.abc import Sequence
from pathlib import Path

from engine.errors import BadInput


def read_table(path: Path, columns: Sequence[str]) -> list[tuple[str, ...]]:
    """The rows of a CSV file, each the values of the asked columns in that order, stripped; '' where a row is short.

    A column is found by its letters and digits alone, in either case; others are passed over. Separators are ',' ';' or
    tab. Raises BadInput where the file cannot be read or lacks a column.
    """
    try:
        lines = path.read_text("utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}); copy it again.") from None
    separator = max(",;\t", key=lines[0].count) if lines else ","
    try:
        header, *rows = list(csv.reader(lines, delimiter=separator)) or [[]]
    except csv.Error as error:
        raise BadInput(f"{path} is no table ({error}); copy it again.") from None
    names = [_plain(name) for name in header]
    missing = [column for column in columns if _plain(column) not in names]
    if missing:
        got = ", ".join(name.strip() or "''" for name in header[:12]) or "none"
        raise BadInput(f"{path} has the columns {got}; {', '.join(missing)} is wanted too, so copy the file again.")
    places = [names.index(_plain(column)) for column in columns]
    return [tuple(row[at].strip() if at < len(row) else "" for at in places) for row in rows if any(row)]


def number(text: str) -> float | None:
    """A finite number, or None."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(text: str) -> int | None:
    """A whole number, also when written 12.0; or None."""
    value = number(text)
    return int(value) if value is not None and value == int(value) else None


def _plain(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalnum())
