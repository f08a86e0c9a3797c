"""Tables of plain text."""

from collections.abc import Sequence
from typing import Literal


def align(rows: Sequence[Sequence[str]], others: Literal["<", ">"] = ">") -> str:
    """Rows of as many cells, two spaces between them; the first column to the left, the others to the right or left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    sides = ["<", *others * (len(widths) - 1)]
    return "\n".join(
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    )
