from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numba import njit

from mnist_nn.engines.compiled.elementwise import (
    ACTIVATION_CODES,
    activate,
    activation_backward,
    exponential,
    hyperbolic_tangent,
)


@njit
def exponentials(x: np.ndarray) -> np.ndarray:
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = exponential(x[i])
    return y


@njit
def hyperbolic_tangents(x: np.ndarray) -> np.ndarray:
    y = np.empty_like(x)
    for i in range(len(x)):
        y[i] = hyperbolic_tangent(x[i])
    return y


@pytest.mark.parametrize(
    ("ours", "numpys"), [(exponentials, np.exp), (hyperbolic_tangents, np.tanh)]
)
def test_in_float32_they_are_within_two_units_in_the_last_place(
    ours: Callable[..., Any], numpys: Callable[..., Any]
) -> None:
    near = np.linspace(-1, 1, 100_001)
    x = np.concatenate([np.linspace(-86, 86, 1_000_001), near, near * 1e-3]).astype(np.float32)
    exact = numpys(x.astype(np.float64))
    units = np.abs(ours(x) - exact) / np.spacing(np.abs(exact).astype(np.float32))
    assert units.max() <= 2


def test_far_out_they_stay_finite_in_float32() -> None:
    x = np.array([-1e30, -200, 200, 1e30], np.float32)
    assert np.isfinite(exponentials(x)).all()
    np.testing.assert_array_equal(hyperbolic_tangents(x), [-1, -1, 1, 1])


@njit
def there_and_back(code: int, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Outputs, and the slopes that they give."""
    n = len(z)
    a = np.ones(2 * n, z.dtype)
    a[:n] = z
    activate(code, a, 0, 1, n, n)
    activation_backward(code, a, 0, n, 1, n, n)
    return a[:n], a[n:]


@pytest.mark.parametrize(
    ("name", "function", "slope"),
    [
        ("elu", lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.exp(np.minimum(z, 0))),
        ("softplus", lambda z: np.logaddexp(0, z), lambda z: 1 / (1 + np.exp(-z))),
    ],
    ids=["elu", "softplus"],
)
def test_elu_and_softplus_are_what_their_formulas_say_in_float32(
    name: str, function: Callable[..., Any], slope: Callable[..., Any]
) -> None:
    z = np.concatenate([np.linspace(-60, 60, 20_001), np.linspace(-2, 2, 20_001)])
    z, tolerance = z.astype(np.float32), 3e-7
    y, dz = there_and_back(ACTIVATION_CODES[name], z)
    exact = z.astype(np.float64)
    np.testing.assert_allclose(y, function(exact), rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(dz, slope(exact), atol=tolerance)
