"""The app gathers the commands, one file each."""

import contextlib
import inspect
import io
import sys
from typing import Annotated

import typer

from .. import __version__
from .download import download
from .evaluate import evaluate
from .gradcheck import gradcheck
from .guard import INTERRUPTED, guarded
from .options import Debug
from .train import train

app = typer.Typer(
    name="mnist-nn",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _unwrapped(text: str | None) -> str:
    """Join the lines of each paragraph of a docstring, for the terminal to wrap."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for command in (download, train, evaluate, gradcheck):
    app.command(help=_unwrapped(command.__doc__))(guarded(command))


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"mnist-nn {__version__}")
        raise typer.Exit


def about(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version."),
    ] = False,
    debug: Debug = False,
) -> None:
    """Train a neural network, written from scratch in NumPy, to read handwritten digits.

    A first run, on the digits that ship with the program, no download needed:

    [bold]mnist-nn train --config configs/base.yaml --config configs/sample.yaml[/bold]

    [bold]mnist-nn evaluate model.pkl[/bold]

    Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 the
    job failed, 2 the command line or config is wrong, 130 interrupted.
    """


app.callback(help=_unwrapped(about.__doc__))(about)


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
