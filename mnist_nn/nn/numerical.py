"""Numerical differentiation: the slow derivative that needs no calculus, and what it is good for.

It is wrong only in the last few digits, whatever the function, which makes it the referee for every
derivative worked out by hand.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


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
        Half the distance of the two points; the error shrinks with h² until rounding takes over.

    Returns
    -------
    ndarray of the shape of `x`
    """
    x = np.array(x, np.float64)
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        here = x[i]
        x[i] = here + h
        above = float(f(x))
        x[i] = here - h
        below = float(f(x))
        x[i] = here
        gradient[i] = (above - below) / (2 * h)
    return gradient


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
        Length of a step per unit of slope.
    steps
        How many.

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
