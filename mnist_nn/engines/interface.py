"""What training and an engine know of each other."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ..nn import Loss, Network
from ..nn.arrays import FloatArray


class Stepper(Protocol):
    """What an engine needs of an optimizer."""

    @property
    def learning_rate(self) -> float:
        """Step per unit of gradient."""

    def step(self, params: FloatArray, grads: FloatArray) -> None:
        """Move `params` in place; `grads` may be overwritten."""


class Engine(Protocol):
    """Trains a network on the samples it is pointed at.

    An engine is made of the network, which it trains in place, the loss that it lowers, the
    optimizer that says how to step, all training samples, of shape (n, n_inputs), their classes, of
    shape (n,), and the number of samples per step.

    Attributes
    ----------
    chunk
        Samples, in whole batches, that take it a small part of a second: to ask for more at once
        would keep a progress bar or Ctrl-C waiting.
    """

    network: Network
    loss: Loss
    optimizer: Stepper
    chunk: int

    def run(self, order: NDArray[np.intp]) -> tuple[float, int]:
        """Step through samples in the given order, batch by batch; the last batch may be short.

        Parameters
        ----------
        order
            Indices of the samples, of shape (m,).

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
