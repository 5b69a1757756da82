"""The kernel: many batches without a return to Python."""

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
from .barrier import Task, task_range, wait
from .dense import BLOCK
from .elementwise import OPTIONS, LossSettings
from .layout import Int64Array, LayerLayout, Layers
from .passes import MANY_ROWS, Rows, forward_backward_rows, forward_layer, step_layer, step_layers
from .sparse import (
    SLACK,
    Inputs,
    Lists,
    dot_product,
    list_inputs,
    prefetch_sample,
    step_panel,
    sum_panel,
)
from .update import (
    BLOCK_SIZE,
    Step,
    UpdateSettings,
    UpdateState,
    clip_factor,
    finish_gradient,
    update,
)
from .vectors import broadcast, lanes, load, load_scalar, multiply_add, store, store_scalar


class Setup(NamedTuple):
    """What stays the same in all runs of an engine; see `engine` for what the arrays are."""

    layers: Layers
    arena: FloatArray
    params: FloatArray
    lists: Lists
    batch_size: int
    group_size: int
    n_scratch: int  # floats of a task's scratch
    update: UpdateSettings
    loss: LossSettings


class Work(NamedTuple):
    """The samples of one run, in the order of `indices`, and its learning rates by step."""

    inputs: Inputs
    indices: Int64Array
    rows: Rows
    learning_rates: NDArray[np.float64]
    n_steps: int  # steps taken before this run


@part(**OPTIONS)
def read_rows(
    layer: LayerLayout,
    a: FloatArray,
    lists: Lists,
    inputs: Inputs,
    samples: Int64Array,
    following: Int64Array,
    task: Task,
) -> None:
    """Read a task's share of a group's samples, and prefetch the following group's."""
    x, scale = inputs.x, inputs.scale
    n_inputs = layer.n_inputs
    first, end = task_range(task, len(samples))
    for row in range(first, end):
        at = samples[row] * n_inputs
        if layer.inputs_width:
            start = layer.inputs + row * layer.inputs_width
            for k in range(n_inputs):
                number = a.dtype.type(load_scalar(x, at + k))
                store_scalar(a, start + k, load_scalar(scale, 0) * number)
        else:
            start = row * (n_inputs + SLACK)
            lists.ends[row] = list_inputs(inputs, at, n_inputs, lists, start)
        if row < len(following):
            prefetch_sample(x, following[row] * n_inputs, n_inputs)


@part(**OPTIONS)
def multiply_rows(
    inputs: Inputs, samples: Int64Array, products: FloatArray, n_inputs: int, batch_size: int
) -> None:
    """Compute each row's dot products with the rows of earlier batches, for `correct_sums`."""
    n_rows = len(samples)
    for row in range(n_rows):
        at = samples[row] * n_inputs
        for earlier in range(row // batch_size * batch_size):
            other = samples[earlier] * n_inputs
            products[row * n_rows + earlier] = dot_product(inputs, at, other, n_inputs)


@part(**OPTIONS)
def sum_first(layer: LayerLayout, a: FloatArray, lists: Lists, n_rows: int, task: Task) -> None:
    """Compute the first layer's sums of a group, without biases, in a task's panels."""
    panels = task_range(task, layer.n_panels)
    if layer.inputs_width:
        forward_layer(layer, a, panels, 0, n_rows)
        return
    ends, capacity = lists.ends, layer.n_inputs + SLACK
    for p in range(panels[0], panels[1]):
        panel = layer.weights + p * layer.panel_size
        z = layer.outputs + p * lanes(a)
        for row in range(n_rows):
            sum_panel(a, panel, lists, row * capacity, ends[row], z)
            z += layer.width


@part(**OPTIONS)
def step_first(layer: LayerLayout, a: FloatArray, lists: Lists, n_rows: int, task: Task) -> None:
    """``W += xᵀ dz`` for the first layer and the rows of a group, in a task's panels."""
    panels = task_range(task, layer.n_panels)
    if layer.inputs_width:
        step_layer(layer, a, panels, 0, n_rows)
        return
    ends, capacity = lists.ends, layer.n_inputs + SLACK
    for p in range(panels[0], panels[1]):
        panel = layer.gradient + layer.weights + p * layer.panel_size
        dz = layer.deltas + p * lanes(a)
        for row in range(n_rows):
            step_panel(a, panel, lists, row * capacity, ends[row], dz)
            dz += layer.width


@part(**OPTIONS)
def correct_sums(
    layer: LayerLayout, a: FloatArray, products: FloatArray, n_rows: int, lo: int, hi: int
) -> None:
    """Bring the first layer's sums of a batch up to date with the batches before it in its group.

    They were made with the weights as they stood before the group. Since then each earlier sample
    t added ``xₜᵀ dzₜ`` to W, so what sample s lacks is ``xₛ (xₜᵀ dzₜ) = (xₛ · xₜ) dzₜ``.
    """
    width = layer.width
    for row in range(lo, hi):
        for k in range(0, width, lanes(a)):
            z = layer.outputs + row * width + k
            total = load(a, z)
            for earlier in range(lo):
                product = broadcast(products, row * n_rows + earlier)
                dz = layer.deltas + earlier * width + k
                total = multiply_add(product, load(a, dz), total)
            store(a, z, total)


@part(**OPTIONS)
def run_small_batches(
    setup: Setup, products: FloatArray, rows: Rows, learning_rates: NDArray[np.float64], task: Task
) -> None:
    """Step through a group's batches one by one; the first layer's weights wait for its end."""
    layers, a, n_rows = setup.layers, setup.arena, len(rows.labels)
    for lo in range(0, n_rows, setup.batch_size):
        hi = min(lo + setup.batch_size, n_rows)
        scale = -learning_rates[lo // setup.batch_size] / (hi - lo)
        correct_sums(layers[0], a, products, n_rows, lo, hi)
        forward_backward_rows(layers, a, rows, setup.loss, scale, -1, lo, hi)
        step_layers(layers, a, lo, hi, task)


@part(**OPTIONS)
def run_batch(setup: Setup, rows: Rows, scale: float, task: Task) -> None:
    """Take a batch from the first layer's sums to the steps of all other weights.

    A task has some of the rows first, in whole blocks, and then some of the panels.
    """
    layers, a, n = setup.layers, setup.arena, len(rows.labels)
    first, end = task_range(task, (n + BLOCK - 1) // BLOCK)
    lo, hi = BLOCK * first, min(BLOCK * end, n)
    scratch = -1 if n < MANY_ROWS else layers[0].scratch + task.number * setup.n_scratch
    forward_backward_rows(layers, a, rows, setup.loss, scale, scratch, lo, hi)
    wait(task)
    step_layers(layers, a, 0, n, task)


@part(**OPTIONS)
def finish_step(setup: Setup, state: UpdateState, rate: float, number: int, task: Task) -> None:
    """Step along a gradient that is in memory: a task's share of the parameters."""
    settings, params = setup.update, setup.params
    first, end = task_range(task, len(state.squares))
    wait(task)
    if settings.clip_norm:  # else `update` adds the penalty, without another pass
        finish_gradient(settings, params, state, first, end)
        wait(task)
    step = Step(number, rate, clip_factor(settings, state))
    for block in range(first, end):
        lo, hi = block * BLOCK_SIZE, min((block + 1) * BLOCK_SIZE, len(params))
        update(settings, params, state, step, lo, hi)


@part(**OPTIONS)
def run_groups(
    setup: Setup, state: UpdateState | None, products: FloatArray | None, work: Work, task: Task
) -> None:
    """Step through samples, a task's share of each group.

    What an argument that is None is for is not compiled: `state` for a step that is more than plain
    gradient descent, `products` for groups of several batches, which one thread runs.
    """
    a, lists, group_size = setup.arena, setup.lists, setup.group_size
    inputs, indices, rows, rates = work.inputs, work.indices, work.rows, work.learning_rates
    layer = setup.layers[0]
    for start in range(0, len(indices), group_size):
        n = min(group_size, len(indices) - start)
        step, end = start // setup.batch_size, start + n
        samples, following = indices[start:end], indices[end : end + n]
        read_rows(layer, a, lists, inputs, samples, following, task)
        wait(task)
        sum_first(layer, a, lists, n, task)
        wait(task)
        group = Rows(
            rows.labels[start:end],
            rows.weights[start:end],
            rows.losses[start:end],
            rows.n_correct[start:end],
            rows.noise[start:end],
        )
        if products is not None:
            multiply_rows(inputs, samples, products, layer.n_inputs, setup.batch_size)
            run_small_batches(setup, products, group, rates[step:], task)
        else:
            scale = (-rates[step] if state is None else 1.0) / n
            run_batch(setup, group, scale, task)
        step_first(layer, a, lists, n, task)
        if state is not None:
            finish_step(setup, state, rates[step], work.n_steps + step + 1, task)
        wait(task)


def _fingerprint() -> int:
    """Return a fingerprint of this engine's source, and of what it has constants from."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    files += [Path(str(module.__file__)) for module in (activations, dropout)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
    return int.from_bytes(digest[:7])


def compiled() -> Callable[..., int]:
    """Return the kernel, which its first call compiles, or finds compiled by an earlier process.

    Each of `task.total` threads calls it at the same time. They go through the groups together, and
    each does its share of every phase. Numba recompiles a function if its own file has changed; the
    fingerprint that the kernel returns makes it depend on all files of this engine.
    """
    version = _fingerprint()

    def run(*arguments: Any) -> int:
        """Run the groups."""
        run_groups(*arguments)
        return version

    return cached_njit(nogil=True, error_model="numpy")(run)
