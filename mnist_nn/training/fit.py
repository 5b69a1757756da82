"""Train a network: `fit`."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..augmentation import MAX_SIDE, Augmentation, Augmenter
from ..data import Samples
from ..data.scale import check_scale
from ..engines import StepConfig, choose_engine, make_engine
from ..nn import LOSSES, Activation, BatchNorm, Network, check_samples, check_weights
from ..rngs import Rngs
from .class_weight import class_weights
from .config import TrainingConfig
from .frozen import FrozenLayers
from .state import TrainingState
from .trainer import Trainer, effective_batch_size


def fit(
    network: Network,
    samples: Samples,
    settings: TrainingConfig | None = None,
    *,
    rng: np.random.Generator | Rngs,
    sample_weight: ArrayLike | None = None,
    augmentation: Augmentation | None = None,
    image_shape: tuple[int, int] | None = None,
    validation: Samples | None = None,
    running: bool = False,
    state: TrainingState | None = None,
) -> Trainer:
    """Train a network in place: ``for metrics in fit(...)``, one epoch per iteration.

    Stop early with ``break``; print, plot or save between epochs. Whenever the metrics of an epoch
    are yielded, the network has the parameters that were validated: their average, if one is kept.

    Parameters
    ----------
    network
        Network to train, in place.
    samples
        Training samples, at least one.
    settings
        How to train: the record that a config's ``training`` section becomes; its defaults if None.
        Early stopping is the caller's to watch for: see `EarlyStopper`.
    rng
        Generator of the order of the samples, dropout and distortions: one for each, or one for
        all.
    sample_weight
        How many times the loss of each sample counts, of shape (n,): 0 or more, one of them above
        0. The loss of a batch is the sum of these losses, divided by the number of its samples, and
        so is the training loss that is reported. 1 for each sample if None.
    augmentation
        How to distort the images, of uint8, anew each time they are shown; not at all if None.
    image_shape
        Height and width of these images; None if they are square.
    validation
        Samples to measure the network on after each epoch.
    running
        Whether to yield the metrics of an epoch under way, too, some every second, for a progress
        bar.
    state
        State to resume from: see `Trainer.snapshot`. If all else is as it was, the run ends as it
        would have without the interruption, bit for bit.

    Returns
    -------
    Trainer
        Iterator of `EpochMetrics`. It raises `DivergenceError` if the loss or a parameter stops
        being finite.

    Raises
    ------
    ValueError
        If the loss does not fit the network's output, a layer cannot be trained, the samples are
        not the network's, the weights are not theirs or count none of them, the images to distort
        are none or are not of that shape, or the state is of another run.
    ConfigError
        If Numba's engine is asked for where Numba is not installed, or class weights are of no
        class or of none that the samples have.
    """
    settings = settings or TrainingConfig()
    for part in (samples, validation):
        if part is not None:
            check_samples(network, *part)
            check_scale(part.x, network.input_scale)
    batch_size = effective_batch_size(len(samples.y), settings.batch_size)
    frozen = _freeze(network, settings.frozen_layers, state) if settings.frozen_layers else None
    trained = frozen.head if frozen else network
    _check_network(trained, settings.loss, batch_size)
    step_config = make_step_config(settings, network, samples.y, sample_weight)
    choice = choose_engine(settings.engine, trained, step_config, batch_size)
    shuffling, dropout, distortion = _generators(rng)
    augmenter = None
    if augmentation is not None and augmentation.active:
        shape = image_shape or (math.isqrt(samples.x.shape[1]),) * 2
        _check_images(samples, shape)
        compiled = choice.name == "numba"
        augmenter = Augmenter(augmentation, distortion, image_shape=shape, compiled=compiled)
    if frozen and validation is not None:
        validation = frozen.samples(validation)
    inputs = frozen.samples(samples) if frozen else samples
    trainer = Trainer(
        make_engine(choice, trained, step_config, *inputs, batch_size, dropout),
        samples,
        settings,
        rng=shuffling,
        augmenter=augmenter,
        validation=validation,
        running=running,
        frozen=frozen,
    )
    if state is not None:
        trainer.restore(state)
    return trainer


def make_step_config(
    settings: TrainingConfig,
    network: Network,
    labels: NDArray[np.integer[Any]],
    sample_weight: ArrayLike | None = None,
) -> StepConfig:
    """Return what a step is made of, with the weights of training samples: their own by class."""
    weights = None if sample_weight is None else check_weights(sample_weight, len(labels))
    by_class = class_weights(settings.class_weight, labels, max(network.sizes[-1], 2), weights)
    if by_class is not None:
        own = 1.0 if weights is None else weights
        weights = check_weights(by_class[labels] * own, len(labels))
    return replace(settings.step_config, sample_weights=weights)


def _freeze(network: Network, count: int, state: TrainingState | None) -> FrozenLayers:
    """Freeze the first layers, which have the parameters of the state, if there is one."""
    if state is not None:
        if state.params.shape != network.params.shape:
            raise ValueError("the snapshot is of another run")
        network.params[...] = state.params
    return FrozenLayers(network, count)


def _generators(
    rng: np.random.Generator | Rngs,
) -> tuple[np.random.Generator, np.random.Generator, np.random.Generator]:
    """Return the generators for shuffling, dropout and distortion."""
    if isinstance(rng, Rngs):
        return rng.shuffling, rng.dropout, rng.augmentation
    dropout, distortion = rng.spawn(2)
    return rng, dropout, distortion


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


def _check_images(samples: Samples, shape: tuple[int, int]) -> None:
    """Refuse to distort what is no image of that shape, or too large."""
    n_inputs, dtype = samples.x.shape[1], samples.x.dtype
    if dtype != np.uint8 or n_inputs != math.prod(shape):
        raise ValueError(
            "augmentation needs images of uint8, square ones or of the image_shape that is passed, "
            f"got {n_inputs} numbers of {dtype}"
        )
    if max(shape) > MAX_SIDE:
        raise ValueError(f"augmentation needs sides of at most {MAX_SIDE} pixels, got {shape}")
