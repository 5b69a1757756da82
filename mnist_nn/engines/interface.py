"""What training and an engine know of each other."""

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
    """Trains a network on the samples it is pointed at.

    An engine is made of the network, which it trains in place, the config of a step, all training
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
    step_config: StepConfig
    chunk: int

    def run(
        self,
        indices: NDArray[np.intp],
        learning_rates: NDArray[np.float64],
        x: NDArray[Any] | None = None,
    ) -> tuple[float, int]:
        """Step through samples in the given order, batch by batch; the last batch may be short.

        Parameters
        ----------
        indices
            Indices of the samples, of shape (m,).
        learning_rates
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

    def snapshot(self) -> EngineState:
        """Copy what it knows; the network's parameters are the caller's to keep."""

    def restore(self, state: EngineState) -> None:
        """Go back to what it knew; the shapes are those of this network and step."""


def whole_batches(n_samples: int, batch_size: int) -> int:
    """Round a number of samples up to whole batches."""
    return -(-n_samples // batch_size) * batch_size
