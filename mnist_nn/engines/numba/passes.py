"""What a batch goes through between the first layer's sums and the new weights, layer by layer.

Each function does the share of one task of several: some of the samples on the way forward and
back, some of the panels when weights change. No sum is ever split between tasks, so the result is
the same for any number of them.

The arrays are the same throughout; `plan` (see `layout`) says where each layer lies in them.

- `params`: weights in panels, and biases.
- `target`: where ``xᵀ dz`` is added to. For plain gradient descent it is `params`, for others the
  gradient, of the same layout.
- `outputs`: of each layer, by row: first its sums, then what it puts out.
- `inputs`: what the next layer reads of that: `outputs` itself, or with dropout a masked copy.
- `deltas`: of each layer, by row: the loss's gradient at its sums, times 1 / batch_size and, for
  plain gradient descent, -learning_rate, so that adding ``xᵀ dz`` is the whole step.
- `logits`: the last layer's sums, which the loss needs besides its outputs.
- `labels`: class of each row.
- `losses`, `hits`: what each row came to, and whether the network was right.
- `noise`: what each row's masks are made of.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from ...nn.arrays import FloatArray
from .dense import (
    BLOCK,
    backward_inputs,
    forward_block,
    forward_row,
    step_bias,
    step_inputs,
)
from .elementwise import OPTIONS, activate, predicted_class, pull_back, score_row
from .layout import (
    ACTIVATION,
    BIASED,
    BIASES,
    INPUTS,
    LIMIT,
    PANELS,
    ROWS,
    UNITS,
    WEIGHTS,
    WIDTH,
    Numbers,
)
from .masks import mask_rows
from .vectors import add, lanes, load, multiply_add, pick, put, spread, store


@njit(**OPTIONS)
def task_start(task: int, tasks: int, n: int) -> int:
    """Say where a task's part of n things begins; it ends where the next one's begins."""
    return task * n // tasks


@njit(**OPTIONS)
def add_bias(plan: Numbers, params: FloatArray, outputs: FloatArray, lo: int, hi: int) -> None:
    """Complete the first layer's sums, which are made without biases."""
    width = plan[WIDTH, 0]
    for k in range(0, width, lanes(outputs)):
        bias = load(params, plan[BIASES, 0] + k)
        for row in range(lo, hi):
            z = plan[ROWS, 0] + row * width + k
            store(outputs, z, add(load(outputs, z), bias))


@njit(**OPTIONS)
def forward_layer(
    plan: Numbers,
    params: FloatArray,
    inputs: FloatArray,
    outputs: FloatArray,
    i: int,
    lo: int,
    hi: int,
) -> None:
    """Take rows from what layer i reads to its sums."""
    n_inputs, x_width, z_width = plan[INPUTS, i], plan[WIDTH, i - 1], plan[WIDTH, i]
    panel, bias = plan[WEIGHTS, i], plan[BIASES, i]
    x_start = plan[ROWS, i - 1] + lo * x_width
    z_start = plan[ROWS, i] + lo * z_width
    n_blocks = (hi - lo) // BLOCK
    for _ in range(plan[PANELS, i]):
        x, z = x_start, z_start
        for _ in range(n_blocks):
            forward_block(params, panel, bias, n_inputs, inputs, x, x_width, outputs, z, z_width)
            x += BLOCK * x_width
            z += BLOCK * z_width
        for _ in range(lo + n_blocks * BLOCK, hi):
            forward_row(params, panel, bias, n_inputs, inputs, x, outputs, z)
            x += x_width
            z += z_width
        panel += n_inputs * lanes(params)
        bias += lanes(params)
        z_start += lanes(params)


@njit(**OPTIONS)
def score_rows(
    plan: Numbers,
    outputs: FloatArray,
    deltas: FloatArray,
    logits: FloatArray,
    labels: Numbers,
    losses: NDArray[np.float64],
    hits: Numbers,
    loss: int,
    smoothing: float,
    share: float,
    lo: int,
    hi: int,
) -> None:
    """Make outputs of the last layer's sums, score them, and write the last layer's deltas.

    The deltas get the factor `share`, 1 / batch_size or -learning_rate / batch_size; as the way
    back is linear, those of all other layers then have it, too.
    """
    last = plan.shape[1] - 1
    factor = deltas.dtype.type(share)
    units, width, code = plan[UNITS, last], plan[WIDTH, last], plan[ACTIVATION, last]
    for row in range(lo, hi):
        y = plan[ROWS, last] + row * width
        for k in range(units):
            put(logits, row * width + k, pick(outputs, y + k))
    activate(code, outputs, plan[ROWS, last] + lo * width, hi - lo, units, width)
    for row in range(lo, hi):
        z, y = row * width, plan[ROWS, last] + row * width
        label = labels[row]
        losses[row] = score_row(loss, code, logits, z, outputs, deltas, y, units, label, smoothing)
        hits[row] = predicted_class(outputs, y, units) == label
        for k in range(units):
            put(deltas, y + k, factor * pick(deltas, y + k))


@njit(**OPTIONS)
def backward_layer(
    plan: Numbers,
    params: FloatArray,
    outputs: FloatArray,
    deltas: FloatArray,
    noise: NDArray[np.uint16],
    i: int,
    lo: int,
    hi: int,
) -> None:
    """Take rows from the deltas of layer i to those of layer i - 1."""
    n_inputs, x_width, z_width = plan[INPUTS, i], plan[WIDTH, i - 1], plan[WIDTH, i]
    n_panels = plan[PANELS, i]
    first = plan[ROWS, i - 1] + lo * x_width
    for k in range(0, n_inputs, 8):
        weights = plan[WEIGHTS, i] + k * lanes(params)
        dz, dx = plan[ROWS, i] + lo * z_width, first + k
        for _ in range(lo, hi):
            backward_inputs(params, weights, n_inputs, n_panels, deltas, dz, dx)
            dz += z_width
            dx += x_width
    if n_inputs % 8:
        clear_padding(deltas, first, n_inputs, x_width, hi - lo)
    if plan[LIMIT, i - 1]:
        mask_rows(plan, noise, deltas, deltas, i - 1, lo, hi)
    pull_back(plan[ACTIVATION, i - 1], outputs, deltas, first, hi - lo, n_inputs, x_width)


@njit(**OPTIONS)
def clear_padding(deltas: FloatArray, start: int, units: int, width: int, n_rows: int) -> None:
    """Set to zero what is behind the units of rows: `backward_inputs` goes on to a whole eight."""
    for row in range(n_rows):
        for k in range(units, width):
            put(deltas, start + row * width + k, deltas.dtype.type(0))


@njit(**OPTIONS)
def through(
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
    loss: int,
    smoothing: float,
    share: float,
    lo: int,
    hi: int,
) -> None:
    """Take rows lo to hi from the first layer's sums to the deltas of all layers."""
    add_bias(plan, params, outputs, lo, hi)
    last = plan.shape[1] - 1
    for i in range(last):
        x = plan[ROWS, i] + lo * plan[WIDTH, i]
        activate(plan[ACTIVATION, i], outputs, x, hi - lo, plan[UNITS, i], plan[WIDTH, i])
        if plan[LIMIT, i]:
            mask_rows(plan, noise, outputs, inputs, i, lo, hi)
            forward_layer(plan, params, inputs, outputs, i + 1, lo, hi)
        else:
            forward_layer(plan, params, outputs, outputs, i + 1, lo, hi)
    score_rows(plan, outputs, deltas, logits, labels, losses, hits, loss, smoothing, share, lo, hi)
    for i in range(last, 0, -1):
        backward_layer(plan, params, outputs, deltas, noise, i, lo, hi)


@njit(**OPTIONS)
def step_layer(
    plan: Numbers,
    target: FloatArray,
    inputs: FloatArray,
    deltas: FloatArray,
    i: int,
    p: int,
    lo: int,
    hi: int,
) -> None:
    """Add what rows of a batch say of the weights of panel p of layer i, not the first."""
    step, n_inputs = lanes(target), plan[INPUTS, i]
    x_width, z_width = plan[WIDTH, i - 1], plan[WIDTH, i]
    x = plan[ROWS, i - 1] + lo * x_width
    dz = plan[ROWS, i] + lo * z_width + p * step
    weights = plan[WEIGHTS, i] + p * n_inputs * step
    eights = 0 if hi - lo < 4 else n_inputs // 8 * 8  # of a few rows, one by one is faster
    for k in range(0, eights, 8):
        w = weights + k * step
        step_inputs(target, w, inputs, x + k, x_width, deltas, dz, z_width, hi - lo)
    for _ in range(lo, hi):
        change = load(deltas, dz)
        for k in range(eights, n_inputs):
            w = weights + k * step
            store(target, w, multiply_add(spread(inputs, x + k), change, load(target, w)))
        x += x_width
        dz += z_width


@njit(**OPTIONS)
def step_layers(
    plan: Numbers,
    target: FloatArray,
    outputs: FloatArray,
    inputs: FloatArray,
    deltas: FloatArray,
    lo: int,
    hi: int,
    task: int,
    tasks: int,
) -> None:
    """Add it in a task's panels, of all layers but the first one's weights: see `sparse`."""
    for i in range(plan.shape[1]):
        width, n = plan[WIDTH, i], plan[PANELS, i]
        for p in range(task_start(task, tasks, n), task_start(task + 1, tasks, n)):
            if plan[BIASED, i]:
                bias = plan[BIASES, i] + p * lanes(target)
                dz = plan[ROWS, i] + lo * width + p * lanes(target)
                step_bias(target, bias, deltas, dz, width, hi - lo)
            if i > 0:
                read = inputs if plan[LIMIT, i - 1] else outputs
                step_layer(plan, target, read, deltas, i, p, lo, hi)
