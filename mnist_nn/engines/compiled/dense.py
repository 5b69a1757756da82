"""Products of dense matrices, for layers that read all of their inputs.

Loading takes most of the time of a product. So a kernel keeps a block of sums in registers, for
several rows and one vector of columns: each vector that is loaded serves all rows, and each number
a whole vector. All arrays are one, the arena (see `layout`), so a matrix is where it begins and how
far it is from one row, or column, to the next.
"""

from typing import Any, NamedTuple

import llvmlite.binding as llvm
from numba import config

from ...compiling import part
from ...nn.arrays import FloatArray
from .elementwise import OPTIONS
from .vectors import (
    EIGHT,
    add,
    add_rows,
    broadcast,
    lanes,
    load,
    multiply_add,
    multiply_add_columns,
    multiply_add_rows,
    no_sums,
    store,
    store_totals,
    zeros,
)

BLOCK = 8  # samples that are not shared out between tasks: whole blocks of four, and whole tiles
SHORT = 4  # rows of the block that takes what the taller ones leave
DOZEN = 12  # rows of one tall block or of two


def _rows_in_registers() -> int:
    """Return how many sums fit: 12 in the 32 registers of AVX-512, else 6, in 12 of AVX2's 16."""
    named = config.CPU_FEATURES
    features = llvm.get_host_cpu_features().flatten() if named is None else named
    return DOZEN if "+avx512f" in features.split(",") else DOZEN // 2


TALL = _rows_in_registers()


class Matrix(NamedTuple):
    """Where a matrix lies in the arena, and how far it is from one row, and column, to the next."""

    start: int
    row: int
    column: int


class Depth(NamedTuple):
    """What a product sums over: the columns of its left side, in `parts` parts of n columns.

    From the last column of a part to the next part it is `gap` further than to the next column.
    """

    n: int
    parts: int
    gap: int


@part(**OPTIONS)
def multiply_block(
    a: FloatArray, z: int, x: int, sums: Any, matrices: Any, depth: Depth, fresh: bool
) -> None:
    """Multiply as many rows, from z and x on, as there are sums, all zero: see `multiply`."""
    out, left, right = matrices
    w, row = right.start, x
    for _ in range(depth.parts):
        for _ in range(depth.n):
            sums = multiply_add_rows(sums, a, row, left.row, load(a, w))
            row += left.column
            w += right.row
        row += depth.gap
    add_rows(a, z, out.row, fresh, sums)


@part(**OPTIONS)
def multiply(
    a: FloatArray, matrices: tuple[Matrix, Matrix, Matrix], rows: int, depth: Depth, fresh: bool
) -> None:
    """``z = x w`` or, if not `fresh`, ``z += x w``, for one vector of columns.

    The matrices are z, x and w; `rows` is a multiple of `SHORT`, and the depth that of x.
    """
    out, left, _ = matrices
    z, x = out.start, left.start
    tall = rows // DOZEN * DOZEN
    for _ in range(0, tall, TALL):
        multiply_block(a, z, x, no_sums(a, TALL), matrices, depth, fresh)
        z += TALL * out.row
        x += TALL * left.row
    for _ in range(tall, rows, SHORT):
        multiply_block(a, z, x, no_sums(a, SHORT), matrices, depth, fresh)
        z += SHORT * out.row
        x += SHORT * left.row


@part(**OPTIONS)
def multiply_row(a: FloatArray, z: int, x: int, w: int, n: int) -> None:
    """``z = x W`` for one row and one panel of W, in several sums, to add up faster."""
    step = lanes(a)
    p = q = r = s = zeros(a)
    whole = n // 4 * 4
    for k in range(x, x + whole, 4):
        p = multiply_add(broadcast(a, k), load(a, w), p)
        q = multiply_add(broadcast(a, k + 1), load(a, w + step), q)
        r = multiply_add(broadcast(a, k + 2), load(a, w + 2 * step), r)
        s = multiply_add(broadcast(a, k + 3), load(a, w + 3 * step), s)
        w += 4 * step
    for k in range(x + whole, x + n):
        p = multiply_add(broadcast(a, k), load(a, w), p)
        w += step
    store(a, z, add(add(p, q), add(r, s)))


@part(**OPTIONS)
def multiply_row_back(a: FloatArray, dx: int, dz: int, w: int, n_panels: int, panel: int) -> None:
    """``dx = dz Wᵀ`` for one row and eight inputs, whose weights begin at `w` in each panel."""
    sums = no_sums(a, EIGHT)
    for _ in range(n_panels):
        sums = multiply_add_columns(sums, a, w, lanes(a), load(a, dz))
        dz += lanes(a)
        w += panel
    store_totals(a, dx, sums)
