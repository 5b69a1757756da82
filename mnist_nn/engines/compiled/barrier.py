"""Tasks that share a batch, and the barrier at which they wait until all of them have come.

A batch takes some dozens of microseconds and has four barriers, so passing one must take a fraction
of one: a thread counts itself in and watches the count. But a thread that watches keeps its
processor from others, which may be those that it waits for. On a busy machine that made training a
thousand times slower, so after some watching a thread yields. What waiting still costs there,
`tuner` avoids.
"""

import os
from typing import Any, NamedTuple

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numba.np.arrayobj import make_array

from ...compiling import part
from .elementwise import OPTIONS
from .layout import Int64Array

CAN_WAIT = os.name == "posix"  # elsewhere there is no sched_yield
SPINS = 20_000  # spins at the count, about ten microseconds, before a thread yields

_COUNT, _OPEN = 0, 8  # in cache lines of their own
_yield = types.ExternalFunction("sched_yield", types.int32())


def make_barrier() -> Int64Array:
    """Return a barrier that no thread has come to yet."""
    return np.zeros(16, np.int64)


def release(barrier: Int64Array) -> None:
    """Let every thread pass from now on, whichever is missing."""
    barrier[_OPEN] = 1


@intrinsic
def _add_one(typing: Any, array: Any, index: Any) -> Any:
    """Increment a count as one atomic step, and return the count before."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, args[0]).data
        one = ir.Constant(ir.IntType(64), 1)
        return builder.atomic_rmw("add", builder.gep(data, [args[1]]), one, "seq_cst")

    return types.int64(array, types.intp), generate


@intrinsic
def _look(typing: Any, array: Any, index: Any) -> Any:
    """Read a number that another thread may change at any time."""

    def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = make_array(signature.args[0])(context, builder, args[0]).data
        return builder.load_atomic(builder.gep(data, [args[1]]), "seq_cst", 8)

    return types.int64(array, types.intp), generate


class Task(NamedTuple):
    """One of the threads that share a batch: its number, from 0, of how many, and their barrier."""

    number: int
    total: int
    barrier: Int64Array


@part(**OPTIONS)
def task_range(task: Task, n: int) -> tuple[int, int]:
    """Return which of n things are a task's: the first, and the first of the next task's."""
    return task.number * n // task.total, (task.number + 1) * n // task.total


@part(**OPTIONS)
def wait(task: Task) -> None:
    """Wait until all tasks have come here as often as this one."""
    if task.total == 1:
        return
    barrier = task.barrier
    target = (_add_one(barrier, _COUNT) // task.total + 1) * task.total
    spins = 0
    while _look(barrier, _COUNT) < target and _look(barrier, _OPEN) == 0:
        spins += 1
        if spins > SPINS:
            _yield()
