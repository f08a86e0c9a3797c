"""`python -m training table`: the papers' tables."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import torch
import typer

from engine import cards
from engine.errors import BadInput
from engine.measures.agreement import FEWEST
from engine.pipelines.cascaded_edm import CascadedEdm
from training.bench import describe_machine
from training.tables import cascade, rebalancing, report
from training.tables.rows import Rows
from training.tables.truths import unseen, usual

app = typer.Typer(help="The papers' tables.", no_args_is_help=True)


@app.command("cascaded-edm", epilog="Example: python -m training table cascaded-edm --hearts 30 --out runs/table")
def cascaded_edm(
    data: Annotated[
        Path | None,
        typer.Option(help="A copy of EchoNet-Dynamic, or a folder of simulated clips; without, hearts are simulated."),
    ] = None,
    hearts: Annotated[int, typer.Option(help="How many unseen hearts.")] = 50,
    draws: Annotated[int, typer.Option(help="Clips of each wish: the first alone, then the best of all.")] = 3,
    models: Annotated[str, typer.Option(help="Cascades, with commas between; without, all that are present.")] = "",
    out: Annotated[
        Path, typer.Option(help="Folder for table, figures and rows; a table there is gone on with.")
    ] = Path("runs/table-cascaded-edm"),
) -> None:
    """Generation and reconstruction by every cascade: LVEF, SSIM, LPIPS, FID and FVD. Interrupt it as you like: it goes on."""
    with _bad_input_told():
        _at_least(hearts, FEWEST, "hearts")
        _at_least(draws, 1, "draws")
        names, machine = present(models), describe_machine()
        rows = Rows(out)
        rulers = cascade.load_rulers()
        loaded = {name: load(name) for name in names}
        truths = unseen(data, out / "hearts", hearts)
        lines, made = cascade.make(loaded, truths, draws, rows, rulers)
        about = f"{truths.about}; {machine}, on {_device()}"
        text = report.write(lines, about, out)
        report.draw_scatters(lines, made, out)
        for name in names:
            shown = [row for row in made if (row.model, row.task) == (name, "sheet")]
            report.draw_sheet(shown, truths.clips, rows, out / f"sheet-{name}.png")
        typer.echo(text)


@app.command(
    "rebalancing", epilog="Example: python -m training table rebalancing --real 200 --minutes 30 --out runs/rebalancing"
)
def rebalanced(
    data: Annotated[Path | None, typer.Option(help="A copy of EchoNet-Dynamic; without, hearts are simulated.")] = None,
    real: Annotated[int, typer.Option(help="True clips to learn from, of the usual LVEFs.")] = 200,
    hearts: Annotated[int, typer.Option(help="Unseen hearts of even LVEF to score on.")] = 100,
    minutes: Annotated[float, typer.Option(help="Minutes of training for each of the two regressors.")] = 5.0,
    model: Annotated[str, typer.Option(help="A cascade; without, the one of the most stages.")] = "",
    seed: Annotated[int, typer.Option(help="Of both regressors' start and of what is drawn.")] = 0,
    out: Annotated[
        Path, typer.Option(help="Folder for clips, runs and the table; what is there is gone on with.")
    ] = Path("runs/table-rebalancing"),
) -> None:
    """Train the LVEF regressor on usual clips, and on as many of which half are generated to even them out."""
    with _bad_input_told():
        _at_least(real, 2, "true clips")
        _at_least(hearts, FEWEST, "hearts")
        if not minutes > 0:
            raise BadInput(f"{minutes:g} minutes of training were asked for; a number above 0 is wanted.")
        machine = describe_machine()
        cascade_ = load(max(present(model), key=lambda name: len(cards.CARDS[name].stages)))
        told = {"weights": cascade_.weights_sha256, "data": str(data), "real": real, "minutes": minutes, "seed": seed}
        rebalancing.claim(out, told)
        learned = usual(data, out / "hearts", real)
        test = unseen(data, out / "hearts", hearts, balanced=True)
        result = rebalancing.run(cascade_, learned, test, out, minutes, seed)
        about = f"{cascade_.card.name}; learned from {learned.about}; scored on {test.about}; {minutes:g} minutes each"
        text = rebalancing.show(result, f"{about}; {machine}, on {_device()}")
        (out / "table.txt").write_text(text + "\n", encoding="utf-8")
        (out / "table.json").write_text(
            json.dumps({"about": about, **asdict(result)}, indent=1) + "\n", encoding="utf-8"
        )
        typer.echo(text)


def present(models: str) -> list[str]:
    """The cascades of that list, all that are there where it is empty. Raises BadInput where one is not, or none is."""
    here = [name for name, card in cards.CARDS.items() if card.stages]
    if not here:
        raise BadInput(
            "No cascade is present: train its stages by `python -m training.train cascaded-edm/...`, or name the folder of "
            "their weights in the environment variable ECHO_STUDIO_WEIGHTS."
        )
    wanted = [name.strip() for name in models.split(",") if name.strip()] or here
    for name in wanted:
        if name not in here:
            raise BadInput(f"There is no cascade {name!r} here; choose among {', '.join(here)}.")
    return list(dict.fromkeys(wanted))


def load(name: str) -> CascadedEdm:
    pipeline = cards.load(name, _device())
    assert isinstance(pipeline, CascadedEdm)  # a card with stages is one
    return pipeline


def _device() -> str:
    return "cuda" if torch.cuda.is_available() else "cpu"


def _at_least(count: int, fewest: int, what: str) -> None:
    if count < fewest:
        raise BadInput(f"{count} {what} were asked for; {fewest} or more are wanted.")


@contextmanager
def _bad_input_told() -> Iterator[None]:
    """Exit code 2 and one sentence, no traceback."""
    try:
        yield
    except BadInput as error:
        print(error, file=sys.stderr)
        raise typer.Exit(2) from None
