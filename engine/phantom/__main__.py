"""`python -m engine.phantom report`: how near the simulation comes to real echo."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from engine.phantom import picture
from engine.phantom import report as measure
from engine.phantom.population import LOOKS

app = typer.Typer(add_completion=False, no_args_is_help=True)


@app.callback()
def phantom() -> None:
    """The simulated ultrasound."""


@app.command()
def report(
    count: Annotated[int, typer.Option(min=measure.STILLS, help="Clips to simulate of each look.")] = 200,
    first: Annotated[int, typer.Option(min=0, help="First seed.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the picture goes.")] = Path("phantom.png"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Measure phantom clips as real echo was measured, print each figure beside the real one, and draw them."""
    reports = []
    with typer.progressbar(
        length=count * len(LOOKS), label="phantom clips", file=typer.get_text_stream("stderr")
    ) as bar:
        for look in LOOKS:
            reports.append(measure.report(look, count, first, lambda: bar.update(1)))
    if as_json:
        rows = [{"look": r.look, "passes": row.passes, **asdict(row)} for r in reports for row in r.rows]
        typer.echo(json.dumps(rows, indent=1))
    else:
        for one in reports:
            typer.echo(measure.table(one) + "\n")
    picture.draw(reports, out)
    typer.echo(f"Drawn in {out}.", err=True)


if __name__ == "__main__":
    app()
