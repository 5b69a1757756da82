"""A gradient check holds backpropagation against numerical differentiation.

A network with a wrong gradient still learns, only badly, so nothing but this comparison tells.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import FloatArray
from .losses import Loss, encode
from .network import Network

STEPS = (
    1e-5,
    1e-6,
    1e-7,
)  # half-widths of the differences, each tried where the one before disagrees


@dataclass(frozen=True)
class GroupCheck:
    """What the check found for one group of parameters.

    Attributes
    ----------
    name
        Such as ``layer_1.weights``.
    checked, size
        How many of its parameters were compared, and how many it has.
    error
        The largest difference between the two gradients, relative to the largest gradient in the
        group: a parameter whose gradient happens to be near zero is not blamed for rounding.
    analytic, numeric
        The two gradients of the parameter where they differ most.
    """

    name: str
    checked: int
    size: int
    error: float
    analytic: float
    numeric: float


def check_gradients(
    network: Network,
    loss: Loss,
    x: NDArray[Any],
    y: ArrayLike,
    *,
    tolerance: float = 1e-7,
    limit: int | None = None,
    rng: np.random.Generator | None = None,
) -> Iterator[GroupCheck]:
    """Compare each group of parameters, in float64.

    Parameters
    ----------
    network
        In any precision; a float64 copy is checked.
    loss
        An entry of `LOSSES` that fits it.
    x
        Samples of shape (n, n_inputs); a few are enough.
    y
        Their labels (n,), or targets (n, n_outputs).
    tolerance
        Relative error at which a difference is measured again with a smaller step: between a ReLU's
        two sides there is no derivative to find, and a smaller step is less likely to straddle
        them. A wrong gradient stays wrong at every step.
    limit
        At most so many parameters of each group, drawn at random; None for all.
    rng
        Draws them; needed only with `limit`.

    Yields
    ------
    GroupCheck
        One per group, in the order of `Network.named_parameters`.
    """
    network = network.astype(np.float64)
    targets = encode(y, network.sizes[-1])
    work = network.workspace(len(x))
    network.gradient(x, targets, loss, work)
    gradients = {name: view.copy() for name, view in network.named_gradients().items()}

    def value() -> float:
        return network.loss(x, targets, loss, work)

    for name, params in network.named_parameters().items():
        analytic = gradients[name].ravel()
        indices = np.arange(params.size)
        if limit is not None and limit < params.size:
            rng = rng or np.random.default_rng(0)
            indices = np.sort(rng.choice(params.size, limit, replace=False))
        yield _check_group(name, params.reshape(-1), analytic, indices, value, tolerance)


def _check_group(
    name: str,
    params: FloatArray,
    analytic: FloatArray,
    indices: NDArray[np.intp],
    value: Callable[[], float],
    tolerance: float,
) -> GroupCheck:
    """Compare the gradients of the parameters at `indices` of one flat, writable view."""
    numeric = np.array([_difference(params, i, value, STEPS[0]) for i in indices])
    analytic = analytic[indices]
    size = max(np.abs(analytic).max(), np.abs(numeric).max(), np.finfo(float).tiny)
    for h in STEPS[1:]:
        for k in np.flatnonzero(np.abs(numeric - analytic) > tolerance * size):
            again = _difference(params, indices[k], value, h)
            if abs(again - analytic[k]) < abs(numeric[k] - analytic[k]):
                numeric[k] = again
    worst = int(np.abs(numeric - analytic).argmax())
    error = float(abs(numeric[worst] - analytic[worst]) / size)
    return GroupCheck(
        name, len(indices), params.size, error, float(analytic[worst]), float(numeric[worst])
    )


def _difference(params: FloatArray, i: int, value: Callable[[], float], h: float) -> float:
    """∂value/∂params[i] by a central difference, the parameter put back afterwards."""
    here = params[i]
    params[i] = here + h
    above = value()
    params[i] = here - h
    below = value()
    params[i] = here
    return (above - below) / (2 * h)
