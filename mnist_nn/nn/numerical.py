"""Numerical differentiation: derivatives without calculus, slowly.

For a smooth function of moderate scale it agrees with the true derivative to seven digits or more:
enough to reveal any derivative that was derived wrongly by hand.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import FloatArray


def numerical_gradient(
    f: Callable[[NDArray[np.float64]], Any], x: ArrayLike, h: float = 1e-4
) -> NDArray[np.float64]:
    """Differentiate by central differences: ``∂f/∂x_i ≈ (f(x + h e_i) - f(x - h e_i)) / 2h``.

    `f` takes an array of the shape of `x` and returns one number. The error shrinks with h² until
    the rounding error, which grows with 1/h, dominates.
    """
    x = np.array(x, np.float64)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        gradient[i] = central_difference(lambda: float(f(x)), x, i, h)
    return gradient


def central_difference(
    f: Callable[[], float], x: FloatArray, i: int | tuple[int, ...], h: float
) -> float:
    """Return ``(f(x + h) - f(x - h)) / 2h`` for entry i of a float64 array that ``f()`` reads.

    The entry is moved in place and put back.
    """
    here = x[i]
    x[i] = here + h
    above = f()
    x[i] = here - h
    below = f()
    x[i] = here
    return (above - below) / (2 * h)


def gradient_descent(
    f: Callable[[NDArray[np.float64]], Any],
    x: ArrayLike,
    learning_rate: float = 0.01,
    steps: int = 100,
) -> NDArray[np.float64]:
    """Minimize any function of an array: ``x ← x - learning_rate · ∇f(x)``, `steps` times from `x`.

    Examples
    --------
    >>> gradient_descent(lambda x: (x**2).sum(), [-3.0, 4.0], learning_rate=0.1).round(6)
    array([-0.,  0.])
    """
    x = np.array(x, np.float64)
    for _ in range(steps):
        x -= learning_rate * numerical_gradient(f, x)
    return x
