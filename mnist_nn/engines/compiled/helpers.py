"""Threads that share a batch with the thread that asks for them."""

import os
import threading
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...errors import MnistNNWarning
from .barrier import release
from .layout import Int64Array


class Helpers:
    """Pool of threads that are started before they are needed, because tasks wait for each other.

    Where the system starts no more threads (``ulimit -u``), there are fewer. A forked process has
    none of its parent's threads and starts its own.

    Parameters
    ----------
    wanted
        How many threads are wanted beside the one that asks.
    """

    def __init__(self, wanted: int) -> None:
        self._wanted, self._process = wanted, os.getpid()
        self._pool, self._count = start_threads(wanted)

    @property
    def count(self) -> int:
        """Number of threads that there are."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._pool, self._count = start_threads(self._wanted)
        return self._count

    def run(
        self, kernel: Callable[..., Any], arguments: tuple[Any, ...], barrier: Int64Array
    ) -> None:
        """Call a kernel in all threads, with the number of its task as the last argument.

        Parameters
        ----------
        kernel, arguments
            What to call; the last argument is how many tasks there are, at most one more than
            there are threads.
        barrier
            Where the tasks wait for each other. It is released when one fails or is interrupted, so
            that the others do not wait for it.
        """

        def call(task: int) -> None:
            try:
                kernel(*arguments, task)
            except BaseException:
                release(barrier)
                raise

        others = []
        try:
            others = [self._pool.submit(call, task) for task in range(1, arguments[-1])]
            call(0)
        finally:
            release(barrier)
        for other in others:
            other.result()


def start_threads(wanted: int) -> tuple[ThreadPoolExecutor, int]:
    """Start threads, and count those that the system gave."""
    pool = ThreadPoolExecutor(max(wanted, 1), "mnist-nn")
    all_started, started = threading.Event(), 0
    try:
        while started < wanted:
            pool.submit(all_started.wait)  # each waits, so that the next needs a new thread
            started += 1
    except RuntimeError as error:
        warnings.warn(
            f"only {started + 1} of {wanted + 1} threads work on a batch: {error}\n"
            "raise the limit (ulimit -u), or end other programs, to train faster",
            MnistNNWarning,
            stacklevel=2,
        )
    else:
        return pool, wanted
    finally:
        all_started.set()
    pool.shutdown()
    return start_threads(started)
