"""Walks a copy of a data set, says what it holds, and lists what is damaged or odd, one line each."""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer
from tqdm import tqdm

from engine.anatomy import labels
from engine.errors import BadInput
from training.data import camus, echonet, mnms, pediatric
from training.data.example import Example, Record, Records

app = typer.Typer(help="Copies of real data sets.", no_args_is_help=True)


class Reader(Protocol):
    """What the module of a data set offers."""

    NAME: str

    def list_records(self, root: Path) -> Records[Any]:
        """What tables and file names tell; decodes nothing. Raises BadInput where `root` is no such copy."""
        ...

    def read(self, record: Any) -> Example:
        """Decodes one record. Raises BadInput where it is damaged."""
        ...


READERS: dict[str, Reader] = {"camus": camus, "echonet": echonet, "pediatric": pediatric, "mnms": mnms}

Range = tuple[float, float]
"""smallest, largest"""


@dataclass(frozen=True)
class Report:
    """What a copy holds, of the examples that could be read."""

    name: str
    patients: int
    clips: int
    """or volumes"""
    views: dict[str, int]
    """clips of each"""
    splits: dict[str, int]
    """patients in each"""
    frames: int
    labelled_frames: int
    fps: Range | None
    """None: no clip tells any"""
    height: Range | None
    """pixels"""
    width: Range | None
    mm_per_row: Range | None
    mm_per_column: Range | None
    lvef: Range | None
    """percent"""
    odd: tuple[str, ...]
    """one line for each file that is missing, damaged or odd"""


def check(name: str, root: Path) -> Report:
    """Decodes every example of the copy of a data set in `root`, one at a time, with a progress bar on a terminal.

    Raises BadInput on an unknown name and on a folder that is no such copy; whatever else is wrong is in the report.
    """
    if name not in READERS:
        raise BadInput(f"The data set {name!r} is unknown; use one of {', '.join(READERS)}.")
    reader = READERS[name]
    records = reader.list_records(root)
    odd, facts = list(records.odd), []
    for record in tqdm(records.items, unit="clip", disable=None):
        place = record.path.relative_to(root)
        try:
            example = reader.read(record)
        except BadInput as error:
            odd.append(f"{place}: {error}")
            continue
        odd += [f"{place}: {line}" for line in find_oddities(record, example)]
        facts.append(_facts(example))
    if not records.items and not odd:
        raise BadInput(f"{root} is a copy of {reader.NAME} without a single clip; copy it again.")
    return Report(
        name=reader.NAME,
        patients=len({fact["patient"] for fact in facts}),
        clips=len(facts),
        views=dict(Counter(fact["view"] for fact in facts)),
        splits=dict(Counter(split for _, split in {(fact["patient"], fact["split"]) for fact in facts})),
        frames=sum(fact["frames"] for fact in facts),
        labelled_frames=sum(fact["labelled"] for fact in facts),
        **{key: _range(fact[key] for fact in facts) for key in RANGES},
        odd=tuple(odd),
    )


def find_oddities(record: Record, example: Example) -> list[str]:
    """One line for each thing about a decoded example that its data set does not mean to be so."""
    odd, count = [], len(example.frames)
    if record.frames is not None and record.frames != count:
        odd.append(f"holds {count} frames, but the table says {record.frames}")
    if not example.frames.any():
        odd.append("is black")
    if example.lvef is not None and not 0 < example.lvef < 100:
        odd.append(f"has an LVEF of {example.lvef:g} %")
    if example.phase is not None:
        return odd
    if example.fps is None and count > 2:
        odd.append("has no frame rate")
    if not example.label_maps:
        odd.append("has no label map")
    sizes = {at: int((drawn == labels.LV).sum()) for at, drawn in example.label_maps.items()}
    empty = [str(at) for at, size in sizes.items() if not size]
    if empty:
        odd.append(f"has label maps without an LV: frames {', '.join(empty)} (from 0)")
    ed, es = example.ed, example.es
    if ed is not None and ed == es:
        odd.append(f"has ED and ES in one frame, {ed} (from 0)")
    elif ed in sizes and es in sizes and sizes[ed] <= sizes[es]:
        odd.append(f"has an LV no larger at ED ({sizes[ed]} pixels) than at ES ({sizes[es]})")
    return odd


RANGES = ("fps", "height", "width", "mm_per_row", "mm_per_column", "lvef")


def _facts(example: Example) -> dict[str, Any]:
    """What the report counts of an example, so that its frames can be let go."""
    (frames, height, width), spacing = example.frames.shape, example.mm_per_pixel or (None, None)
    return {
        "patient": example.patient,
        "view": example.view,
        "split": example.split or "none",
        "frames": frames,
        "labelled": len(example.label_maps),
        **dict(zip(RANGES, (example.fps, height, width, *spacing, example.lvef), strict=True)),
    }


def _range(values: Iterable[float | None]) -> Range | None:
    known = [value for value in values if value is not None]
    return (min(known), max(known)) if known else None


def describe(report: Report) -> str:
    """The report in plain lines."""

    def between(values: Range | None, unit: str = "") -> str:
        return "not told" if values is None else f"{values[0]:.4g} to {values[1]:.4g}{unit}"

    def counts(parts: dict[str, int]) -> str:
        return ", ".join(f"{key} {count}" for key, count in sorted(parts.items()))

    lines = {
        "patients": f"{report.patients}   ({counts(report.splits)})",
        "clips": f"{report.clips}   ({counts(report.views)})",
        "frames": f"{report.frames}, {report.labelled_frames} of them labelled",
        "frame rate": between(report.fps, " a second"),
        "size": f"{between(report.height)} rows, {between(report.width)} columns",
        "spacing": f"{between(report.mm_per_row)} by {between(report.mm_per_column)} mm (row, column)",
        "LVEF": between(report.lvef, " %"),
    }
    told = [report.name, *(f"  {key:<12}{value}" for key, value in lines.items())]
    if not report.odd:
        return "\n".join([*told, "All is sound."])
    return "\n".join([*told, f"{len(report.odd)} to look at:", *(f"  {line}" for line in report.odd)])


@app.command("check", epilog="Example: python -m training data check camus ~/CAMUS_public")
def main(
    name: Annotated[str, typer.Argument(metavar="DATASET", help=f"One of {', '.join(READERS)}.")],
    root: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that the data set was unpacked in.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of plain lines.")] = False,
) -> None:
    """Say what a copy of a data set holds and what in it is damaged or odd: exit code 0 when sound, 1 when something is listed."""
    try:
        report = check(name, root)
    except BadInput as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
    print(json.dumps(asdict(report), indent=1) if as_json else describe(report))
    if report.odd:
        raise typer.Exit(1)
