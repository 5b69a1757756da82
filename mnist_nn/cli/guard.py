"""The guard turns whatever happens in a command into a message and an exit code."""

import functools
import os
import sys
from collections.abc import Callable
from typing import Any

import typer

from ..errors import MnistNNError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it
_debug = False


def remember_debug(wanted: bool) -> bool:
    """Note that ``--debug`` was given, before or after the command's name."""
    global _debug
    _debug = _debug or wanted
    return wanted


def note(text: str) -> None:
    """Say something on standard error."""
    typer.echo(text, err=True)


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """Keep tracebacks from users, unless they asked for them with ``--debug``."""

    @functools.wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except typer.Exit:
            raise
        except KeyboardInterrupt:
            note("\ninterrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:  # whoever read our output has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(1) from None
        except Exception as error:
            if _debug:
                raise
            raise typer.Exit(_report(error)) from None

    return run


def _report(error: Exception) -> int:
    """Word an error; return the exit code."""
    if isinstance(error, MnistNNError):
        note(f"error: {error}")
        return error.exit_code
    if isinstance(error, MemoryError):
        note("error: there is not enough memory for this\ntry a smaller network or batch_size")
        return 1
    note(f"error: unexpected {type(error).__name__}: {error}")
    note("this is a fault of mnist-nn; --debug shows where it happened")
    return 1
