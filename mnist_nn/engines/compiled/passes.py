"""What a batch goes through between the first layer's sums and the new weights, layer by layer.

Each function does the share of one task of several: some of the samples on the way forward and
back, some of the panels when weights change. No sum is ever split between tasks, so the result is
the same for any number of them.

`plan` says where each layer's parts lie in the arena `a` (see `layout`):

- weights in panels, and biases; and behind them, unless steps go straight to the parameters, the
  gradient, of the same layout, to which ``xᵀ dz`` is then added instead;
- what a layer reads: the outputs of the one before, or with dropout a masked copy of them;
- outputs, by row: first a layer's sums, then what it makes of them;
- deltas, by row: the loss's gradient at a layer's sums, times 1 / batch_size and, for plain
  gradient descent, -learning_rate, so that adding ``xᵀ dz`` is the whole step.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiling import part
from ...nn.arrays import FloatArray
from .dense import SHORT, Depth, Matrix, multiply, multiply_row, multiply_row_back
from .elementwise import OPTIONS, activate, activation_backward, predicted_class, score_row
from .layout import (
    ACTIVATION,
    BIASED,
    BIASES,
    DELTA,
    GRADIENT,
    INPUTS,
    LIMIT,
    OUTPUT,
    PANEL,
    PANELS,
    READ,
    READ_WIDTH,
    SUMS,
    TILE,
    TRANSPOSED_ROWS,
    UNITS,
    WEIGHTS,
    WIDTH,
    Int64Array,
)
from .masks import mask_rows
from .vectors import (
    add,
    broadcast,
    lanes,
    load,
    load_scalar,
    multiply_add,
    store,
    store_scalar,
    transpose,
    zeros,
)

MANY_ROWS, MANY_PANELS = (
    16,
    4,
)  # samples and panels for which transposing deltas pays on the way back
# What is read again and again should be in a near cache: a panel's weights from 320 inputs have
# 20 KiB in float32, what 96 samples have there 96 KiB, and 192 inputs of 128 samples, too.
INPUTS_FORWARD, ROWS_FORWARD, INPUTS_STEP, ROWS_STEP = 320, 96, 192, 128
INPUTS_BACK, PANELS_BACK = 96, 16


class Rows(NamedTuple):
    """What is known, and found, of the samples of a group.

    Attributes
    ----------
    labels
        Class of each.
    losses, n_correct
        What each came to, and whether the network was right.
    noise
        What the masks of each are made of.
    """

    labels: Int64Array
    losses: NDArray[np.float64]
    n_correct: Int64Array
    noise: NDArray[np.uint16]


class LossSettings(NamedTuple):
    """Code of the loss, and which share of each target is spread over all classes."""

    code: int
    smoothing: float


@part(**OPTIONS)
def task_start(task: int, tasks: int, n: int) -> int:
    """Say where a task's part of n things begins; it ends where the next one's begins."""
    return task * n // tasks


@part(**OPTIONS)
def add_biases(plan: Int64Array, a: FloatArray, i: int, lo: int, hi: int) -> None:
    """Complete the sums of layer i, which are made without biases."""
    width, step = plan[WIDTH, i], lanes(a)
    for k in range(0, plan[PANELS, i] * step, step):
        bias = load(a, plan[BIASES, i] + k)
        for z in range(plan[OUTPUT, i] + lo * width + k, plan[OUTPUT, i] + hi * width + k, width):
            store(a, z, add(load(a, z), bias))


@part(**OPTIONS)
def forward_layer(
    plan: Int64Array, a: FloatArray, i: int, panels: tuple[int, int], lo: int, hi: int
) -> None:
    """Take rows from what layer i reads to its sums, without biases, of some of its panels."""
    first, end = panels
    whole = lo + (hi - lo) // SHORT * SHORT
    n_parts = (plan[INPUTS, i] + INPUTS_FORWARD - 1) // INPUTS_FORWARD
    some = (plan[INPUTS, i] + n_parts - 1) // n_parts  # equal parts, none of a few inputs
    for row in range(lo, whole, ROWS_FORWARD):
        n_rows = min(ROWS_FORWARD, whole - row)
        for k in range(0, plan[INPUTS, i], some):
            n = min(some, plan[INPUTS, i] - k)
            x = Matrix(plan[READ, i] + row * plan[READ_WIDTH, i] + k, plan[READ_WIDTH, i], 1)
            for p in range(first, end):
                out = plan[OUTPUT, i] + row * plan[WIDTH, i] + p * lanes(a)
                w = Matrix(plan[WEIGHTS, i] + p * plan[PANEL, i] + k * lanes(a), lanes(a), 1)
                z = Matrix(out, plan[WIDTH, i], 1)
                multiply(a, (z, x, w), n_rows, Depth(n, 1, 0), k == 0)
    for p in range(first, end):
        for row in range(whole, hi):
            out = plan[OUTPUT, i] + row * plan[WIDTH, i] + p * lanes(a)
            inputs = plan[READ, i] + row * plan[READ_WIDTH, i]
            weights = plan[WEIGHTS, i] + p * plan[PANEL, i]
            multiply_row(a, out, inputs, weights, plan[INPUTS, i])


@part(**OPTIONS)
def score_rows(
    plan: Int64Array, a: FloatArray, rows: Rows, loss: LossSettings, share: float, lo: int, hi: int
) -> None:
    """Make outputs of the last layer's sums, score them, and write the last layer's deltas.

    The deltas get the factor `share`, 1 / batch_size or -learning_rate / batch_size; as the way
    back is linear, those of all other layers then have it, too.
    """
    last = plan.shape[1] - 1
    factor = a.dtype.type(share)
    units, width, code = plan[UNITS, last], plan[WIDTH, last], plan[ACTIVATION, last]
    outputs, deltas, sums = plan[OUTPUT, last], plan[DELTA, last], plan[SUMS, last]
    for row in range(lo, hi):
        for k in range(row * width, row * width + units):
            store_scalar(a, sums + k, load_scalar(a, outputs + k))
    activate(code, a, outputs + lo * width, hi - lo, units, width)
    for row in range(lo, hi):
        z, y, dy = sums + row * width, outputs + row * width, deltas + row * width
        label = rows.labels[row]
        rows.losses[row] = score_row(loss.code, code, a, z, y, dy, units, label, loss.smoothing)
        rows.n_correct[row] = predicted_class(a, y, units) == label
        for k in range(dy, dy + units):
            store_scalar(a, k, factor * load_scalar(a, k))


@part(**OPTIONS)
def backward_tall(plan: Int64Array, a: FloatArray, i: int, scratch: int, lo: int, hi: int) -> None:
    """``dx = dz Wᵀ`` for layer i and up to `TRANSPOSED_ROWS` rows, transposed: ``dxᵀ = W dzᵀ``.

    So a vector has one number of each of many rows, and each weight is spread over it.
    """
    step, n_inputs, panels = lanes(a), plan[INPUTS, i], plan[PANELS, i]
    x_width, z_width = plan[WIDTH, i - 1], plan[WIDTH, i]
    dz = plan[DELTA, i] + lo * z_width
    dx = plan[DELTA, i - 1] + lo * x_width
    n = hi - lo
    z_size, x_size = panels * step * step, -(-n_inputs // step) * step * step
    transposed = scratch + -(-n // step) * z_size
    for row in range(0, n, TILE):
        to = scratch + row // step * z_size + row % step
        for k in range(0, panels * step, TILE):
            transpose(a, to + k * step, step, dz + row * z_width + k, z_width)
    for p in range(0, panels, PANELS_BACK):
        depth = Depth(step, min(PANELS_BACK, panels - p), plan[PANEL, i] - step)
        for k in range(0, n_inputs, INPUTS_BACK):
            some = -(-min(INPUTS_BACK, n_inputs - k) // SHORT) * SHORT
            w = Matrix(plan[WEIGHTS, i] + p * plan[PANEL, i] + k * step, step, 1)
            for group in range(-(-n // step)):
                out = Matrix(transposed + group * x_size + k * step, step, 1)
                source = Matrix(scratch + group * z_size + p * step * step, step, 1)
                multiply(a, (out, w, source), some, depth, p == 0)
    for row in range(0, n, TILE):
        at = transposed + row // step * x_size + row % step
        for k in range(0, n_inputs, TILE):
            transpose(a, dx + row * x_width + k, x_width, at + k * step, step)


@part(**OPTIONS)
def backward_layer(
    plan: Int64Array,
    a: FloatArray,
    noise: NDArray[np.uint16],
    i: int,
    scratch: int,
    lo: int,
    hi: int,
) -> None:
    """Take rows from the deltas of layer i to those of layer i - 1; a scratch of -1 is for few."""
    n_inputs, x_width, z_width = plan[INPUTS, i], plan[WIDTH, i - 1], plan[WIDTH, i]
    if scratch < 0 or plan[PANELS, i] < MANY_PANELS:
        for k in range(0, n_inputs, TILE):
            weights = plan[WEIGHTS, i] + k * lanes(a)
            for row in range(lo, hi):
                dz = plan[DELTA, i] + row * z_width
                dx = plan[DELTA, i - 1] + row * x_width + k
                multiply_row_back(a, dx, dz, weights, plan[PANELS, i], plan[PANEL, i])
    else:
        for row in range(lo, hi, TRANSPOSED_ROWS):
            backward_tall(plan, a, i, scratch, row, min(row + TRANSPOSED_ROWS, hi))
    deltas = plan[DELTA, i - 1]
    if n_inputs % TILE:  # what is behind a row's units was written, too
        for row in range(deltas + lo * x_width, deltas + hi * x_width, x_width):
            for k in range(row + n_inputs, row + x_width):
                store_scalar(a, k, a.dtype.type(0))
    if plan[LIMIT, i - 1]:
        mask_rows(plan, a, noise, i - 1, deltas, deltas, lo, hi)
    first, outputs = deltas + lo * x_width, plan[OUTPUT, i - 1] + lo * x_width
    activation_backward(plan[ACTIVATION, i - 1], a, outputs, first, hi - lo, n_inputs, x_width)


@part(**OPTIONS)
def forward_backward_rows(
    plan: Int64Array,
    a: FloatArray,
    rows: Rows,
    loss: LossSettings,
    share: float,
    scratch: int,
    lo: int,
    hi: int,
) -> None:
    """Take rows lo to hi from the first layer's sums to the deltas of all layers."""
    last = plan.shape[1] - 1
    add_biases(plan, a, 0, lo, hi)
    for i in range(last):
        start, width = plan[OUTPUT, i], plan[WIDTH, i]
        activate(plan[ACTIVATION, i], a, start + lo * width, hi - lo, plan[UNITS, i], width)
        if plan[LIMIT, i]:
            mask_rows(plan, a, rows.noise, i, start, plan[READ, i + 1], lo, hi)
        forward_layer(plan, a, i + 1, (0, plan[PANELS, i + 1]), lo, hi)
        add_biases(plan, a, i + 1, lo, hi)
    score_rows(plan, a, rows, loss, share, lo, hi)
    for i in range(last, 0, -1):
        backward_layer(plan, a, rows.noise, i, scratch, lo, hi)


@part(**OPTIONS)
def step_bias(plan: Int64Array, a: FloatArray, i: int, p: int, lo: int, hi: int) -> None:
    """``b += Σ dz`` for panel p of layer i, over some rows."""
    total, width = zeros(a), plan[WIDTH, i]
    first = plan[DELTA, i] + p * lanes(a)
    for dz in range(first + lo * width, first + hi * width, width):
        total = add(total, load(a, dz))
    bias = plan[GRADIENT, i] + plan[BIASES, i] + p * lanes(a)
    store(a, bias, add(total, load(a, bias)))


@part(**OPTIONS)
def step_layer(
    plan: Int64Array, a: FloatArray, i: int, panels: tuple[int, int], lo: int, hi: int
) -> None:
    """``W += xᵀ dz`` for some panels of layer i, over some rows."""
    step, n_inputs, n = lanes(a), plan[INPUTS, i], hi - lo
    first, end = panels
    x_width, z_width = plan[READ_WIDTH, i], plan[WIDTH, i]
    inputs, deltas = plan[READ, i] + lo * x_width, plan[DELTA, i] + lo * z_width
    weights = plan[GRADIENT, i] + plan[WEIGHTS, i]
    whole = 0 if n < 4 else n_inputs // SHORT * SHORT  # of a few rows, one by one is faster
    for row in range(0, n, ROWS_STEP):
        depth = Depth(min(ROWS_STEP, n - row), 1, 0)
        for k in range(0, whole, INPUTS_STEP):
            x = Matrix(inputs + row * x_width + k, 1, x_width)
            for p in range(first, end):
                w = Matrix(weights + p * plan[PANEL, i] + k * step, step, 1)
                dz = Matrix(deltas + row * z_width + p * step, z_width, 1)
                multiply(a, (w, x, dz), min(INPUTS_STEP, whole - k), depth, False)
    for p in range(first, end):
        for row in range(n):
            change = load(a, deltas + row * z_width + p * step)
            w = weights + p * plan[PANEL, i] + whole * step
            for k in range(inputs + row * x_width + whole, inputs + row * x_width + n_inputs):
                store(a, w, multiply_add(broadcast(a, k), change, load(a, w)))
                w += step


@part(**OPTIONS)
def step_layers(plan: Int64Array, a: FloatArray, lo: int, hi: int, task: int, tasks: int) -> None:
    """Add what rows say of weights and biases, in a task's panels, but for listed inputs."""
    for i in range(plan.shape[1]):
        first = task_start(task, tasks, plan[PANELS, i])
        end = task_start(task + 1, tasks, plan[PANELS, i])
        if plan[BIASED, i]:
            for p in range(first, end):
                step_bias(plan, a, i, p, lo, hi)
        if i > 0:
            step_layer(plan, a, i, (first, end), lo, hi)
