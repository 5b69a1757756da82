"""Workspace: every array that a forward and a backward pass write, reused for every batch."""

from collections.abc import Sequence
from functools import reduce

import numpy as np
from numpy.typing import DTypeLike

from .arrays import FloatArray
from .layers import Cache, Layer


class Workspace:
    """Scratch memory of a network for batches of n samples, of training or of evaluation.

    Attributes
    ----------
    x
        The scaled inputs, of shape (n, n_inputs).
    delta
        The loss's gradient at the logits, of shape (n, n_outputs), for a loss to fill in.
    caches
        What each layer keeps.
    """

    def __init__(
        self, layers: Sequence[Layer], n_inputs: int, n: int, dtype: DTypeLike, *, training: bool
    ) -> None:
        self.layers, self.n, self.training = layers, n, training
        self.x = np.empty((n, n_inputs), dtype)
        n_outputs = reduce(lambda width, layer: layer.n_outputs(width), layers, n_inputs)
        self.delta = np.empty((n, n_outputs), dtype)
        self.caches = [
            Cache(
                dtype,
                training=training,
                bottom=i == 0,
                overwrite=0 < i < len(layers) - 1 and not layers[i - 1].keeps_outputs,
            )
            for i in range(len(layers))
        ]

    @property
    def logits(self) -> FloatArray:
        """Sums below the last activation, of shape (n, n_outputs)."""
        return self.caches[-1]["z"]

    @property
    def outputs(self) -> FloatArray:
        """Outputs of the last pass, of shape (n, n_outputs)."""
        return self.caches[-1]["y"]

    def resized(self, n: int) -> "Workspace":
        """Return this workspace if it is for `n` samples, else another that is."""
        if n == self.n:
            return self
        return Workspace(self.layers, self.x.shape[1], n, self.x.dtype, training=self.training)
