"""A clock that stands still while the program is stopped, as by Ctrl-Z or SIGSTOP."""

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from types import FrameType

CONTINUED = getattr(signal, "SIGCONT", None)  # Windows has none


class TrainingClock:
    """Clock in seconds, of whose readings only differences mean something.

    Nothing says when a program was stopped, only that it is continued. So of the time since the
    clock was last read, which in training is a small part of a second, only what this thread spent
    on a processor counts then.
    """

    def __init__(self) -> None:
        self._stopped = 0.0  # seconds so far that do not count
        self._read = time.perf_counter(), time.thread_time()

    def __call__(self) -> float:
        """Read the clock."""
        self._read = time.perf_counter(), time.thread_time()
        return self._read[0] - self._stopped

    def skip(self) -> None:
        """Take out what was spent off the processor since the clock was last read."""
        wall, processor = self._read
        self._read = time.perf_counter(), time.thread_time()
        self._stopped += max(self._read[0] - wall - (self._read[1] - processor), 0.0)


@contextlib.contextmanager
def training_clock() -> Iterator[TrainingClock]:
    """Make a clock that learns of each stop for as long as the context lasts.

    Python admits signal handlers in the main thread only; elsewhere a stop counts.
    """
    clock = TrainingClock()

    def skip(number: int, frame: FrameType | None) -> None:
        clock.skip()

    if CONTINUED is None or threading.current_thread() is not threading.main_thread():
        yield clock
        return
    before = signal.signal(CONTINUED, skip)
    try:
        yield clock
    finally:
        signal.signal(CONTINUED, before)
