"""The guard turns whatever happens in a command into a message and an exit code."""

import contextlib
import functools
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

import typer

from ..errors import MnistNNError, MnistNNWarning, escaped
from .environment import check_progress_variables
from .signals import exit_code_of, interruptible

PIPE_CLOSED = 141  # 128 + SIGPIPE
_debug = False
_broken: list[str] = []  # parts of names on the command line that have line breaks in them


def remember_debug(wanted: bool) -> bool:
    """Note that ``--debug`` was given, before or after the command's name."""
    global _debug
    _debug = _debug or wanted
    return wanted


def remember_arguments(arguments: Sequence[str]) -> None:
    """Note which line breaks a message may quote: those of names on the command line."""
    parts = {part for argument in arguments for part in re.split("[/=]", argument)}
    _broken[:] = sorted((part for part in parts if "\n" in part), key=len, reverse=True)


def eprint(text: str) -> None:
    """Say something on standard error; if nobody can hear it, that is no error."""
    with contextlib.suppress(OSError):
        typer.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Escape what could steer a terminal: a message may quote a server or a stranger's file."""
    for name in _broken:
        text = text.replace(name, escaped(name))
    return "\n".join(map(escaped, text.split("\n")))


def print_path(path: Path) -> None:
    """Print where a result is: for a program its very bytes, for a terminal what is safe."""
    typer.echo(escaped(str(path)) if sys.stdout.isatty() else os.fsencode(path))


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Keep tracebacks from users, unless they asked for them with ``--debug``."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with interruptible(), _warnings_as_notes():
                check_progress_variables()
                command(*args, **kwargs)
                sys.stdout.flush()
        except typer.Exit:
            raise
        except KeyboardInterrupt as error:
            eprint(f"\n{str(error) or 'interrupted'}")
            raise typer.Exit(exit_code_of(error)) from None
        except BrokenPipeError:  # whoever read our output has seen enough
            raise typer.Exit(PIPE_CLOSED) from None
        except Exception as error:
            raise typer.Exit(report(error)) from None

    return run


@contextlib.contextmanager
def _warnings_as_notes() -> Iterator[None]:
    """Print the package's own warnings as notes, each text once."""
    said: set[str] = set()

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, MnistNNWarning):
            usual(message, category, *place, **more)
        elif str(message) not in said:
            said.add(str(message))
            eprint(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", MnistNNWarning)
        usual = warnings.showwarning
        warnings.showwarning = show
        yield


def report(error: Exception) -> int:
    """Word an error and return the exit code; with ``--debug``, raise it."""
    if isinstance(error, OSError) and _flush(sys.stdout):
        return 1  # `finish_output` says so
    if _debug:
        raise error
    if isinstance(error, MnistNNError):
        eprint(f"error: {error}")
        return error.exit_code
    if isinstance(error, MemoryError):
        eprint("error: there is not enough memory for this\ntry a smaller network or batch_size")
        return 1
    if isinstance(error, OSError):
        place = f" ({escaped(os.fsdecode(error.filename))})" if error.filename else ""
        eprint(f"error: {error.strerror or error}{place}")
        return 1
    eprint(f"error: unexpected {type(error).__name__}: {error}")
    eprint("this is a bug in mnist-nn; --debug shows where it happened")
    return 1


def finish_output(stdout: TextIO, code: int) -> int:
    """Write out what was printed, and return the exit code, which says if that is not possible."""
    error = _flush(stdout)
    if isinstance(error, BrokenPipeError):
        code = PIPE_CLOSED
    elif error:
        eprint(f"error: cannot write to standard output: {error.strerror or error}")
        code = code or 1
    for stream in (stdout, sys.stderr):
        if _flush(stream):  # or Python would try again, and complain
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
    return code


def _flush(stream: TextIO) -> OSError | None:
    """Write out what a stream holds; return the error, if any."""
    try:
        stream.flush()
    except OSError as error:
        return error
    return None
