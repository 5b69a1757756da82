"""Gradient check: backpropagation against numerical differentiation.

A network with a wrong gradient still learns, only badly, so only this comparison reveals it.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .arrays import FloatArray
from .losses import Loss, encode
from .network import Network
from .noise import set_dropout_masks
from .numerical import central_difference
from .penalty import add_penalty_gradient, penalty

STEPS = (1e-5, 1e-6, 1e-7)  # half-widths; the later ones where the first finds a difference


@dataclass(frozen=True)
class GroupCheck:
    """Result of the check for one group of parameters.

    Attributes
    ----------
    name
        Such as ``layer_1.weights``.
    checked, size
        How many of its parameters were compared, and how many it has.
    error
        The largest difference between the two gradients, relative to the largest gradient in the
        group, so that a gradient near zero is not blamed for rounding. NaN if a gradient is.
    measurable
        Whether the group's largest gradient exceeds the rounding error of the differences. If not,
        the error is relative to the smallest gradient that would: a small error then proves little,
        a large one still means a wrong gradient.
    analytic, numeric
        The two gradients of the parameter where they differ most.
    """

    name: str
    checked: int
    size: int
    error: float
    measurable: bool
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
    l2: float = 0.0,
    training: bool = False,
    noise: NDArray[np.uint16] | None = None,
    progress: Callable[[int], object] | None = None,
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
        The relative error that is acceptable, above 0. Where it is exceeded, the difference is
        measured again with a smaller step: at a ReLU's kink the derivative does not exist, and a
        smaller step is less likely to straddle it. A wrong gradient stays wrong at every step.
    limit
        At most so many parameters of each group, drawn at random; None for all.
    rng
        Draws them; a fixed one if None.
    l2
        λ of a penalty on weights that belongs to the loss: see `penalty`.
    training
        Check the network as it is in training, with the batch's own statistics; otherwise as it is
        in evaluation.
    noise
        Which units are dropped in training: see `draw_noise`. Needed where a layer has dropout.
    progress
        Called with 1 after each parameter.

    Yields
    ------
    GroupCheck
        One per group of parameters that are trained, in the order of `Network.named_gradients`.

    Raises
    ------
    ValueError
        If the samples or labels do not suit the network.
    """
    network = network.astype(np.float64)
    targets = encode(y, network.sizes[-1])
    work = network.workspace(len(x), training=training)
    if noise is not None:
        set_dropout_masks(network, noise, work)
    loss_here = network.loss_and_gradient(x, targets, loss, work) + penalty(network, l2)
    add_penalty_gradient(network, l2)
    gradients = {name: view.ravel().copy() for name, view in network.named_gradients().items()}
    rounding = np.finfo(np.float64).eps * max(1.0, abs(loss_here)) / STEPS[0]

    def value() -> float:
        return network.loss(x, targets, loss, work) + penalty(network, l2)

    views = network.named_parameters()
    for name in gradients:
        view = views[name]
        params, indices = view.reshape(-1), np.arange(view.size)
        if limit is not None and limit < params.size:
            rng = rng or np.random.default_rng(0)
            indices = np.sort(rng.choice(params.size, limit, replace=False))
        analytic = gradients[name][indices]
        yield _compare(name, params, indices, analytic, value, tolerance, rounding, progress)


def _compare(
    name: str,
    params: FloatArray,
    indices: NDArray[np.intp],
    analytic: FloatArray,
    value: Callable[[], float],
    tolerance: float,
    rounding: float,
    progress: Callable[[int], object] | None,
) -> GroupCheck:
    """Compare the gradients at `indices` of one group's flat, writable view."""
    numeric = np.empty(len(indices))
    for at, index in enumerate(indices):
        numeric[at] = central_difference(value, params, int(index), STEPS[0])
        if progress is not None:
            progress(1)
    size = max(np.abs(analytic).max(), np.abs(numeric).max())
    scale = max(size, rounding / tolerance)
    for h in STEPS[1:]:
        for k in np.flatnonzero(np.abs(numeric - analytic) > tolerance * scale):
            again = central_difference(value, params, int(indices[k]), h)
            numeric[k] = min(numeric[k], again, key=lambda found: abs(found - analytic[k]))
    errors = np.abs(numeric - analytic) / scale
    worst = int(errors.argmax())  # the first NaN, if there is one
    return GroupCheck(
        name,
        checked=len(indices),
        size=params.size,
        error=float(errors[worst]),
        measurable=not size < scale,
        analytic=float(analytic[worst]),
        numeric=float(numeric[worst]),
    )
