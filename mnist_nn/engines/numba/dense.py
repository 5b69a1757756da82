"""The other layers: small matrix products over panels of weights.

A kernel keeps eight vectors of sums in registers. Their eight samples (or eight inputs) share each
vector of weights that is loaded, so that loading is not what takes the time. How rows are grouped
in eights depends on nothing but their number, so results do not depend on the number of threads.
"""

from numba import njit

from ...nn.arrays import FloatArray
from .elementwise import OPTIONS
from .vectors import (
    add,
    lanes,
    load,
    multiply_add,
    spread,
    store,
    store_totals,
    zeros,
)

BLOCK = 8  # samples that go through a layer together


@njit(**OPTIONS)
def forward_block(
    params: FloatArray,
    panel: int,
    bias: int,
    n_inputs: int,
    inputs: FloatArray,
    x: int,
    x_width: int,
    sums: FloatArray,
    z: int,
    z_width: int,
) -> None:
    """``z = x W + b`` for a block of samples and one panel of W."""
    a = b = c = d = e = f = g = h = load(params, bias)
    x1, x2, x3, x4 = x + x_width, x + 2 * x_width, x + 3 * x_width, x + 4 * x_width
    x5, x6, x7 = x4 + x_width, x4 + 2 * x_width, x4 + 3 * x_width
    weights = panel
    for k in range(n_inputs):
        w = load(params, weights)
        weights += lanes(params)
        a = multiply_add(spread(inputs, x + k), w, a)
        b = multiply_add(spread(inputs, x1 + k), w, b)
        c = multiply_add(spread(inputs, x2 + k), w, c)
        d = multiply_add(spread(inputs, x3 + k), w, d)
        e = multiply_add(spread(inputs, x4 + k), w, e)
        f = multiply_add(spread(inputs, x5 + k), w, f)
        g = multiply_add(spread(inputs, x6 + k), w, g)
        h = multiply_add(spread(inputs, x7 + k), w, h)
    store(sums, z, a)
    store(sums, z + z_width, b)
    store(sums, z + 2 * z_width, c)
    store(sums, z + 3 * z_width, d)
    store(sums, z + 4 * z_width, e)
    store(sums, z + 5 * z_width, f)
    store(sums, z + 6 * z_width, g)
    store(sums, z + 7 * z_width, h)


@njit(**OPTIONS)
def forward_row(
    params: FloatArray,
    panel: int,
    bias: int,
    n_inputs: int,
    inputs: FloatArray,
    x: int,
    sums: FloatArray,
    z: int,
) -> None:
    """``z = x W + b`` for one sample and one panel of W."""
    step = lanes(params)
    a, b = load(params, bias), zeros(params)
    c = d = b
    weights = panel
    whole = n_inputs // 4 * 4
    for k in range(0, whole, 4):
        a = multiply_add(spread(inputs, x + k), load(params, weights), a)
        b = multiply_add(spread(inputs, x + k + 1), load(params, weights + step), b)
        c = multiply_add(spread(inputs, x + k + 2), load(params, weights + 2 * step), c)
        d = multiply_add(spread(inputs, x + k + 3), load(params, weights + 3 * step), d)
        weights += 4 * step
    for k in range(whole, n_inputs):
        a = multiply_add(spread(inputs, x + k), load(params, weights), a)
        weights += step
    store(sums, z, add(add(a, b), add(c, d)))


@njit(**OPTIONS)
def backward_inputs(
    params: FloatArray,
    weights: int,
    n_inputs: int,
    n_panels: int,
    deltas: FloatArray,
    dz: int,
    dx: int,
) -> None:
    """``dx = dz Wᵀ`` for one sample and eight inputs, whose weights begin at `weights`."""
    step = lanes(params)
    a = b = c = d = e = f = g = h = zeros(params)
    w = weights
    for p in range(n_panels):
        change = load(deltas, dz + p * step)
        a = multiply_add(load(params, w), change, a)
        b = multiply_add(load(params, w + step), change, b)
        c = multiply_add(load(params, w + 2 * step), change, c)
        d = multiply_add(load(params, w + 3 * step), change, d)
        e = multiply_add(load(params, w + 4 * step), change, e)
        f = multiply_add(load(params, w + 5 * step), change, f)
        g = multiply_add(load(params, w + 6 * step), change, g)
        h = multiply_add(load(params, w + 7 * step), change, h)
        w += n_inputs * step
    store_totals(deltas, dx, a, b, c, d, e, f, g, h)


@njit(**OPTIONS)
def step_inputs(
    params: FloatArray,
    weights: int,
    work: FloatArray,
    x: int,
    x_width: int,
    deltas: FloatArray,
    dz: int,
    dz_width: int,
    n_rows: int,
) -> None:
    """``W += xᵀ dz`` for eight inputs of one panel of W, over a batch."""
    step = lanes(params)
    a = b = c = d = e = f = g = h = zeros(
        params
    )  # the sum first: next to a weight it would lose digits
    for _ in range(n_rows):
        change = load(deltas, dz)
        a = multiply_add(spread(work, x), change, a)
        b = multiply_add(spread(work, x + 1), change, b)
        c = multiply_add(spread(work, x + 2), change, c)
        d = multiply_add(spread(work, x + 3), change, d)
        e = multiply_add(spread(work, x + 4), change, e)
        f = multiply_add(spread(work, x + 5), change, f)
        g = multiply_add(spread(work, x + 6), change, g)
        h = multiply_add(spread(work, x + 7), change, h)
        x += x_width
        dz += dz_width
    store(params, weights, add(a, load(params, weights)))
    store(params, weights + step, add(b, load(params, weights + step)))
    store(params, weights + 2 * step, add(c, load(params, weights + 2 * step)))
    store(params, weights + 3 * step, add(d, load(params, weights + 3 * step)))
    store(params, weights + 4 * step, add(e, load(params, weights + 4 * step)))
    store(params, weights + 5 * step, add(f, load(params, weights + 5 * step)))
    store(params, weights + 6 * step, add(g, load(params, weights + 6 * step)))
    store(params, weights + 7 * step, add(h, load(params, weights + 7 * step)))


@njit(**OPTIONS)
def step_bias(
    params: FloatArray, bias: int, deltas: FloatArray, dz: int, dz_width: int, n_rows: int
) -> None:
    """``b += Σ dz`` for one panel, over a batch."""
    a = zeros(params)
    for _ in range(n_rows):
        a = add(a, load(deltas, dz))
        dz += dz_width
    store(params, bias, add(a, load(params, bias)))
