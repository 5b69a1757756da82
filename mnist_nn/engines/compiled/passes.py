"""What a batch goes through between the first layer's sums and the new weights, layer by layer.

Each function does the share of one task of several: some of the samples forward and backward, some
of the panels when weights change. No sum is ever split between tasks, so the result is the same for
any number of them.

A `LayerLayout` says where each layer's parts lie in the arena ``a``:

- weights in panels, and biases; and behind them, unless steps go straight to the parameters, the
  gradient, of the same layout, to which ``xᵀ dz`` is then added instead;
- inputs: the outputs of the layer before, or with dropout a masked copy of them;
- outputs, by row: first a layer's sums, then its activation's outputs;
- deltas, by row: the loss's gradient at a layer's sums, times 1 / batch_size, the sample's weight
  and, for plain gradient descent, -learning_rate, so that adding ``xᵀ dz`` is the
  whole step.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiling import part
from ...nn.arrays import FloatArray
from .barrier import Task, task_range
from .dense import SHORT, Depth, Matrix, multiply, multiply_row, multiply_row_back
from .elementwise import (
    OPTIONS,
    LossSettings,
    activate,
    activation_backward,
    predicted_class,
    score_row,
)
from .layout import TILE, TRANSPOSED_ROWS, Int64Array, LayerLayout, Layers
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

MANY_ROWS, MANY_PANELS = 16, 4  # from which on transposing deltas pays in the backward pass
# What is read again and again should be in a near cache: a panel's weights from 320 inputs have
# 20 KiB in float32, what 96 samples have there 96 KiB, and 192 inputs of 128 samples, too.
INPUTS_FORWARD, ROWS_FORWARD, INPUTS_STEP, ROWS_STEP = 320, 96, 192, 128
INPUTS_BACK, PANELS_BACK = 96, 16


class Rows(NamedTuple):
    """The samples of a group: class, weight, loss and whether it was right (filled in), noise."""

    labels: Int64Array
    weights: NDArray[np.float64]
    losses: NDArray[np.float64]
    n_correct: Int64Array
    noise: NDArray[np.uint16]  # (n, n_noise): see `nn.draw_noise`


@part(**OPTIONS)
def add_biases(layer: LayerLayout, a: FloatArray, lo: int, hi: int) -> None:
    """Complete the sums of a layer, which are made without biases."""
    step, width = lanes(a), layer.width
    for k in range(0, layer.n_panels * step, step):
        bias = load(a, layer.biases + k)
        for z in range(layer.outputs + lo * width + k, layer.outputs + hi * width + k, width):
            store(a, z, add(load(a, z), bias))


@part(**OPTIONS)
def forward_layer(
    layer: LayerLayout, a: FloatArray, panels: tuple[int, int], lo: int, hi: int
) -> None:
    """``z = x W`` for rows lo to hi and some of a layer's panels."""
    first, end = panels
    whole = lo + (hi - lo) // SHORT * SHORT
    n_parts = (layer.n_inputs + INPUTS_FORWARD - 1) // INPUTS_FORWARD
    size = (layer.n_inputs + n_parts - 1) // n_parts  # equal parts, none of a few inputs
    for row in range(lo, whole, ROWS_FORWARD):
        n_rows = min(ROWS_FORWARD, whole - row)
        for k in range(0, layer.n_inputs, size):
            n = min(size, layer.n_inputs - k)
            x = Matrix(layer.inputs + row * layer.inputs_width + k, layer.inputs_width, 1)
            for p in range(first, end):
                out = layer.outputs + row * layer.width + p * lanes(a)
                w = Matrix(layer.weights + p * layer.panel_size + k * lanes(a), lanes(a), 1)
                z = Matrix(out, layer.width, 1)
                multiply(a, (z, x, w), n_rows, Depth(n, 1, 0), k == 0)
    for p in range(first, end):
        for row in range(whole, hi):
            out = layer.outputs + row * layer.width + p * lanes(a)
            inputs = layer.inputs + row * layer.inputs_width
            weights = layer.weights + p * layer.panel_size
            multiply_row(a, out, inputs, weights, layer.n_inputs)


@part(**OPTIONS)
def score_rows(
    layer: LayerLayout,
    a: FloatArray,
    rows: Rows,
    loss: LossSettings,
    scale: float,
    lo: int,
    hi: int,
) -> None:
    """Make outputs of the last layer's sums, score them, and write the last layer's deltas.

    The deltas get the factor `scale`, 1 / batch_size or -learning_rate / batch_size, and the
    sample's weight; as the backward pass is linear, those of all other layers then have both,
    too.
    """
    units, width, code = layer.units, layer.width, layer.activation
    outputs, deltas, sums = layer.outputs, layer.deltas, layer.sums
    for row in range(lo, hi):
        for k in range(row * width, row * width + units):
            store_scalar(a, sums + k, load_scalar(a, outputs + k))
    activate(code, a, outputs + lo * width, hi - lo, units, width)
    for row in range(lo, hi):
        z, y, dy = sums + row * width, outputs + row * width, deltas + row * width
        label, weight = rows.labels[row], rows.weights[row]
        factor = a.dtype.type(scale * weight)
        rows.losses[row] = weight * score_row(loss, code, a, z, y, dy, units, label)
        rows.n_correct[row] = predicted_class(a, y, units) == label
        for k in range(dy, dy + units):
            store_scalar(a, k, factor * load_scalar(a, k))


@part(**OPTIONS)
def backward_tall(
    layer: LayerLayout, below: LayerLayout, a: FloatArray, scratch: int, lo: int, hi: int
) -> None:
    """``dx = dz Wᵀ`` for up to `TRANSPOSED_ROWS` rows, transposed: ``dxᵀ = W dzᵀ``.

    So a vector has one number of each of many rows, and each weight is broadcast to it.
    """
    step, n_inputs, n_panels = lanes(a), layer.n_inputs, layer.n_panels
    x_width, z_width = below.width, layer.width
    dz = layer.deltas + lo * z_width
    dx = below.deltas + lo * x_width
    n = hi - lo
    z_size, x_size = n_panels * step * step, -(-n_inputs // step) * step * step
    transposed = scratch + -(-n // step) * z_size
    for row in range(0, n, TILE):
        to = scratch + row // step * z_size + row % step
        for k in range(0, n_panels * step, TILE):
            transpose(a, to + k * step, step, dz + row * z_width + k, z_width)
    for p in range(0, n_panels, PANELS_BACK):
        depth = Depth(step, min(PANELS_BACK, n_panels - p), layer.panel_size - step)
        for k in range(0, n_inputs, INPUTS_BACK):
            n_rows = -(-min(INPUTS_BACK, n_inputs - k) // SHORT) * SHORT
            w = Matrix(layer.weights + p * layer.panel_size + k * step, step, 1)
            for group in range(-(-n // step)):
                out = Matrix(transposed + group * x_size + k * step, step, 1)
                source = Matrix(scratch + group * z_size + p * step * step, step, 1)
                multiply(a, (out, w, source), n_rows, depth, p == 0)
    for row in range(0, n, TILE):
        at = transposed + row // step * x_size + row % step
        for k in range(0, n_inputs, TILE):
            transpose(a, dx + row * x_width + k, x_width, at + k * step, step)


@part(**OPTIONS)
def backward_layer(
    layer: LayerLayout,
    below: LayerLayout,
    a: FloatArray,
    noise: NDArray[np.uint16],
    scratch: int,
    lo: int,
    hi: int,
) -> None:
    """Turn the deltas of a layer into those of the layer below; a scratch of -1 is for few rows."""
    n_inputs, x_width, z_width = layer.n_inputs, below.width, layer.width
    if scratch < 0 or layer.n_panels < MANY_PANELS:
        for k in range(0, n_inputs, TILE):
            weights = layer.weights + k * lanes(a)
            for row in range(lo, hi):
                dz = layer.deltas + row * z_width
                dx = below.deltas + row * x_width + k
                multiply_row_back(a, dx, dz, weights, layer.n_panels, layer.panel_size)
    else:
        for row in range(lo, hi, TRANSPOSED_ROWS):
            backward_tall(layer, below, a, scratch, row, min(row + TRANSPOSED_ROWS, hi))
    deltas = below.deltas
    if n_inputs % TILE:  # what is behind a row's units was written, too
        for row in range(deltas + lo * x_width, deltas + hi * x_width, x_width):
            for k in range(row + n_inputs, row + x_width):
                store_scalar(a, k, a.dtype.type(0))
    if below.dropout_limit:
        mask_rows(below, a, noise, deltas, deltas, lo, hi)
    first, outputs = deltas + lo * x_width, below.outputs + lo * x_width
    activation_backward(below.activation, a, outputs, first, hi - lo, n_inputs, x_width)


@part(**OPTIONS)
def forward_backward_rows(
    layers: Layers,
    a: FloatArray,
    rows: Rows,
    loss: LossSettings,
    scale: float,
    scratch: int,
    lo: int,
    hi: int,
) -> None:
    """Take rows lo to hi from the first layer's sums to the deltas of all layers."""
    last = len(layers) - 1
    add_biases(layers[0], a, lo, hi)
    for i in range(last):
        layer, above = layers[i], layers[i + 1]
        start = layer.outputs + lo * layer.width
        activate(layer.activation, a, start, hi - lo, layer.units, layer.width)
        if layer.dropout_limit:
            mask_rows(layer, a, rows.noise, layer.outputs, above.inputs, lo, hi)
        forward_layer(above, a, (0, above.n_panels), lo, hi)
        add_biases(above, a, lo, hi)
    score_rows(layers[last], a, rows, loss, scale, lo, hi)
    for i in range(last, 0, -1):
        backward_layer(layers[i], layers[i - 1], a, rows.noise, scratch, lo, hi)


@part(**OPTIONS)
def step_bias(layer: LayerLayout, a: FloatArray, p: int, lo: int, hi: int) -> None:
    """``b += Σ dz`` for a layer's panel p, over rows lo to hi."""
    total, width = zeros(a), layer.width
    first = layer.deltas + p * lanes(a)
    for dz in range(first + lo * width, first + hi * width, width):
        total = add(total, load(a, dz))
    bias = layer.gradient + layer.biases + p * lanes(a)
    store(a, bias, add(total, load(a, bias)))


@part(**OPTIONS)
def step_layer(
    layer: LayerLayout, a: FloatArray, panels: tuple[int, int], lo: int, hi: int
) -> None:
    """``W += xᵀ dz`` for some of a layer's panels, over rows lo to hi."""
    step, n_inputs, n = lanes(a), layer.n_inputs, hi - lo
    first, end = panels
    x_width, z_width = layer.inputs_width, layer.width
    inputs, deltas = layer.inputs + lo * x_width, layer.deltas + lo * z_width
    weights = layer.gradient + layer.weights
    whole = 0 if n < 4 else n_inputs // SHORT * SHORT  # for a few rows, one by one is faster
    for row in range(0, n, ROWS_STEP):
        depth = Depth(min(ROWS_STEP, n - row), 1, 0)
        for k in range(0, whole, INPUTS_STEP):
            x = Matrix(inputs + row * x_width + k, 1, x_width)
            for p in range(first, end):
                w = Matrix(weights + p * layer.panel_size + k * step, step, 1)
                dz = Matrix(deltas + row * z_width + p * step, z_width, 1)
                multiply(a, (w, x, dz), min(INPUTS_STEP, whole - k), depth, False)
    for p in range(first, end):
        for row in range(n):
            change = load(a, deltas + row * z_width + p * step)
            w = weights + p * layer.panel_size + whole * step
            for k in range(inputs + row * x_width + whole, inputs + row * x_width + n_inputs):
                store(a, w, multiply_add(broadcast(a, k), change, load(a, w)))
                w += step


@part(**OPTIONS)
def step_layers(layers: Layers, a: FloatArray, lo: int, hi: int, task: Task) -> None:
    """Step a task's panels of all biases, and of all weights but the first layer's."""
    for i in range(len(layers)):
        layer = layers[i]
        first, end = task_range(task, layer.n_panels)
        if layer.has_biases:
            for p in range(first, end):
                step_bias(layer, a, p, lo, hi)
        if i > 0:
            step_layer(layer, a, (first, end), lo, hi)
