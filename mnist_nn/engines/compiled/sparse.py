"""The first layer, which reads mostly zeros.

Four of five pixels of a digit are blank. A zero adds nothing to a sum, and the gradient of its
weight is zero, so both ways through the layer may skip it: exactly, not approximately. So each
sample is listed as its non-zero inputs. A panel of weights (see `layout`) for 784 inputs has 50 kB,
so most of it stays in the nearest cache while a whole group of samples goes through it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...compiling import part
from ...nn.arrays import FloatArray
from .elementwise import OPTIONS
from .layout import Int64Array
from .vectors import (
    add,
    broadcast,
    lanes,
    load,
    load_scalar,
    multiply_add,
    nonzero_mask,
    prefetch,
    store,
    store_scalar,
    store_shifted,
    zeros,
)

SLACK = 8  # a list is written eight entries at a time, the last ones in vain

# Row b has the indices of the bits set in b, from the lowest.
_BITS = np.arange(256)[:, None] >> np.arange(8) & 1
INDICES = np.argsort(1 - _BITS, axis=1, kind="stable").astype(np.uint8).ravel()
COUNTS = _BITS.sum(axis=1)


class Inputs(NamedTuple):
    """All samples, flat, and an array of one number, by which they are multiplied."""

    x: NDArray[Any]
    scale: FloatArray


class Lists(NamedTuple):
    """Lists of the non-zero inputs of a group's samples; empty if the first layer reads all.

    `indices` says how far into a panel each input's weights begin, `values` what the input is, and
    `ends` where each sample's list ends; it begins at the sample's row times n_inputs + `SLACK`.
    """

    indices: NDArray[np.int32]
    values: FloatArray
    ends: Int64Array


@part(**OPTIONS)
def list_inputs(inputs: Inputs, at: int, n_inputs: int, lists: Lists, start: int) -> int:
    """List the non-zero inputs of the sample that begins at `at`; return where the list ends.

    From `start` on there must be room for all inputs and `SLACK`.
    """
    x, scale, indices, values = inputs.x, inputs.scale, lists.indices, lists.values
    end = start
    whole = n_inputs // 8 * 8
    for i in range(0, whole, 8):
        bits = nonzero_mask(x, at + i)
        store_shifted(indices, end, INDICES, 8 * bits, i)  # no branch: zeros cannot be foreseen
        end += load_scalar(COUNTS, bits)
    for i in range(whole, n_inputs):
        store_scalar(indices, end, np.int32(i))
        end += load_scalar(x, at + i) != 0
    for k in range(start, end):
        index = load_scalar(indices, k)
        number = values.dtype.type(load_scalar(x, at + index))
        store_scalar(values, k, load_scalar(scale, 0) * number)
        store_scalar(indices, k, np.int32(index * lanes(values)))
    return end


@part(**OPTIONS)
def prefetch_sample(x: NDArray[Any], at: int, n_inputs: int) -> None:
    """Ask memory for a sample that is due soon."""
    for i in range(0, n_inputs, 64 // x.itemsize):
        prefetch(x, at + i)


@part(**{**OPTIONS, "fastmath": {"contract", "reassoc"}})  # any order of adding, to be fast
def dot_product(inputs: Inputs, a: int, b: int, n_inputs: int) -> Any:
    """Σ xₐ x_b over the scaled inputs of the samples that begin at `a` and at `b`."""
    x, scale = inputs.x, inputs.scale
    number = scale.dtype.type
    total = number(0)
    first, second = x[a : a + n_inputs], x[b : b + n_inputs]
    for i in range(n_inputs):
        total += number(first[i]) * number(second[i])
    return scale[0] * scale[0] * total


@part(**OPTIONS)
def sum_panel(a: FloatArray, panel: int, lists: Lists, start: int, end: int, z: int) -> None:
    """``z = x W`` for one sample and one panel of W, over the inputs listed from start to end."""
    indices, values = lists.indices, lists.values
    p = q = r = s = zeros(a)  # four sums, because each addition takes its time
    k = start
    while k + 4 <= end:
        p = multiply_add(broadcast(values, k), load(a, panel + load_scalar(indices, k)), p)
        q = multiply_add(broadcast(values, k + 1), load(a, panel + load_scalar(indices, k + 1)), q)
        r = multiply_add(broadcast(values, k + 2), load(a, panel + load_scalar(indices, k + 2)), r)
        s = multiply_add(broadcast(values, k + 3), load(a, panel + load_scalar(indices, k + 3)), s)
        k += 4
    while k < end:
        p = multiply_add(broadcast(values, k), load(a, panel + load_scalar(indices, k)), p)
        k += 1
    store(a, z, add(add(p, q), add(r, s)))


@part(**OPTIONS)
def step_panel(a: FloatArray, panel: int, lists: Lists, start: int, end: int, dz: int) -> None:
    """``W += xᵀ dz`` for one sample and one panel of W: only rows of listed inputs change."""
    indices, values = lists.indices, lists.values
    change = load(a, dz)
    for k in range(start, end):
        weights = panel + load_scalar(indices, k)
        store(a, weights, multiply_add(broadcast(values, k), change, load(a, weights)))
