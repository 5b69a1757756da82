"""Training shows a network its samples again and again, and reports how it goes.

`fit` gives an iterator of epoch metrics, one after every epoch, so whatever a caller wants to
do between epochs (print, plot, stop early, save) is an ordinary statement in an ordinary loop.
"""

import math
from typing import Literal

import numpy as np

from ..augmentation import IMAGE_SHAPE, Augmentation, Augmenter
from ..data import Samples
from ..engines import choose_engine, make_engine
from ..nn import LOSSES, Activation, BatchNorm, Network, check_labels
from ..rngs import Rngs
from .config import TrainingConfig
from .snapshot import Snapshot
from .trainer import Plan, Trainer


def fit(
    network: Network,
    samples: Samples,
    settings: TrainingConfig | None = None,
    *,
    rng: np.random.Generator | Rngs,
    augmentation: Augmentation | None = None,
    validation: Samples | None = None,
    running: bool = False,
    snapshot: Snapshot | None = None,
) -> Trainer:
    """Train a network in place, one epoch for each `EpochMetrics` that is asked for.

    Nothing happens until the iterator is iterated over: ``for metrics in fit(...)``. Whenever an
    epoch is reported, the network has the parameters that were validated: with an average, that.

    Parameters
    ----------
    network
        The network to train, in place.
    samples
        To learn from, at least one.
    settings
        How: the record that a config's ``training`` section becomes. Its early stopping is the
        caller's to watch for. `TrainingConfig` with its defaults if None.
    rng
        Draws the order of the samples, which units are silenced and how pictures are distorted: a
        generator for each, or one for all.
    augmentation
        How to distort the pictures, anew each time they are shown; not at all if None. They must
        be of 28×28 pixels, uint8.
    validation
        Samples to measure the network on after each epoch.
    running
        Yield running metrics, too, some every second, for a progress bar.
    snapshot
        Go on from here instead of from the beginning: see `Trainer.snapshot`. If all else is as it
        was, the run ends as it would have without the interruption, bit for bit.

    Returns
    -------
    Trainer
        An iterator of `EpochMetrics`. It raises `DivergenceError` if the loss or a parameter
        stops being finite.

    Raises
    ------
    ValueError
        If the loss does not fit the network's output, a layer cannot be trained, the samples are
        not the network's, or the snapshot is of another run.
    ConfigError
        If Numba's engine is asked for where Numba is not installed.
    """
    settings = settings or TrainingConfig()
    for part in (samples, validation):
        if part is not None:
            _check_samples(network, part)
    n = len(samples.y)
    size = effective_batch_size(n, settings.batch_size)
    _check_network(network, settings.loss, size)
    step_config = settings.step_config
    choice = choose_engine(settings.engine, network, step_config, size)
    shuffling, dropout, pictures = _generators(rng)
    distort = None
    if augmentation is not None and augmentation.active:
        _check_pictures(samples)
        distort = Augmenter(augmentation, pictures, compiled=choice.name == "numba")
    n_epochs, n_samples = run_length(n, settings)
    plan = Plan(
        samples=samples,
        settings=settings,
        batch_size=size,
        rng=shuffling,
        n_epochs=n_epochs,
        n_samples=n_samples,
        distort=distort,
        validation=validation,
        running=running,
    )
    trainer = Trainer(make_engine(choice, network, step_config, *samples, size, dropout), plan)
    if snapshot is not None:
        trainer.restore(snapshot)
    return trainer


def _generators(
    rng: np.random.Generator | Rngs,
) -> tuple[np.random.Generator, np.random.Generator, np.random.Generator]:
    """Return the generators for shuffling, dropout and distortion."""
    if isinstance(rng, Rngs):
        return rng.shuffling, rng.dropout, rng.augmentation
    dropout, pictures = rng.spawn(2)
    return rng, dropout, pictures


def _check_network(network: Network, loss: str, batch_size: int) -> None:
    """Refuse a network that could not be trained by the loss, or in such batches."""
    LOSSES[loss].check(network.output.name)
    for layer in network.layers:
        if isinstance(layer, Activation) and not layer.function.trainable:
            raise ValueError(f"the activation {layer.name} has no derivative to train by")
        if isinstance(layer, BatchNorm) and batch_size == 1:
            raise ValueError(
                "batch normalization needs a batch_size of 2 or more: one sample has no variance"
            )


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
    n_pixels, n_inputs = math.prod(IMAGE_SHAPE), samples.x.shape[1]
    if samples.x.dtype != np.uint8 or n_inputs != n_pixels:
        raise ValueError(
            f"only pictures of {n_pixels} pixels, uint8, can be distorted, got {n_inputs} numbers "
            f"of {samples.x.dtype}"
        )


def run_length(n: int, settings: TrainingConfig) -> tuple[int, int]:
    """Return how many epochs, and how many samples in all, a run of `fit` will go through.

    Parameters
    ----------
    n
        Training samples.
    settings
        As for `fit`.

    Returns
    -------
    n_epochs, n_samples : int
    """
    if settings.iterations is None:
        assert settings.epochs is not None
        return settings.epochs, settings.epochs * n
    size = effective_batch_size(n, settings.batch_size)
    whole, rest = divmod(settings.iterations, math.ceil(n / size))  # epochs; steps of a last one
    return whole + (rest > 0), whole * n + rest * size


def effective_batch_size(n: int, batch_size: int | Literal["full"]) -> int:
    """Say how many of n samples a full step takes; a batch larger than the data is all of them."""
    return n if batch_size == "full" else min(batch_size, n)
