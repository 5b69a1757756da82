"""Number of threads of the BLAS library that computes NumPy's matrix products.

How a product is shared between threads decides the order in which its sums are added up, and so its
last bits. With one thread a result does not depend on how many processors a machine has, on what a
container allows of them, or on ``OPENBLAS_NUM_THREADS``. The products of training are small, so one
thread is not much slower on a calm machine, and several times faster on a busy one.

OpenBLAS, MKL, BLIS and FlexiBLAS can be set. Apple's Accelerate cannot; it chooses by itself.
"""

import contextlib
import threading
from collections.abc import Iterator
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController


class _Users:
    """Count of the contexts that need one BLAS thread; the setting is that of the whole process."""

    def __init__(self) -> None:
        self.lock, self.count = threading.Lock(), 0
        self.before: list[int] = []  # threads of each library, before the first user came

    def enter(self) -> None:
        """Set one thread, in each context, because some libraries keep a number for each thread."""
        with self.lock:
            if self.count == 0:
                self.before = [library.num_threads for library in _libraries()]
            self.count += 1
            _set_threads([1] * len(self.before))

    def leave(self) -> None:
        """Set what was set before, if this is the last user."""
        with self.lock:
            self.count -= 1
            if self.count == 0:
                _set_threads(self.before)


@cache
def _libraries() -> list[Any]:
    """Return the BLAS libraries that have been loaded, which takes some milliseconds."""
    found = ThreadpoolController().select(user_api="blas").lib_controllers
    return [library for library in found if library.num_threads]


def _set_threads(numbers: list[int]) -> None:
    """Set each library's number of threads.

    From version 3.8 on, threadpoolctl reserves OpenBLAS for the Python thread that set it first and
    ignores all others; that is lifted here, before and, for other threads, after.
    """
    for library, number in zip(_libraries(), numbers, strict=True):
        lift = getattr(library, "clear_controlling_thread", lambda force: None)
        lift(force=True)
        library.set_num_threads(number)
        lift(force=True)


_users = _Users()


@contextlib.contextmanager
def one_blas_thread() -> Iterator[None]:
    """Make matrix products with one thread inside the context; also a decorator.

    Several threads may be in such a context at once: what was set before returns with the last.
    """
    _users.enter()
    try:
        yield
    finally:
        _users.leave()
