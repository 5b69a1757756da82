"""The kernel runs many batches without coming back to Python."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...compiling import kept_compiled
from ...nn import activations
from ...nn.arrays import FloatArray
from ...nn.layers import dropout
from .dense import BLOCK
from .elementwise import OPTIONS
from .gate import wait
from .layout import INPUTS, PANELS, ROWS, WEIGHTS, WIDTH, Numbers
from .passes import step_layers, task_start, through
from .sparse import SLACK, dot_product, fetch_sample, list_inputs, step_panel, sum_panel
from .update import PIECE, Memory, Settings, clip_factor, finish_gradient, update
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
    target: FloatArray,
    places: NDArray[np.int32],
    values: FloatArray,
    ends: Numbers,
    deltas: FloatArray,
    n_rows: int,
    task: int,
    tasks: int,
) -> None:
    """Add what the rows of a group say of the first layer's weights, in a task's panels."""
    step, n = lanes(target), plan[PANELS, 0]
    room = plan[INPUTS, 0] + SLACK
    for p in range(task_start(task, tasks, n), task_start(task + 1, tasks, n)):
        panel = plan[WEIGHTS, 0] + p * plan[INPUTS, 0] * step
        dz = plan[ROWS, 0] + p * step
        for row in range(n_rows):
            step_panel(target, panel, places, values, row * room, ends[row], deltas, dz)
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
    inputs: FloatArray,
    deltas: FloatArray,
    logits: FloatArray,
    labels: Numbers,
    losses: NDArray[np.float64],
    hits: Numbers,
    noise: NDArray[np.uint16],
    products: FloatArray,
    n_rows: int,
    batch_size: int,
    rates: NDArray[np.float64],
    loss: int,
    smoothing: float,
) -> None:
    """Step through a group's batches one by one; the first layer's weights wait for its end."""
    rows = outputs, inputs, deltas, logits, labels, losses, hits, noise
    for lo in range(0, n_rows, batch_size):
        hi = min(lo + batch_size, n_rows)
        share = -rates[lo // batch_size] / (hi - lo)
        catch_up(plan, products, outputs, deltas, n_rows, lo, hi)
        through(plan, params, *rows, loss, smoothing, share, lo, hi)
        step_layers(plan, params, outputs, inputs, deltas, lo, hi, 0, 1)


@njit(**OPTIONS)
def finish_step(
    settings: Settings,
    params: FloatArray,
    memory: Memory,
    rate: float,
    step: int,
    gate: Numbers,
    task: int,
    tasks: int,
) -> None:
    """Step along a gradient that is in memory: a task's share of the parameters."""
    n = len(memory.squares)
    first, behind = task_start(task, tasks, n), task_start(task + 1, tasks, n)
    wait(gate, tasks)
    if settings.l2 or settings.clip_norm:
        finish_gradient(settings, params, memory, first, behind)
        wait(gate, tasks)
    factor = clip_factor(settings, memory)
    for block in range(first, behind):
        lo, hi = block * PIECE, min((block + 1) * PIECE, len(params))
        update(settings, params, memory, factor, rate, step, lo, hi)


@njit(**OPTIONS)
def run_batch(
    plan: Numbers,
    params: FloatArray,
    target: FloatArray,
    outputs: FloatArray,
    inputs: FloatArray,
    deltas: FloatArray,
    logits: FloatArray,
    labels: Numbers,
    losses: NDArray[np.float64],
    hits: Numbers,
    noise: NDArray[np.uint16],
    n: int,
    loss: int,
    smoothing: float,
    share: float,
    gate: Numbers,
    task: int,
    tasks: int,
) -> None:
    """Take a batch from the first layer's sums to what it says of all other weights.

    A task has some of the rows first, in whole blocks, and then some of the panels.
    """
    rows = outputs, inputs, deltas, logits, labels, losses, hits, noise
    n_blocks = (n + BLOCK - 1) // BLOCK
    lo = BLOCK * task_start(task, tasks, n_blocks)
    hi = min(BLOCK * task_start(task + 1, tasks, n_blocks), n)
    through(plan, params, *rows, loss, smoothing, share, lo, hi)
    wait(gate, tasks)
    step_layers(plan, target, outputs, inputs, deltas, 0, n, task, tasks)


@njit(**OPTIONS)
def run_groups(
    plan: Numbers,
    params: FloatArray,
    memory: Memory,
    buffers: tuple[Any, ...],
    x: NDArray[Any],
    scale: FloatArray,
    order: Numbers,
    labels: Numbers,
    losses: NDArray[np.float64],
    hits: Numbers,
    noise: NDArray[np.uint16],
    rates: NDArray[np.float64],
    batch: int,
    group: int,
    settings: Settings,
    loss: int,
    smoothing: float,
    steps: int,
    gate: Numbers,
    tasks: int,
    task: int,
) -> None:
    """Step through samples, a task's share of each group; see `engine` for what the arrays are."""
    outputs, inputs, deltas, logits = buffers[:4]
    places, values, ends, products = lists = buffers[4:]
    plain = len(memory.grads) == 0
    target = params if plain else memory.grads
    for start in range(0, len(order), group):
        n, step = min(group, len(order) - start), start // batch
        samples = order[start : start + n]
        following = order[start + n : start + 2 * n]
        list_rows(plan, *lists, x, scale, samples, following, batch, task, tasks)
        wait(gate, tasks)
        sum_first(plan, params, places, values, ends, outputs, n, task, tasks)
        wait(gate, tasks)
        part = slice(start, start + n)
        facts = labels[part], losses[part], hits[part], noise[part]
        rows = outputs, inputs, deltas, logits, *facts
        if n > batch:  # which is for one thread
            some = products, n, batch, rates[step:]
            run_small_batches(plan, params, *rows, *some, loss, smoothing)
        else:
            share = (-rates[step] if plain else 1.0) / n
            how = n, loss, smoothing, share, gate, task, tasks
            run_batch(plan, params, target, *rows, *how)
        step_first(plan, target, places, values, ends, deltas, n, task, tasks)
        if not plain:
            number = steps + step + 1
            finish_step(settings, params, memory, rates[step], number, gate, task, tasks)
        wait(gate, tasks)


def _sources() -> str:
    """Fingerprint the source of this engine, and of what it has constants from."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    files += [Path(str(module.__file__)) for module in (activations, dropout)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


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
        return len(version)

    return kept_compiled(nogil=True, error_model="numpy")(run)
