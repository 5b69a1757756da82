"""The guard turns whatever happens in a command into a message and an exit code."""

import contextlib
import functools
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import typer

from ..errors import MnistNNError, MnistNNWarning
from .signals import exit_code_of

PIPE_CLOSED = 141  # 128 + SIGPIPE
_debug = False


def remember_debug(wanted: bool) -> bool:
    """Note that ``--debug`` was given, before or after the command's name."""
    global _debug
    _debug = _debug or wanted
    return wanted


def note(text: str) -> None:
    """Say something on standard error; if nobody can hear it, that is no error."""
    with contextlib.suppress(OSError):
        typer.echo(printable(text), err=True)


def printable(text: str) -> str:
    """Escape what could steer a terminal: a message may quote a server or a stranger's file."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Keep tracebacks from users, unless they asked for them with ``--debug``."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with _warnings_as_notes():
                command(*args, **kwargs)
            sys.stdout.flush()
        except typer.Exit:
            raise
        except KeyboardInterrupt as error:
            note(f"\n{str(error) or 'interrupted'}")
            raise typer.Exit(exit_code_of(error)) from None
        except BrokenPipeError:  # whoever read our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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
            note(f"warning: {message}")

    with warnings.catch_warnings():
        warnings.simplefilter("always", MnistNNWarning)
        usual = warnings.showwarning
        warnings.showwarning = show
        yield


def report(error: Exception) -> int:
    """Word an error and return the exit code; with ``--debug``, raise it."""
    if _debug:
        raise error
    if isinstance(error, MnistNNError):
        note(f"error: {error}")
        return error.exit_code
    if isinstance(error, MemoryError):
        note("error: there is not enough memory for this\ntry a smaller network or batch_size")
        return 1
    if isinstance(error, OSError):
        place = f" ({error.filename})" if error.filename else ""
        note(f"error: {error.strerror or error}{place}")
        return 1
    note(f"error: unexpected {type(error).__name__}: {error}")
    note("this is a fault of mnist-nn; --debug shows where it happened")
    return 1
