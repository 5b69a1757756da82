"""A sequential builder collects layers before anyone knows how many numbers a sample has."""

from typing import Any

from .initializers import Random
from .layer import Dense
from .network import Network


class Sequential:
    """Layers added one by one, built once the data is there.

    Examples
    --------
    >>> import numpy as np
    >>> model = Sequential()
    >>> model.add(Dense(6, "relu"))
    >>> model.add(Dense(3, "softmax"))
    >>> model.build(np.zeros((150, 4)), rng=np.random.default_rng(0)).sizes
    (4, 6, 3)
    """

    def __init__(self) -> None:
        self.layers: list[Dense] = []

    def add(self, layer: Dense) -> None:
        """Put a layer on top."""
        self.layers.append(layer)

    def build(self, x: Any, *, rng: Random, **options: Any) -> Network:
        """Make the network that reads samples like `x`.

        Parameters
        ----------
        x
            An array of shape (n, n_inputs).
        rng
            Draws the starting weights.
        **options
            As for `Network`.
        """
        return Network(x.shape[1], self.layers, rng=rng, **options)
