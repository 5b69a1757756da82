"""Threads that share a batch with the thread that calls the kernel."""

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ...errors import warn
from .barrier import Task, make_barrier, release


class Helpers:
    """Pool of up to `wanted` threads beside the one that calls.

    They are started before they are needed, because tasks wait for each other. Where the system
    starts no more threads (``ulimit -u``), there are fewer. A forked process has none of its
    parent's threads and starts its own.
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

    def run(self, kernel: Callable[..., Any], arguments: tuple[Any, ...], n_tasks: int) -> None:
        """Call a kernel with these arguments and its task, in `n_tasks` threads at a time.

        They are at most one more than `count`. When a task fails or is interrupted, its barrier is
        released, so that the others do not wait for it.
        """
        barrier = make_barrier()

        def call(index: int) -> None:
            try:
                kernel(*arguments, Task(index, n_tasks, barrier))
            except BaseException:
                release(barrier)
                raise

        others = []
        try:
            others = [self._pool.submit(call, index) for index in range(1, n_tasks)]
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
        warn(
            f"only {started + 1} of {wanted + 1} threads work on a batch: {error}\n"
            "raise the limit (ulimit -u), or end other programs, to train faster"
        )
    else:
        return pool, wanted
    finally:
        all_started.set()
    pool.shutdown()
    return start_threads(started)
