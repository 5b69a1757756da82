"""The NumPy engine is the reference: each step is what the mathematics says, batch by batch."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ..nn import Loss, Network, predicted_classes, target_rows
from ..nn.arrays import FloatArray


class Stepper(Protocol):
    """What an engine needs of an optimizer."""

    @property
    def learning_rate(self) -> float:
        """Step per unit of gradient."""

    def step(self, params: FloatArray, grads: FloatArray) -> None:
        """Move `params` in place; `grads` may be overwritten."""


class NumpyEngine:
    """Trains a network on the samples it is pointed at.

    Parameters
    ----------
    network
        The network to train, in place.
    loss
        What it learns to lower.
    optimizer
        How it steps.
    x
        All training samples, of shape (n, n_inputs).
    y
        Their classes, of shape (n,).
    batch_size
        Samples per step.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        optimizer: Stepper,
        x: NDArray[Any],
        y: NDArray[np.integer[Any]],
        batch_size: int,
    ) -> None:
        self.network, self.loss, self.optimizer = network, loss, optimizer
        self.x, self.y, self.batch_size = x, y, batch_size
        self.target_rows = target_rows(network.sizes[-1], network.dtype)
        self.workspace = network.workspace(batch_size)

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
            not finite if training diverged; NumPy's warnings about that are silenced, the caller's
            to give.
        int
            How many of them the network had right at that time.
        """
        network = self.network
        x, labels = self.x[order], self.y[order]
        targets = self.target_rows[labels]  # (m, n_outputs)
        outputs = np.empty_like(targets)
        total = 0.0
        with np.errstate(all="ignore"):
            for start in range(0, len(order), self.batch_size):
                batch = slice(start, start + self.batch_size)
                n = min(self.batch_size, len(order) - start)
                work = self.workspace if n == self.batch_size else self.workspace.first(n)
                total += n * network.loss_and_gradient(x[batch], targets[batch], self.loss, work)
                self.optimizer.step(network.params, network.grads)
                outputs[batch] = work.outputs[-1]
        return total, int(np.count_nonzero(predicted_classes(outputs) == labels))
