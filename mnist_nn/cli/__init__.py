"""The command line: the only package that prints, draws progress bars and picks exit codes.

This module imports only what takes no time, because an interruption before `main` installs its
handler ends in a traceback. `app` imports a command's module only when that command is called.
"""

import atexit
import contextlib
import gc
import os
import signal
import sys

_exit_code: int | None = None  # of this process, once its work is done


def main(arguments: list[str] | None = None) -> None:
    """Run the command line, with the arguments of the process if None, and exit.

    With the arguments of the process, an interruption ends it with one line and no traceback, even
    while it is importing or already exiting.
    """
    global _exit_code
    try:
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
    gc.set_threshold(100_000)  # imports make many objects and next to no garbage
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it searches all packages
    for name in ("scipy.linalg.cython_blas", "cffi"):  # Numba would load them, for np.dot and for C
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
    atexit.register(_skip_teardown)  # the first that is registered runs last


def _skip_teardown() -> None:
    """End the process without dismantling every module, which takes tenths of a second."""
    if _exit_code is None:
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # `finish_output` has reported it
            stream.flush()
    os._exit(_exit_code)


def leave(number: int = signal.SIGINT, frame: object = None) -> None:
    """End the process at once, as a handler of the signal `number`, without cleaning up."""
    with contextlib.suppress(OSError, ValueError):  # standard error is closed
        if sys.stderr is not None:
            os.write(sys.stderr.fileno(), b"\ninterrupted\n")
    os._exit(128 + number)


def _unraisable(unraisable: "sys.UnraisableHookArgs") -> None:
    """End if an interruption came where no exception can be raised, such as in a C callback."""
    if issubclass(unraisable.exc_type, KeyboardInterrupt):
        leave(getattr(unraisable.exc_value, "number", signal.SIGINT))
    sys.__unraisablehook__(unraisable)
