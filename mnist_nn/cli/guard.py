"""What every command has around it: errors become messages and exit codes."""

import contextlib
import functools
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer

from ..errors import MnistNNError, MnistNNWarning, escaped
from .signals import exit_code_of, interruptible

PIPE_CLOSED = 141  # 128 + SIGPIPE
COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW}  # of a message's first word
_debug = False
_broken: list[str] = []  # parts of names on the command line that have line breaks in them


def _remember_debug(wanted: bool) -> bool:
    """Note that ``--debug`` was given, before or after the command's name."""
    global _debug
    _debug = _debug or wanted
    return wanted


Debug = Annotated[
    bool,
    typer.Option(
        "--debug",
        callback=_remember_debug,
        help="Show the traceback of an error.",
        rich_help_panel="Help",
    ),
]


def remember_arguments(arguments: Sequence[str]) -> None:
    """Note which line breaks a message may quote: those of names on the command line."""
    parts = {part for argument in arguments for part in re.split("[/=]", argument)}
    _broken[:] = sorted((part for part in parts if "\n" in part), key=len, reverse=True)


def eprint(text: str) -> None:
    """Print a message on standard error, or nothing if that cannot be written to."""
    text = printable(text)
    label, colon, rest = text.partition(":")
    if label in COLOURS:
        text = styled(label + colon, sys.stderr, fg=COLOURS[label], bold=True) + rest
    with contextlib.suppress(OSError):
        typer.echo(text, err=True)


def printable(text: str) -> str:
    """Escape what could steer a terminal: a message may quote a server or a stranger's file."""
    for name in _broken:
        text = text.replace(name, escaped(name))
    return "\n".join(map(escaped, text.split("\n")))


def shows_colours(stream: TextIO) -> bool:
    """Return whether to write colours: to a terminal that has them, unless NO_COLOR is set."""
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return wanted and stream.isatty()


def styled(text: str, stream: TextIO, **style: Any) -> str:
    """Style text as `typer.style` does, if the stream it is for shows colours."""
    return typer.style(text, **style) if shows_colours(stream) else text


def print_path(path: Path) -> None:
    """Print the path of a result: escaped on a terminal, its exact bytes in a pipe."""
    typer.echo(escaped(str(path)) if sys.stdout.isatty() else os.fsencode(path))


def handle_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Make a command report its errors instead of raising them, unless ``--debug`` is given."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with interruptible(), _warnings_as_messages():
                command(*args, **kwargs)
                sys.stdout.flush()
        except typer.Exit:
            raise
        except KeyboardInterrupt as error:
            eprint(f"\n{str(error) or 'interrupted'}")
            raise typer.Exit(exit_code_of(error)) from None
        except BrokenPipeError:  # the reader of our output has closed the pipe
            raise typer.Exit(PIPE_CLOSED) from None
        except Exception as error:
            raise typer.Exit(report_error(error)) from None

    return run


@contextlib.contextmanager
def _warnings_as_messages() -> Iterator[None]:
    """Print the package's own warnings as messages, each text once."""
    shown: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, MnistNNWarning):
            show_other(message, category, *place, **more)
        elif str(message) not in shown:
            shown.add(str(message))
            eprint(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", MnistNNWarning)
        show_other = warnings.showwarning
        warnings.showwarning = show
        yield


def report_error(error: Exception) -> int:
    """Print what an error means and return the exit code; with ``--debug``, raise it."""
    if isinstance(error, OSError) and _flush(sys.stdout):
        return 1  # `finish_output` reports it
    if _debug:
        raise error
    if isinstance(error, MnistNNError):
        eprint(f"error: {error}")
        return error.exit_code
    if isinstance(error, MemoryError):
        eprint("error: out of memory\ntry a smaller network or batch_size")
    elif isinstance(error, OSError):
        place = f" ({escaped(os.fsdecode(error.filename))})" if error.filename else ""
        eprint(f"error: {error.strerror or error}{place}")
    else:
        eprint(f"error: unexpected {type(error).__name__}: {error}")
        eprint("this is a bug in mnist-nn; --debug shows where it happened")
    return 1


def finish_output(stdout: TextIO, code: int) -> int:
    """Flush standard output, and return the exit code: another if that is not possible."""
    error = _flush(stdout)
    if isinstance(error, BrokenPipeError):
        code = PIPE_CLOSED
    elif error:
        eprint(f"error: cannot write to standard output: {error.strerror or error}")
        code = code or 1
    for stream in (stdout, sys.stderr):
        if _flush(stream):  # or Python would try again at exit, and complain
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _flush(stream: TextIO) -> OSError | None:
    """Flush a stream; return the error, if any."""
    try:
        stream.flush()
    except OSError as error:
        return error
    return None
