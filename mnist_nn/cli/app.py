"""The app gathers the commands, one file each."""

import contextlib
import io
import sys
from typing import Annotated

import typer

from .. import __version__
from . import download, evaluate, gradcheck, train
from .guard import INTERRUPTED, guarded
from .options import Debug

app = typer.Typer(
    name="mnist-nn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for module in (download, train, evaluate, gradcheck):
    app.command()(guarded(getattr(module, module.__name__.rpartition(".")[2])))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mnist-nn {__version__}")
        raise typer.Exit


@app.callback()
def about(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Debug = False,
) -> None:
    """Train a neural network, written from scratch in NumPy, to read handwritten digits.

    Start with the digits that ship with the program:

    [bold]mnist-nn train --config configs/sample.yaml[/bold]

    [bold]mnist-nn evaluate model.pkl[/bold]

    Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 the
    job failed, 2 the command line or config is wrong, 130 interrupted.
    """


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(io.UnsupportedOperation):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")  # a terminal without ≥ shows a ? instead
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
