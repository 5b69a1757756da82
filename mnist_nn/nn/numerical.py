"""Numerical differentiation: the slow derivative that needs no calculus, and what it is good for.

For a smooth function of moderate scale it agrees with the true derivative to seven digits or more:
enough to expose any derivative that was worked out wrongly by hand.
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

    Parameters
    ----------
    f
        Any function of an array that returns one number.
    x
        Where, an array of any shape; it is not changed.
    h
        Half the distance of the two points, above 0. The error shrinks with h² until the rounding
        error, which grows with 1/h, takes over.

    Returns
    -------
    ndarray of the shape of `x`
    """
    x = np.array(x, np.float64)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        gradient[i] = central_difference(lambda: float(f(x)), x, i, h)
    return gradient


def central_difference(
    f: Callable[[], float], x: FloatArray, i: int | tuple[int, ...], h: float
) -> float:
    """Measure how ``f()`` changes with one entry of an array that it reads.

    Parameters
    ----------
    f
        Reads `x` and returns a number.
    x
        Float64 array; the entry is moved both ways and put back.
    i
        Index of the entry.
    h
        Half the distance of the two points, above 0.

    Returns
    -------
    float
        ``(f(x + h) - f(x - h)) / 2h``.
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
    """Walk downhill on any function: ``x ← x - learning_rate · ∇f(x)``, `steps` times.

    Parameters
    ----------
    f
        Any function of an array that returns one number.
    x
        Where to start, an array of any shape; it is not changed.
    learning_rate
        Length of a step per unit of slope, above 0.
    steps
        How many, 0 or more.

    Returns
    -------
    ndarray of the shape of `x`
        Where the walk ended.

    Examples
    --------
    >>> gradient_descent(lambda x: (x**2).sum(), [-3.0, 4.0], learning_rate=0.1).round(6)
    array([-0.,  0.])
    """
    x = np.array(x, np.float64)
    for _ in range(steps):
        x -= learning_rate * numerical_gradient(f, x)
    return x
