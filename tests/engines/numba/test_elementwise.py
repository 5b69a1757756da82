from collections.abc import Callable

import numpy as np
import pytest
from numba import njit

from mnist_nn.engines.numba.elementwise import exponential, hyperbolic_tangent


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
    ours: Callable, numpys: Callable
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
