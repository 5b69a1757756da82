"""Training shows a network its samples again and again, and reports how it goes.

`fit` gives an iterator of reports, one after every epoch, so whatever a caller wants to do between
epochs (print, plot, stop early, save) is an ordinary statement in an ordinary loop.
"""

import math
from typing import Literal

import numpy as np

from ..augmentation import Augmentation, Augmenter
from ..data import Samples
from ..engines import EngineName, Recipe, Regularization, choose_engine, make_engine
from ..errors import hint
from ..nn import LOSSES, Loss, Network, check_labels
from .course import Course, Plan
from .optimizers import SGD, Rule
from .schedules import Constant, Curve
from .snapshot import Snapshot


def fit(
    network: Network,
    samples: Samples,
    *,
    rng: np.random.Generator,
    loss: str = "cross_entropy",
    optimizer: Rule | None = None,
    schedule: Curve | None = None,
    batch_size: int | Literal["full"] = 32,
    epochs: int | None = 10,
    iterations: int | None = None,
    shuffle: bool = True,
    replacement: bool = False,
    regularization: Regularization | None = None,
    augmentation: Augmentation | None = None,
    dropout_rng: np.random.Generator | None = None,
    augmentation_rng: np.random.Generator | None = None,
    validation: Samples | None = None,
    engine: EngineName = "auto",
    running: bool = False,
    snapshot: Snapshot | None = None,
) -> Course:
    """Train a network in place, one epoch for each report that is asked for.

    Nothing happens until the reports are iterated over: ``for report in fit(...)``. Whenever an
    epoch is reported, the network has the parameters that were validated: with an average, that.

    Parameters
    ----------
    network
        The network to train, in place.
    samples
        To learn from, at least one.
    rng
        Draws the order of the samples.
    loss
        A key of `LOSSES` that fits the network's output.
    optimizer
        How to step; `SGD` with its defaults if None.
    schedule
        How the learning rate varies; not at all if None.
    batch_size
        Samples per step, 1 or more; ``"full"`` for all of them.
    epochs
        How many times to go through the samples, 1 or more.
    iterations
        How many steps to take instead, whatever `epochs` says; the last epoch may be cut short.
    shuffle
        Whether each epoch has an order of its own; otherwise it is that of `samples`.
    replacement
        Draw each sample independently, so that in one epoch some come twice and some never.
    regularization
        Smoothed labels, a penalty, clipping, averaging; none of them if None.
    augmentation
        How to distort the pictures, anew each time they are shown; not at all if None. They must
        be of 28×28 pixels, uint8.
    dropout_rng, augmentation_rng
        Draw which units are silenced and how pictures are distorted; spawned from `rng` if None.
    validation
        Samples to measure the network on after each epoch.
    engine
        Which engine runs the steps: ``"numpy"``, ``"numba"`` or, with ``"auto"``, the faster of
        those that are installed; `choose_engine` says which. They differ in the last digits. What
        Numba's cannot run, NumPy's does.
    running
        Yield running reports, too, some every second, for a progress bar.
    snapshot
        Go on from here instead of from the beginning: see `Course.snapshot`. If all else is as it
        was, the run ends as it would have without the interruption, bit for bit.

    Returns
    -------
    Course
        An iterator of `Report`. It raises `DivergenceError` if the loss or a parameter stops being
        finite.

    Raises
    ------
    ValueError
        If an argument is out of range, the loss does not fit the network's output, a layer cannot
        be trained, the samples are not the network's, or the snapshot is of another run.
    ConfigError
        If Numba's engine is asked for where Numba is not installed.
    """
    chosen = _check_loss(network, loss)
    for part in (samples, validation):
        if part is not None:
            _check_samples(network, part)
    n = len(samples.y)
    size = step_size(n, batch_size)
    n_epochs, n_samples = run_length(n, batch_size, epochs, iterations)
    recipe = Recipe(chosen, optimizer or SGD(), regularization or Regularization())
    choice = choose_engine(engine, network, recipe.optimizer, size)
    for_dropout, for_pictures = rng.spawn(2)
    distort = None
    if augmentation is not None and augmentation.active:
        _check_pictures(samples)
        stream = augmentation_rng or for_pictures
        distort = Augmenter(augmentation, stream, compiled=choice.name == "numba")
    worker = make_engine(choice, network, recipe, *samples, size, dropout_rng or for_dropout)
    plan = Plan(
        *(samples, schedule or Constant(), size, rng, shuffle, replacement),
        *(n_epochs, n_samples, distort, validation, running),
    )
    course = Course(worker, plan)
    if snapshot is not None:
        course.restore(snapshot)
    return course


def _check_loss(network: Network, loss: str) -> Loss:
    """Look the loss up, and refuse a network that it could not train."""
    if loss not in LOSSES:
        raise ValueError(f"unknown loss '{loss}' {hint(loss, LOSSES)}")
    LOSSES[loss].check(network.layers[-1].activation.name)
    for layer in network.layers:
        layer.activation.check_trainable()
    return LOSSES[loss]


def _check_samples(network: Network, samples: Samples) -> None:
    """Refuse samples that the network cannot read, or of classes that it does not have."""
    x, y = samples
    if len(y) == 0 or x.shape != (len(y), network.sizes[0]):
        raise ValueError(
            f"samples must be an array of shape (n, {network.sizes[0]}) with n labels, "
            f"got {x.shape} with {len(y)}"
        )
    check_labels(y, network.sizes[-1])


def _check_pictures(samples: Samples) -> None:
    """Refuse to distort what is no picture."""
    if samples.x.dtype != np.uint8 or samples.x.shape[1] != 784:
        raise ValueError(
            f"only pictures of 784 pixels, uint8, can be distorted, got {samples.x.shape[1]} "
            f"numbers of {samples.x.dtype}"
        )


def run_length(
    n: int, batch_size: int | Literal["full"], epochs: int | None, iterations: int | None
) -> tuple[int, int]:
    """How many epochs, and how many samples in all, a run of `fit` will go through.

    Parameters
    ----------
    n
        Training samples.
    batch_size, epochs, iterations
        As for `fit`.

    Returns
    -------
    n_epochs, n_samples : int

    Raises
    ------
    ValueError
        If a number is below 1, or neither `epochs` nor `iterations` is given.
    """
    numbers = {"batch_size": batch_size, "epochs": epochs, "iterations": iterations}
    for name, number in numbers.items():
        if isinstance(number, int) and number < 1:
            raise ValueError(f"{name} must be 1 or more, got {number}")
    if iterations is None:
        if epochs is None:
            raise ValueError("give epochs or iterations")
        return epochs, epochs * n
    size = step_size(n, batch_size)
    whole, rest = divmod(iterations, math.ceil(n / size))  # epochs, and steps of a last one
    return whole + (rest > 0), whole * n + rest * size


def step_size(n: int, batch_size: int | Literal["full"]) -> int:
    """Say how many of n samples a full step takes; a batch larger than the data is all of them."""
    return n if batch_size == "full" else min(batch_size, n)
