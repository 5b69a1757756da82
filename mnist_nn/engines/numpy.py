"""The NumPy engine is the reference: each step is what the mathematics says, batch by batch."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..nn import Loss, Network, predicted_classes, target_rows
from .interface import Stepper, whole_batches

CHUNK = 1000  # samples


class NumpyEngine:
    """Trains a network on the samples it is pointed at: an `Engine`.

    Parameters
    ----------
    network, loss, optimizer, x, y, batch_size
        As for every `Engine`.
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
        self.chunk = whole_batches(CHUNK, batch_size)

    def run(self, order: NDArray[np.intp]) -> tuple[float, int]:
        """Step through samples in the given order: see `Engine`.

        NumPy's warnings about numbers that are not finite are silenced; a caller sees the loss.
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
