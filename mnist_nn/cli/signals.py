"""Signals that ask the program to end: what Ctrl-C, `kill` and a closed terminal send."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from . import leave

ENDING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # Windows has no SIGHUP
]


class Interrupted(KeyboardInterrupt):
    """The program was asked to end by the signal `number`; `message` is what there is to say."""

    def __init__(self, number: int, message: str = "interrupted") -> None:
        super().__init__(message)
        self.number = number


def exit_code_of(error: BaseException | None) -> int:
    """Give the exit code after an interruption, 128 + the signal's number as shells have it."""
    return 128 + (error.number if isinstance(error, Interrupted) else signal.SIGINT)


class Request:
    """Whether the program was asked to end: by the signal `number`, or not while that is None."""

    number: int | None = None


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Turn a signal into an `Interrupted` wherever the program is, so that it cleans up.

    While a module is being imported it ends at once, because an import may turn the exception into
    another or swallow it.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        if _is_importing(frame):
            leave(number)
        raise Interrupted(number)

    with _handled_by(interrupt):
        yield


@contextlib.contextmanager
def deferred() -> Iterator[Request]:
    """Have the first signal wait until the program looks for it; the second acts at once."""
    request = Request()

    def note_request(number: int, frame: FrameType | None) -> None:
        if request.number is not None:
            raise Interrupted(number)
        request.number = number

    with _handled_by(note_request):
        yield request


def _is_importing(frame: FrameType | None) -> bool:
    """Say whether a frame is part of an import."""
    while frame is not None:
        if frame.f_globals.get("__name__") == "importlib._bootstrap":
            return True
        frame = frame.f_back
    return False


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Install a handler for as long as the context lasts.

    A signal that the parent process ignores, as ``nohup`` does, stays ignored. Python admits
    handlers in the main thread only; elsewhere nothing happens.
    """
    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in ENDING:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    before[number] = signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)
