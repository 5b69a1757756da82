"""The kernel runs many batches without coming back to Python."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiling import cached_njit, part
from ...nn import activations
from ...nn.arrays import FloatArray
from ...nn.layers import dropout
from .barrier import wait
from .dense import BLOCK
from .elementwise import OPTIONS
from .layout import (
    DELTA,
    GRADIENT,
    INPUTS,
    OUTPUT,
    PANEL,
    PANELS,
    READ,
    READ_WIDTH,
    SCRATCH,
    WEIGHTS,
    WIDTH,
    Int64Array,
)
from .passes import (
    MANY_ROWS,
    LossSettings,
    Rows,
    forward_backward_rows,
    forward_layer,
    step_layer,
    step_layers,
    task_start,
)
from .sparse import SLACK, dot_product, list_inputs, prefetch_sample, step_panel, sum_panel
from .update import BLOCK_SIZE, UpdateSettings, UpdateState, clip_factor, finish_gradient, update
from .vectors import broadcast, lanes, load, load_scalar, multiply_add, store, store_scalar


class Lists(NamedTuple):
    """What a group's samples are listed in: see `sparse`.

    They are empty where the first layer reads all inputs.
    """

    indices: NDArray[np.int32]
    values: FloatArray
    ends: Int64Array


class Inputs(NamedTuple):
    """All samples, flat, and one number, by which they are multiplied."""

    x: NDArray[Any]
    scale: FloatArray


class Sizes(NamedTuple):
    """Samples of a batch and of a group, and floats of a task's scratch."""

    batch: int
    group: int
    scratch: int


@part(**OPTIONS)
def read_rows(
    plan: Int64Array,
    a: FloatArray,
    lists: Lists,
    inputs: Inputs,
    samples: Int64Array,
    following: Int64Array,
    task: int,
    tasks: int,
) -> None:
    """Read a task's share of a group's samples; the following group's are sent for."""
    x, scale = inputs.x, inputs.scale
    n_inputs, n_rows = plan[INPUTS, 0], len(samples)
    for row in range(task_start(task, tasks, n_rows), task_start(task + 1, tasks, n_rows)):
        at = samples[row] * n_inputs
        if plan[READ_WIDTH, 0]:
            start = plan[READ, 0] + row * plan[READ_WIDTH, 0]
            for k in range(n_inputs):
                store_scalar(
                    a, start + k, load_scalar(scale, 0) * a.dtype.type(load_scalar(x, at + k))
                )
        else:
            begin = row * (n_inputs + SLACK)
            lists.ends[row] = list_inputs(
                x, at, n_inputs, scale, lists.indices, lists.values, begin
            )
        if row < len(following):
            prefetch_sample(x, following[row] * n_inputs, n_inputs)


@part(**OPTIONS)
def multiply_rows(
    inputs: Inputs, samples: Int64Array, products: FloatArray, n_inputs: int, batch: int
) -> None:
    """Make each row's dot products with the rows of batches before it, for `correct_sums`."""
    n_rows = len(samples)
    for row in range(n_rows):
        at = samples[row] * n_inputs
        for earlier in range(row // batch * batch):
            products[row * n_rows + earlier] = dot_product(
                inputs.x, at, samples[earlier] * n_inputs, n_inputs, inputs.scale
            )


@part(**OPTIONS)
def sum_first(
    plan: Int64Array, a: FloatArray, lists: Lists, n_rows: int, task: int, tasks: int
) -> None:
    """Make the first layer's sums of a group, without biases, in a task's panels."""
    n, room = plan[PANELS, 0], plan[INPUTS, 0] + SLACK
    first, end = task_start(task, tasks, n), task_start(task + 1, tasks, n)
    if plan[READ_WIDTH, 0]:
        forward_layer(plan, a, 0, (first, end), 0, n_rows)
        return
    indices, values, ends = lists.indices, lists.values, lists.ends
    for p in range(first, end):
        panel = plan[WEIGHTS, 0] + p * plan[PANEL, 0]
        z = plan[OUTPUT, 0] + p * lanes(a)
        for row in range(n_rows):
            sum_panel(a, panel, indices, values, row * room, ends[row], z)
            z += plan[WIDTH, 0]


@part(**OPTIONS)
def step_first(
    plan: Int64Array, a: FloatArray, lists: Lists, n_rows: int, task: int, tasks: int
) -> None:
    """Add what the rows of a group say of the first layer's weights, in a task's panels."""
    n, room = plan[PANELS, 0], plan[INPUTS, 0] + SLACK
    first, end = task_start(task, tasks, n), task_start(task + 1, tasks, n)
    if plan[READ_WIDTH, 0]:
        step_layer(plan, a, 0, (first, end), 0, n_rows)
        return
    indices, values, ends = lists.indices, lists.values, lists.ends
    for p in range(first, end):
        panel = plan[GRADIENT, 0] + plan[WEIGHTS, 0] + p * plan[PANEL, 0]
        dz = plan[DELTA, 0] + p * lanes(a)
        for row in range(n_rows):
            step_panel(a, panel, indices, values, row * room, ends[row], dz)
            dz += plan[WIDTH, 0]


@part(**OPTIONS)
def correct_sums(
    plan: Int64Array, a: FloatArray, products: FloatArray, n_rows: int, lo: int, hi: int
) -> None:
    """Bring the first layer's sums of a batch up to date with the batches before it in its group.

    They were made with the weights as they stood before the group. Since then each earlier sample
    t added ``xₜᵀ dzₜ`` to W, so what sample s lacks is ``xₛ (xₜᵀ dzₜ) = (xₛ · xₜ) dzₜ``.
    """
    width = plan[WIDTH, 0]
    for row in range(lo, hi):
        for k in range(0, width, lanes(a)):
            z = plan[OUTPUT, 0] + row * width + k
            total = load(a, z)
            for earlier in range(lo):
                product = broadcast(products, row * n_rows + earlier)
                dz = plan[DELTA, 0] + earlier * width + k
                total = multiply_add(product, load(a, dz), total)
            store(a, z, total)


@part(**OPTIONS)
def run_small_batches(
    plan: Int64Array,
    a: FloatArray,
    products: FloatArray,
    rows: Rows,
    loss: LossSettings,
    learning_rates: NDArray[np.float64],
    n_rows: int,
    batch_size: int,
) -> None:
    """Step through a group's batches one by one; the first layer's weights wait for its end."""
    for lo in range(0, n_rows, batch_size):
        hi = min(lo + batch_size, n_rows)
        share = -learning_rates[lo // batch_size] / (hi - lo)
        correct_sums(plan, a, products, n_rows, lo, hi)
        forward_backward_rows(plan, a, rows, loss, share, -1, lo, hi)
        step_layers(plan, a, lo, hi, 0, 1)


@part(**OPTIONS)
def finish_step(
    settings: UpdateSettings,
    params: FloatArray,
    state: UpdateState,
    rate: float,
    step: int,
    barrier: Int64Array,
    task: int,
    tasks: int,
) -> None:
    """Step along a gradient that is in memory: a task's share of the parameters."""
    n = len(state.squares)
    first, end = task_start(task, tasks, n), task_start(task + 1, tasks, n)
    wait(barrier, tasks)
    if settings.l2 or settings.clip_norm:
        finish_gradient(settings, params, state, first, end)
        wait(barrier, tasks)
    factor = clip_factor(settings, state)
    for block in range(first, end):
        lo, hi = block * BLOCK_SIZE, min((block + 1) * BLOCK_SIZE, len(params))
        update(settings, params, state, factor, rate, step, lo, hi)


@part(**OPTIONS)
def run_batch(
    plan: Int64Array,
    a: FloatArray,
    rows: Rows,
    loss: LossSettings,
    share: float,
    n: int,
    n_scratch: int,
    barrier: Int64Array,
    task: int,
    tasks: int,
) -> None:
    """Take a batch from the first layer's sums to what it says of all other weights.

    A task has some of the rows first, in whole blocks, and then some of the panels.
    """
    n_blocks = (n + BLOCK - 1) // BLOCK
    lo = BLOCK * task_start(task, tasks, n_blocks)
    hi = min(BLOCK * task_start(task + 1, tasks, n_blocks), n)
    scratch = -1 if n < MANY_ROWS else plan[SCRATCH, 0] + task * n_scratch
    forward_backward_rows(plan, a, rows, loss, share, scratch, lo, hi)
    wait(barrier, tasks)
    step_layers(plan, a, 0, n, task, tasks)


@part(**OPTIONS)
def run_groups(
    plan: Int64Array,
    a: FloatArray,
    params: FloatArray,
    state: UpdateState | None,
    lists: Lists,
    products: FloatArray | None,
    inputs: Inputs,
    indices: Int64Array,
    rows: Rows,
    learning_rates: NDArray[np.float64],
    sizes: Sizes,
    settings: UpdateSettings,
    loss: LossSettings,
    steps: int,
    barrier: Int64Array,
    tasks: int,
    task: int,
) -> None:
    """Step through samples, a task's share of each group; see `engine` for what the arrays are.

    Where an argument is None, what it is for is not compiled: `state` for a step that is more than
    plain gradient descent, `products` for groups of several batches, which one thread runs.
    """
    for start in range(0, len(indices), sizes.group):
        n, step = min(sizes.group, len(indices) - start), start // sizes.batch
        samples = indices[start : start + n]
        following = indices[start + n : start + 2 * n]
        read_rows(plan, a, lists, inputs, samples, following, task, tasks)
        wait(barrier, tasks)
        sum_first(plan, a, lists, n, task, tasks)
        wait(barrier, tasks)
        end = start + n
        some = Rows(
            rows.labels[start:end],
            rows.losses[start:end],
            rows.n_correct[start:end],
            rows.noise[start:end],
        )
        if products is not None:
            multiply_rows(inputs, samples, products, plan[INPUTS, 0], sizes.batch)
            run_small_batches(plan, a, products, some, loss, learning_rates[step:], n, sizes.batch)
        else:
            share = (-learning_rates[step] if state is None else 1.0) / n
            run_batch(plan, a, some, loss, share, n, sizes.scratch, barrier, task, tasks)
        step_first(plan, a, lists, n, task, tasks)
        if state is not None:
            number = steps + step + 1
            finish_step(settings, params, state, learning_rates[step], number, barrier, task, tasks)
        wait(barrier, tasks)


def _sources() -> int:
    """Return a fingerprint of this engine's source, and of what it has constants from."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    files += [Path(str(module.__file__)) for module in (activations, dropout)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
    return int.from_bytes(digest[:7])


def compiled() -> Callable[..., int]:
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

    def run(*arguments: Any) -> int:
        """Run the groups; the fingerprint is used, so that it is part of the function."""
        run_groups(*arguments)
        return version

    return cached_njit(nogil=True, error_model="numpy")(run)
