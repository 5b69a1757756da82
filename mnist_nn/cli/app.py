"""The command line app: a group that imports a command's module only when the command is called."""

import inspect
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any, NamedTuple, NoReturn, TextIO

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from .. import __version__
from .environment import check_progress_variables
from .guard import (
    PIPE_CLOSED,
    Debug,
    eprint,
    finish_output,
    handle_errors,
    remember_arguments,
    report_error,
)
from .signals import interruptible


class Entry(NamedTuple):
    """A command in the help of the program: its panel and the first line of its own help."""

    panel: str
    help: str


COMMANDS = {  # name of the command and, but for `MODULES`, of its module and of the function in it
    "download": Entry("Train", "Download a dataset, verify every file, and cache it."),
    "datasets": Entry("Train", "List datasets: what ships, can be downloaded, or was imported."),
    "import": Entry("Train", "Make a dataset of your own files: CSV, NumPy, IDX or pictures."),
    "presets": Entry("Train", "List the configs that ship with mnist-nn, with their accuracies."),
    "train": Entry("Train", "Train a network and save it to a model file."),
    "evaluate": Entry("Use a model", "Measure the loss and accuracy of a model."),
    "predict": Entry("Use a model", "Predict the classes of pictures, or of the rows of a table."),
    "plot": Entry("Use a model", "Draw charts of one model, or compare several."),
    "draw": Entry("Use a model", "Write a web page to draw on, with the model in it."),
    "export": Entry("Use a model", "Write a model in a format of other programs."),
    "convert": Entry("Use a model", "Make a model of weights from another program."),
    "show": Entry("Look inside", "Draw sample images, before and after augmentation."),
    "gradcheck": Entry("Look inside", "Compare backpropagation with numerical gradients."),
}
MODULES = {"import": "import_dataset"}  # of commands that are keywords
SETTINGS = {"help_option_names": ["-h", "--help"]}


class Command(TyperCommand):
    """A command whose help shows no types of flags and arguments."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _simplify(self.get_params(ctx))
        super().format_help(ctx, formatter)


class Group(TyperGroup):
    """The group of `COMMANDS`: its own help needs no command's module."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in COMMANDS.items():
            self.add_command(
                TyperCommand(name, short_help=entry.help, rich_help_panel=entry.panel), name
            )

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import the command that is called, or whose help or completion is asked for."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load_command(str(name)), rest

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Write the help."""
        _simplify(self.get_params(ctx))
        super().format_help(ctx, formatter)


def load_command(name: str) -> Any:
    """Import a command's module and make a Click command of its function."""
    check_progress_variables()  # the import of tqdm reads them
    with interruptible():  # a signal ends the import at once
        module = MODULES.get(name, name)
        function = getattr(import_module(f".{module}", __package__), module)
    single = typer.Typer(add_completion=False, rich_markup_mode="rich", context_settings=SETTINGS)
    single.command(name, cls=Command, help=_unwrapped(function.__doc__))(handle_errors(function))
    return get_command(single)


def _simplify(params: Sequence[Any]) -> None:
    """Leave types such as ``<bool>`` and ``<list[Path]>`` out of help, and put ``--help`` last."""
    for param in params:
        if getattr(param, "is_flag", False) or param.param_type_name == "argument":
            param.display_type_rich = lambda ctx: ""
        if param.name in ("help", "version", "install_completion", "show_completion"):
            param.rich_help_panel = "Help"


def _unwrapped(text: str | None) -> str:
    """Join the lines of each paragraph of a docstring, for the terminal to wrap."""
    paragraphs = inspect.cleandoc(text or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


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

    A picture of a digit is read at once, by the model that ships with mnist-nn:

    [bold]mnist-nn predict photo.png[/bold]

    A first run of your own, on the 6,000 digits that ship:

    [bold]mnist-nn train sample[/bold]

    [bold]mnist-nn evaluate model.pkl[/bold]

    Results go to standard output, progress and errors to standard error. Exit codes: 0 success,
    1 failure, 2 wrong command line or config, 130 interrupted, 143 terminated.
    """


app = typer.Typer(
    name="mnist-nn",
    cls=Group,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings=SETTINGS,
)
app.callback(help=_unwrapped(about.__doc__))(about)


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command line, with the arguments of the process if None, and exit."""
    sys.stdout, sys.stderr = _or_devnull(sys.stdout), _or_devnull(sys.stderr)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without ≥ shows a ? instead
    given = sys.argv[1:] if arguments is None else list(arguments)
    remember_arguments(given)
    stdout = sys.stdout  # Typer replaces it when a pipe is closed
    try:
        code = app(given or ["--help"], prog_name="mnist-nn", standalone_mode=False)
    except SystemExit as end:  # Typer's answer to a closed pipe, or the end of shell completion
        code = PIPE_CLOSED if end.code else 0
    except Exception as error:
        is_usage = hasattr(error, "format_message")
        code = _report_usage(error, given) if is_usage else report_error(error)
    sys.exit(finish_output(stdout, code or 0))


def _or_devnull(stream: TextIO | None) -> TextIO:
    """Replace a stream that the caller closed, which is None in Python."""
    return stream or os.fdopen(os.open(os.devnull, os.O_WRONLY), "w")


def _report_usage(error: Any, given: Sequence[str]) -> int:
    """Print what is wrong with the command line and return the exit code."""
    name = next((word for word in given if word in COMMANDS), "")
    eprint(f"error: {error.format_message()}\nsee: {f'mnist-nn {name}'.strip()} --help")
    return 2
