"""The command line: the only package that prints, draws progress bars and picks exit codes.

This module imports nothing at its top that Python has not loaded yet: an interruption during such
an import, before `main` handles it, would end in a traceback.
"""

import os
import sys

_exit_code: int | None = None  # of this process, once its work is done


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, with the arguments of the process if None, and exit.

    With the arguments of the process, an interruption ends it with one line and no traceback, even
    while it is importing or already exiting.
    """
    global _exit_code
    try:
        import signal

        if arguments is None:
            sys.unraisablehook = _unraisable
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # not ignored
                signal.signal(signal.SIGINT, leave)
            _reduce_startup_time()
        from .environment import drop_unusable_sizes

        drop_unusable_sizes()  # Typer reads them on import
        from .app import run

        run(arguments)
    except SystemExit as end:
        if arguments is None and isinstance(end.code, int):
            _exit_code = end.code
        raise
    except KeyboardInterrupt:
        leave()


def _reduce_startup_time() -> None:
    """Skip work of Python and of libraries that this program has no use for."""
    import atexit
    import gc

    gc.set_threshold(100_000)  # imports make many objects and next to no garbage
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it searches all packages
    for name in ("scipy.linalg.cython_blas", "cffi"):  # Numba would load them, for np.dot and for C
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    atexit.register(_skip_teardown)  # the first that is registered runs last


def _skip_teardown() -> None:
    """End the process without dismantling every module, which takes tenths of a second."""
    if _exit_code is None:
        return
    import contextlib

    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # `finish_output` has reported it
            stream.flush()
    os._exit(_exit_code)


def leave(number: int = 2, frame: object = None) -> None:
    """End the process at once, as a handler of the signal `number`, without cleaning up."""
    try:
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"\ninterrupted\n")
    except (OSError, ValueError):  # standard error is closed
        pass
    os._exit(128 + number)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """End if an interruption came where no exception can be raised, such as in a C callback."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        leave(getattr(unraisable.exc_value, "number", 2))
    sys.__unraisablehook__(unraisable)
