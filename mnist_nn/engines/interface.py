"""What training and an engine know of each other."""

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..nn import Loss, Network
from ..nn.arrays import FloatArray


class OptimizerState(Protocol):
    """What an optimizer remembers from step to step."""

    slots: FloatArray
    steps: int


class Stepper(Protocol):
    """What an engine needs of an optimizer."""

    @property
    def name(self) -> str:
        """Its key in a config."""

    @property
    def learning_rate(self) -> float:
        """Step per unit of gradient, before any schedule."""

    @property
    def weight_decay(self) -> float:
        """By which share of the learning rate each step shrinks weights."""

    def start(self, params: FloatArray, n_weights: int) -> Any:
        """Make the `OptimizerState` before the first step."""

    def step(self, params: FloatArray, grads: FloatArray, state: Any, rate: float) -> None:
        """Move `params` in place; `grads` may be overwritten."""


@dataclass(frozen=True)
class Recipe:
    """What a training step is made of.

    Attributes
    ----------
    loss
        What it lowers.
    optimizer
        How it turns a gradient into a step.
    label_smoothing
        As for `target_rows`, 0 or more and below 1.
    l2
        λ of the penalty on weights, 0 or more: see `penalty`.
    clip_norm
        The greatest length, above 0, that the whole gradient may have; a longer one is shortened
        (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
        2013). None for any.
    ema_decay
        Keep a moving average of the parameters, of which each step keeps this share, above 0 and
        below 1 (Polyak and Juditsky, 1992). None for no average.
    """

    loss: Loss
    optimizer: Stepper
    label_smoothing: float = 0.0
    l2: float = 0.0
    clip_norm: float | None = None
    ema_decay: float | None = None

    @property
    def plain(self) -> bool:
        """Whether a step is the gradient times a rate and nothing else.

        Then it is linear in the samples, and what they say can be added up in any order.
        """
        plain_sgd = self.optimizer.name == "sgd" and not getattr(self.optimizer, "momentum", 0)
        return plain_sgd and not (
            self.optimizer.weight_decay or self.l2 or self.clip_norm or self.ema_decay
        )

    def share_kept(self, step: int) -> float:
        """Say how much of the average step number `step`, from 1, keeps.

        Less at first, (1 + step) / (10 + step), lest the starting parameters weigh on it for long.
        """
        assert self.ema_decay is not None
        return min(self.ema_decay, (1 + step) / (10 + step))


class Engine(Protocol):
    """Trains a network on the samples it is pointed at.

    An engine is made of the network, which it trains in place, the recipe of a step, all training
    samples, of shape (n, n_inputs), their classes, of shape (n,), the number of samples per step,
    and a random generator for dropout.

    Attributes
    ----------
    chunk
        Samples, in whole batches, that take it a small part of a second: to ask for more at once
        would keep a progress bar or Ctrl-C waiting.
    averaged
        The network with its moving average for parameters; None where none is kept.
    """

    network: Network
    averaged: Network | None
    recipe: Recipe
    chunk: int

    def run(
        self,
        order: NDArray[np.intp],
        rates: NDArray[np.float64],
        x: NDArray[Any] | None = None,
    ) -> tuple[float, int]:
        """Step through samples in the given order, batch by batch; the last batch may be short.

        Parameters
        ----------
        order
            Indices of the samples, of shape (m,).
        rates
            The learning rate of each step, of shape (⌈m / batch_size⌉,).
        x
            What to show instead of the samples themselves, distorted copies of them, say, of shape
            (m, n_inputs) and of the same dtype; None for the samples as they are.

        Returns
        -------
        float
            Sum over the samples of the loss that each had before the step it took part in. It is
            not finite if training diverged.
        int
            How many of them the network had right at that time.
        """


def whole_batches(n_samples: int, batch_size: int) -> int:
    """Round a number of samples up to whole batches."""
    return -(-n_samples // batch_size) * batch_size


def draw_noise(rng: np.random.Generator, n_samples: int, n_noise: int) -> NDArray[np.uint16]:
    """Draw the noise that dropout takes for some samples.

    Returns
    -------
    ndarray of shape (n_samples, n_noise), or one column more
        The same numbers follow one another in however many calls they are drawn: a row has an even
        number of them, as the generator makes two at a time.
    """
    width = n_noise + n_noise % 2
    length = 2 * n_samples * width
    numbers = rng.bytes(length) if length else b""  # to make none takes some from the generator
    return np.frombuffer(numbers, np.uint16).reshape(n_samples, width)
