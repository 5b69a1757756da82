"""Interface between training and engines."""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from ..checks import RECORD, Whole
from ..nn import Network
from ..nn.arrays import FloatArray
from ..rngs import RngState
from .step_config import StepConfig


@dataclass(frozen=True, eq=False)
class EngineState:
    """What an engine remembers beside the network's parameters, in a form common to all engines.

    Vectors are in the order of `Network.params`.
    """

    __pydantic_config__: ClassVar = RECORD

    slots: FloatArray  # the optimizer's running sums and means, (n_slots, n_trainable)
    steps: Whole  # taken so far
    average: FloatArray | None  # moving average of all parameters, (n_params,), if one is kept
    dropout: RngState


class Engine(Protocol):
    """Trains a network in place on the samples that its `run` is given.

    An engine is made of the network, the config of a step, all training samples (n, n_inputs),
    their classes (n,), the number of samples per step, and a random generator for dropout. Of
    samples that stay in a file, which are no NumPy array, it reads some at most; `run` gets them.
    """

    network: Network
    averaged: Network | None  # the network with its moving average, if one is kept
    step_config: StepConfig
    chunk: int  # samples, in whole batches, to run at a time so that progress and Ctrl-C work

    def run(
        self,
        indices: NDArray[np.intp],
        learning_rates: NDArray[np.float64],
        x: NDArray[Any] | None = None,
    ) -> tuple[float, int]:
        """Take a step for each batch of samples, in the given order; the last batch may be short.

        Parameters
        ----------
        indices
            Indices of the samples, of shape (m,).
        learning_rates
            The learning rate of each step, of shape (⌈m / batch_size⌉,).
        x
            What to train on instead of the samples themselves (distorted copies of them, say), of
            shape (m, n_inputs) and of the same dtype; None for the samples as they are, in memory.

        Returns
        -------
        float
            Sum over the samples of the loss that each had before its step. It is not finite if
            training diverged.
        int
            How many of them the network classified correctly at that time.
        """

    def snapshot(self) -> EngineState:
        """Copy its state; the network's parameters are the caller's to keep."""

    def restore(self, state: EngineState) -> None:
        """Return to a snapshot of the same network and step config."""


def whole_batches(n_samples: int, batch_size: int) -> int:
    """Round a number of samples up to whole batches."""
    return -(-n_samples // batch_size) * batch_size
