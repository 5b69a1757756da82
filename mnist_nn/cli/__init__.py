"""The command line: the only room that prints, draws progress bars and picks exit codes.

What a command needs is imported when it runs, so that ``--help`` answers at once. This file imports
nothing that takes time: until `main` runs, an interruption is answered by Python, with a traceback.
"""

import os
import sys


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit.

    Parameters
    ----------
    arguments
        Those of the process if None. The process is then ours, and an interruption ends it with a
        line and no traceback, even while it is loading or already ending.
    """
    try:
        import signal

        if arguments is None:
            sys.unraisablehook = _unraisable
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored
                signal.signal(signal.SIGINT, leave)
        from .environment import drop_unusable_sizes

        drop_unusable_sizes()  # which Typer reads on import

        from .app import run

        run(arguments)
    except KeyboardInterrupt:
        leave()


def leave(number: int = 2, frame: object = None) -> None:
    """End the process at once, as a handler of the signal `number`: nothing is to be cleaned up."""
    try:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"\ninterrupted\n")
    except (OSError, ValueError):  # nobody can hear it
        pass
    os._exit(128 + number)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """End if an interruption came where no exception can be raised, such as in a C callback."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        leave(getattr(unraisable.exc_value, "number", 2))
    sys.__unraisablehook__(unraisable)
