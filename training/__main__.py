"""`python -m training`: the commands of training that are no run of their own."""

import typer

from training.data.check import app as data
from training.tables.commands import app as table

app = typer.Typer(
    name="training",
    help="What training needs beside its runs.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
)
app.add_typer(data, name="data")
app.add_typer(table, name="table")

if __name__ == "__main__":
    app(prog_name="python -m training")
