"""The kernel runs many batches without coming back to Python."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...nn.arrays import FloatArray
from .dense import BLOCK
from .elementwise import OPTIONS
from .gate import wait
from .layout import INPUTS, PANELS, ROWS, WEIGHTS, WIDTH, Numbers
from .passes import step_layers, task_start, through
from .sparse import SLACK, dot_product, fetch_sample, list_inputs, step_panel, sum_panel
from .vectors import lanes, load, multiply_add, spread, store


@njit(**OPTIONS)
def list_rows(
    plan: Numbers,
    places: NDArray[np.int32],
    values: FloatArray,
    ends: Numbers,
    products: FloatArray,
    x: NDArray[Any],
    scale: FloatArray,
    samples: Numbers,
    following: Numbers,
    batch_size: int,
    task: int,
    tasks: int,
) -> None:
    """List the inputs of a task's share of a group's samples; the following group's are sent for.

    Where the group is of several batches, also give each row its dot products with the rows of
    batches before it: `catch_up` needs them.
    """
    n_inputs, n_rows = plan[INPUTS, 0], len(samples)
    for row in range(task_start(task, tasks, n_rows), task_start(task + 1, tasks, n_rows)):
        at, begin = samples[row] * n_inputs, row * (n_inputs + SLACK)
        ends[row] = list_inputs(x, at, n_inputs, scale, places, values, begin)
        if row < len(following):
            fetch_sample(x, following[row] * n_inputs, n_inputs)
        for earlier in range(row // batch_size * batch_size):
            products[row * n_rows + earlier] = dot_product(
                x, at, samples[earlier] * n_inputs, n_inputs, scale
            )


@njit(**OPTIONS)
def sum_first(
    plan: Numbers,
    params: FloatArray,
    places: NDArray[np.int32],
    values: FloatArray,
    ends: Numbers,
    outputs: FloatArray,
    n_rows: int,
    task: int,
    tasks: int,
) -> None:
    """Make the first layer's sums of a group, without biases, in a task's panels."""
    step, n = lanes(params), plan[PANELS, 0]
    room = plan[INPUTS, 0] + SLACK
    for p in range(task_start(task, tasks, n), task_start(task + 1, tasks, n)):
        panel = plan[WEIGHTS, 0] + p * plan[INPUTS, 0] * step
        z = plan[ROWS, 0] + p * step
        for row in range(n_rows):
            sum_panel(params, panel, places, values, row * room, ends[row], outputs, z)
            z += plan[WIDTH, 0]


@njit(**OPTIONS)
def step_first(
    plan: Numbers,
    params: FloatArray,
    places: NDArray[np.int32],
    values: FloatArray,
    ends: Numbers,
    deltas: FloatArray,
    n_rows: int,
    task: int,
    tasks: int,
) -> None:
    """Change a task's panels of the first layer by what the rows of a group say."""
    step, n = lanes(params), plan[PANELS, 0]
    room = plan[INPUTS, 0] + SLACK
    for p in range(task_start(task, tasks, n), task_start(task + 1, tasks, n)):
        panel = plan[WEIGHTS, 0] + p * plan[INPUTS, 0] * step
        dz = plan[ROWS, 0] + p * step
        for row in range(n_rows):
            step_panel(params, panel, places, values, row * room, ends[row], deltas, dz)
            dz += plan[WIDTH, 0]


@njit(**OPTIONS)
def catch_up(
    plan: Numbers,
    products: FloatArray,
    outputs: FloatArray,
    deltas: FloatArray,
    n_rows: int,
    lo: int,
    hi: int,
) -> None:
    """Bring the first layer's sums of a batch up to date with the batches before it in its group.

    They were made with the weights as they stood before the group. Since then each earlier sample
    t added ``xₜᵀ dzₜ`` to W, so what sample s lacks is ``xₛ (xₜᵀ dzₜ) = (xₛ · xₜ) dzₜ``.
    """
    width = plan[WIDTH, 0]
    for row in range(lo, hi):
        for k in range(plan[ROWS, 0], plan[ROWS, 0] + width, lanes(outputs)):
            z = row * width + k
            total = load(outputs, z)
            for earlier in range(lo):
                product = spread(products, row * n_rows + earlier)
                total = multiply_add(product, load(deltas, earlier * width + k), total)
            store(outputs, z, total)


@njit(**OPTIONS)
def run_small_batches(
    plan: Numbers,
    params: FloatArray,
    outputs: FloatArray,
    deltas: FloatArray,
    logits: FloatArray,
    labels: Numbers,
    losses: NDArray[np.float64],
    hits: Numbers,
    products: FloatArray,
    n_rows: int,
    batch_size: int,
    rate: float,
    loss: int,
) -> None:
    """Step through a group's batches one by one; the first layer's weights wait for its end."""
    for lo in range(0, n_rows, batch_size):
        hi = min(lo + batch_size, n_rows)
        share = -rate / (hi - lo)
        catch_up(plan, products, outputs, deltas, n_rows, lo, hi)
        through(plan, params, outputs, deltas, logits, labels, losses, hits, loss, share, lo, hi)
        step_layers(plan, params, outputs, deltas, lo, hi, 0, 1)


def _sources() -> str:
    """Fingerprint the source of this engine."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def compiled() -> Callable[..., tuple[float, int]]:
    """Compile the kernel, or find it compiled by an earlier process, at its first call.

    Numba knows a function that it kept by its own file only. So that a change in any file of this
    engine counts, a fingerprint of all of them is part of the function.

    Returns
    -------
    callable
        It is called at the same time by each of `tasks` threads, with its number as `task`. They go
        through the groups together, and each does its share of every phase.
    """
    version = _sources()

    def run(
        plan: Numbers,
        params: FloatArray,
        buffers: tuple[Any, ...],
        x: NDArray[Any],
        y: Numbers,
        scale: FloatArray,
        order: Numbers,
        batch: int,
        group: int,
        rate: float,
        loss: int,
        gate: Numbers,
        tasks: int,
        task: int,
    ) -> tuple[float, int]:
        """Step through samples; see `NumbaEngine` for what the arrays are."""
        outputs, deltas, logits, labels, losses, hits, places, values, ends, products = buffers
        total, right = 0.0, 0 * len(version)  # used, so that it is part of the function
        for start in range(0, len(order), group):
            n = min(group, len(order) - start)
            samples = order[start : start + n]
            following = order[start + n : start + 2 * n]
            lists = places, values, ends, products
            list_rows(plan, *lists, x, scale, samples, following, batch, task, tasks)
            for row in range(task_start(task, tasks, n), task_start(task + 1, tasks, n)):
                labels[row] = y[samples[row]]
            wait(gate, tasks)
            sum_first(plan, params, places, values, ends, outputs, n, task, tasks)
            wait(gate, tasks)
            if n > batch:  # which is for one thread
                rows = outputs, deltas, logits, labels, losses, hits
                run_small_batches(plan, params, *rows, products, n, batch, rate, loss)
            else:
                n_blocks, share = (n + BLOCK - 1) // BLOCK, -rate / n
                lo = BLOCK * task_start(task, tasks, n_blocks)
                hi = min(BLOCK * task_start(task + 1, tasks, n_blocks), n)
                through(
                    plan, params, outputs, deltas, logits, labels, losses, hits, loss, share, lo, hi
                )
                wait(gate, tasks)
                step_layers(plan, params, outputs, deltas, 0, n, task, tasks)
            step_first(plan, params, places, values, ends, deltas, n, task, tasks)
            for row in range(n):
                total += losses[row]
                right += hits[row]
            wait(gate, tasks)
        return total, right

    options = {"nogil": True, "error_model": "numpy"}
    kernel: Callable[..., tuple[float, int]]
    try:
        kernel = njit(cache=True, **options)(run)
    except RuntimeError:  # there is no folder that it could be kept in
        kernel = njit(**options)(run)
    return kernel
