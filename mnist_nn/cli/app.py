"""The app gathers the commands, one file each."""

import inspect
import io
import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any, NoReturn, TextIO

import typer
from typer.core import TyperCommand

from .. import __version__
from .download import download
from .draw import draw
from .evaluate import evaluate
from .gradcheck import gradcheck
from .guard import (
    PIPE_CLOSED,
    eprint,
    finish_output,
    guarded,
    remember_arguments,
    report,
)
from .options import Debug
from .plot import plot
from .predict import predict
from .show import show
from .train import train

app = typer.Typer(
    name="mnist-nn",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


class Command(TyperCommand):
    """Command that lists datasets in its help only when that is shown: the table needs NumPy."""

    def format_help(self, *args: Any) -> None:
        """Write the help, with the downloadable datasets and their licences where they belong."""
        from ..data import DATASETS

        files = [f"{info.name} ({info.licence})" for info in DATASETS.values() if info.files]
        for param in self.params:
            if text := getattr(param, "help", None):
                param.help = text.replace("{downloadable}", ", ".join(files))  # type: ignore[attr-defined]
        super().format_help(*args)


def _unwrapped(text: str | None) -> str:
    """Join the lines of each paragraph of a docstring, for the terminal to wrap."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


for command in (download, train, evaluate, predict, plot, draw, gradcheck, show):
    app.command(cls=Command, help=_unwrapped(command.__doc__))(guarded(command))


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

    A first run, from the folder of the project, on the digits that ship with it:

    [bold]mnist-nn train --config configs/base.yaml --config configs/sample.yaml[/bold]

    [bold]mnist-nn evaluate model.pkl[/bold]

    Results go to standard output, progress and errors to standard error. Exit codes: 0 done, 1 the
    job failed, 2 the command line or config is wrong, 130 interrupted, 143 terminated.
    """


app.callback(help=_unwrapped(about.__doc__))(about)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, with the arguments of the process if None, and exit."""
    sys.stdout, sys.stderr = _or_nowhere(sys.stdout), _or_nowhere(sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ≥ shows a ? instead
    given = sys.argv[1:] if arguments is None else list(arguments)
    remember_arguments(given)
    stdout = sys.stdout  # the option parser replaces it where its reader has gone
    try:
        code = app(given or ["--help"], prog_name="mnist-nn", standalone_mode=False)
    except SystemExit:  # what they make of a reader of the help that has gone
        code = PIPE_CLOSED
    except Exception as error:
        code = _report_usage(error) if hasattr(error, "format_message") else report(error)
    sys.exit(finish_output(stdout, code or 0))


def _or_nowhere(stream: TextIO | None) -> TextIO:
    """Replace a stream that the caller closed, which Python has as None."""
    return stream or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _report_usage(error: Any) -> int:
    """Word what the option parser did not understand; return the exit code."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "mnist-nn"
    eprint(f"error: {error.format_message()}\nsee: {command} --help")
    return 2
