"""Activations and losses of the compiled engine; `nn` has their mathematics and is the reference.

An activation works on a stretch of the buffer in which the rows of a batch lie one after the other,
with their padding, except for softmax, which needs each row by itself. Loops over single numbers
are what LLVM turns into vectors on its own here, as nothing in them depends on anything else.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numba.extending import overload

from ...compiling import PartCompiler, part
from ...nn import ACTIVATIONS, LOSSES
from ...nn.activations import LEAK
from ...nn.arrays import FloatArray
from .vectors import from_bits, load_scalar, store_scalar

OPTIONS: dict[str, Any] = {
    "error_model": "numpy",  # a division by zero is no exception
    "fastmath": {"contract"},
    "no_cpython_wrapper": True,  # only the kernel is called from Python
    "no_cfunc_wrapper": True,
}
PART_OPTIONS = {**OPTIONS, "pipeline_class": PartCompiler}

SIGMOID, TANH, RELU, LEAKY_RELU, IDENTITY, SOFTMAX, ELU, SOFTPLUS = range(8)
ACTIVATION_CODES = {
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "identity": IDENTITY,
    "softmax": SOFTMAX,
    "elu": ELU,
    "softplus": SOFTPLUS,
}
CROSS_ENTROPY, BINARY_CROSS_ENTROPY, MEAN_SQUARED_ERROR = range(3)
LOSS_CODES = {
    "cross_entropy": CROSS_ENTROPY,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "mean_squared_error": MEAN_SQUARED_ERROR,
}

KNOWN = [*map(ACTIVATIONS.__getitem__, ACTIVATION_CODES), *map(LOSSES.__getitem__, LOSS_CODES)]
"""The records of `nn` that are compiled here; another of the same name is not."""

F = np.float32
LOG2_E = F(1.44269504)
LN2 = F(0.69314718)
LN2_HIGH, LN2_LOW = F(0.693359375), F(-2.12194440e-4)  # their sum is ln 2 to 33 bits


def float32_version(exact: Callable[[float], float]) -> Callable[[Callable[[Any], Any]], Any]:
    """Decorate what compiled code computes in float32 in place of `exact`."""

    def decorate(approximate: Callable[[Any], Any]) -> Any:
        def function(x: Any) -> Any:
            raise NotImplementedError("only for compiled code")

        def float64(x: Any) -> Any:
            return exact(x)

        @overload(function, jit_options=PART_OPTIONS)
        def choose(x: Any) -> Any:
            return approximate if x == types.float32 else float64

        return function

    return decorate


@float32_version(math.exp)
def exponential(x: Any) -> Any:
    """e^x within 2 units in the last place, limited to e^±87.

    It is 2^k e^r with |r| ≤ ln 2 / 2: k goes into the exponent's bits. The polynomial for e^r is
    that of Moshier's Cephes library, `expf`.
    """
    x = min(max(x, F(-87)), F(87))
    k = np.floor(x * LOG2_E + F(0.5))
    r = x - k * LN2_HIGH - k * LN2_LOW
    p = F(1.9875691500e-4)
    p = p * r + F(1.3981999507e-3)
    p = p * r + F(8.3334519073e-3)
    p = p * r + F(4.1665795894e-2)
    p = p * r + F(1.6666665459e-1)
    p = p * r + F(5.0000001201e-1)
    return (p * r * r + r + F(1)) * from_bits((np.int32(k) + np.int32(127)) << np.int32(23))


@float32_version(math.tanh)
def hyperbolic_tangent(x: Any) -> Any:
    """Tanh x within 2 units in the last place.

    Far from 0 it is 1 - 2 / (e^2x + 1); near it that would cancel, so a polynomial (Cephes).
    """
    size = abs(x)
    far = math.copysign(F(1) - F(2) / (exponential(size + size) + F(1)), x)
    q = x * x
    p = F(-5.70498872745e-3)
    p = p * q + F(2.06390887954e-2)
    p = p * q + F(-5.37397155531e-2)
    p = p * q + F(1.33314422036e-1)
    p = p * q + F(-3.33332819422e-1)
    near = p * q * x + x
    return near if size < F(0.625) else far


@float32_version(math.log1p)
def log_of_sum(x: Any) -> Any:
    """ln(1 + x) for 0 ≤ x ≤ 1 within 2 units in the last place.

    From √2 on it is ln 2 + ln((1 + x) / 2). The polynomial is that of Cephes, `logf`.
    """
    far = x > F(0.41421356)
    x = F(0.5) * (x - F(1)) if far else x
    p = F(7.0376836292e-2)
    p = p * x - F(1.1514610310e-1)
    p = p * x + F(1.1676998740e-1)
    p = p * x - F(1.2420140846e-1)
    p = p * x + F(1.4249322787e-1)
    p = p * x - F(1.6668057665e-1)
    p = p * x + F(2.0000714765e-1)
    p = p * x - F(2.4999993993e-1)
    p = p * x + F(3.3333331174e-1)
    near = p * x * x * x - F(0.5) * x * x + x
    return near + LN2 if far else near


@part(**OPTIONS)
def softmax(y: FloatArray, start: int, end: int, units: int, width: int) -> None:
    """e^z / Σ e^z over the `units` of each row, in place; what follows them in a row is padding."""
    for row in range(start, end, width):
        largest = load_scalar(y, row)
        for j in range(row + 1, row + units):
            largest = max(largest, load_scalar(y, j))
        for j in range(row, row + width):
            store_scalar(y, j, load_scalar(y, j) - largest)
    for j in range(start, end):  # all rows in one long loop, the kind that becomes vectors
        store_scalar(y, j, exponential(load_scalar(y, j)))
    for row in range(start, end, width):
        total = load_scalar(y, row)
        for j in range(row + 1, row + units):
            total += load_scalar(y, j)
        for j in range(row, row + units):
            store_scalar(y, j, load_scalar(y, j) / total)


@part(**OPTIONS)
def softmax_backward_row(a: FloatArray, y: int, dz: int, units: int) -> None:
    """``dz = y · (dy - Σ dy·y)`` over the `units` from y and dz on, in place."""
    weighted = load_scalar(a, y) * load_scalar(a, dz)
    for j in range(1, units):
        weighted += load_scalar(a, y + j) * load_scalar(a, dz + j)
    for j in range(units):
        store_scalar(a, dz + j, load_scalar(a, y + j) * (load_scalar(a, dz + j) - weighted))


@part(**OPTIONS)
def activate(code: int, y: FloatArray, start: int, n_rows: int, units: int, width: int) -> None:
    """Turn the sums of rows into outputs, in place.

    The rows begin at `start`; each has `units` numbers, and the next begins `width` further.
    """
    number = y.dtype.type  # a plain 1 would turn float32 into float64
    zero, one, leak = number(0), number(1), number(LEAK)
    end = start + n_rows * width
    if code == SIGMOID:
        for j in range(start, end):
            store_scalar(y, j, one / (one + exponential(-load_scalar(y, j))))
    elif code == TANH:
        for j in range(start, end):
            store_scalar(y, j, hyperbolic_tangent(load_scalar(y, j)))
    elif code == RELU:
        for j in range(start, end):
            z = load_scalar(y, j)
            store_scalar(y, j, zero if z < zero else z)  # in this order NaN stays NaN
    elif code == LEAKY_RELU:
        for j in range(start, end):
            z = load_scalar(y, j)
            store_scalar(y, j, leak * z if z < zero else z)
    elif code == SOFTMAX:
        softmax(y, start, end, units, width)
    elif code == ELU:
        for j in range(start, end):
            z = load_scalar(y, j)
            store_scalar(y, j, z if z > zero else exponential(z) - one)
    elif code == SOFTPLUS:
        for j in range(start, end):
            z = load_scalar(y, j)
            store_scalar(y, j, max(z, zero) + log_of_sum(exponential(-abs(z))))


@part(**OPTIONS)
def activation_backward(
    code: int, a: FloatArray, y: int, dz: int, n_rows: int, units: int, width: int
) -> None:
    """Turn the gradient at the outputs of rows into that at their sums, in place.

    Outputs and gradients begin at y and dz; rows are as for `activate`.
    """
    number = a.dtype.type
    zero, one, leak = number(0), number(1), number(LEAK)
    size = n_rows * width
    if code == SIGMOID:
        for j in range(size):
            store_scalar(
                a,
                dz + j,
                load_scalar(a, dz + j) * load_scalar(a, y + j) * (one - load_scalar(a, y + j)),
            )
    elif code == TANH:
        for j in range(size):
            store_scalar(
                a,
                dz + j,
                load_scalar(a, dz + j) * (one - load_scalar(a, y + j) * load_scalar(a, y + j)),
            )
    elif code == RELU:
        for j in range(size):
            store_scalar(
                a, dz + j, load_scalar(a, dz + j) if load_scalar(a, y + j) > zero else zero
            )
    elif code == LEAKY_RELU:
        for j in range(size):
            store_scalar(
                a, dz + j, load_scalar(a, dz + j) * (one if load_scalar(a, y + j) > zero else leak)
            )
    elif code == SOFTMAX:
        for row in range(0, size, width):
            softmax_backward_row(a, y + row, dz + row, units)
    elif code == ELU:
        for j in range(size):
            slope = one if load_scalar(a, y + j) > zero else load_scalar(a, y + j) + one
            store_scalar(a, dz + j, load_scalar(a, dz + j) * slope)
    elif code == SOFTPLUS:
        for j in range(size):
            store_scalar(
                a, dz + j, load_scalar(a, dz + j) * (one - exponential(-load_scalar(a, y + j)))
            )


class LossSettings(NamedTuple):
    """Code of the loss, and the share of each target that is spread over all classes."""

    code: int
    smoothing: float


@part(**OPTIONS)
def score_row(
    loss: LossSettings,
    activation: int,
    a: FloatArray,
    z: int,
    y: int,
    dy: int,
    units: int,
    label: int,
) -> float:
    """Return the loss of one sample, and write its gradient with respect to the logits.

    The sample's sums in the last layer, its outputs and the gradient begin at z, y and dy in the
    arena. For a single output the label should be 0 or 1.
    """
    number = a.dtype.type
    low = loss.smoothing / max(units, 2)
    high = number(1 - loss.smoothing + low)
    wanted = 0 if units == 1 else label  # which output should be high, if it should
    top, bottom = high if units > 1 or label else number(low), number(low)
    for j in range(units):
        target = top if j == wanted else bottom
        store_scalar(a, dy + j, load_scalar(a, y + j) - target)
    value = 0.0
    if loss.code == CROSS_ENTROPY:
        largest, likely = load_scalar(a, z), load_scalar(a, y)
        for j in range(1, units):
            largest, likely = (
                max(largest, load_scalar(a, z + j)),
                max(likely, load_scalar(a, y + j)),
            )
        value += largest - math.log(likely)
        for j in range(units):
            value -= (top if j == wanted else bottom) * load_scalar(a, z + j)
    elif loss.code == BINARY_CROSS_ENTROPY:
        for j in range(units):
            s, t = load_scalar(a, z + j), top if j == wanted else bottom
            value += max(s, number(0)) - s * t + math.log1p(math.exp(-abs(s)))
    else:
        for j in range(dy, dy + units):
            value += number(0.5) * load_scalar(a, j) * load_scalar(a, j)
        activation_backward(activation, a, y, dy, 1, units, units)
    return value


@part(**OPTIONS)
def predicted_class(outputs: FloatArray, y: int, units: int) -> int:
    """Return the most likely class, by the outputs that begin at y."""
    if units == 1:
        return 1 if load_scalar(outputs, y) > 0.5 else 0
    largest = 0
    for j in range(1, units):
        if load_scalar(outputs, y + j) > load_scalar(outputs, y + largest):
            largest = j
    return largest
