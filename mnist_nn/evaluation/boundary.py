"""A decision boundary is the line at which a network of two inputs changes its mind."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..nn import Network

SIDE = 200  # points of the grid in each direction
MARGIN = 0.1  # of the samples' range, around them


@dataclass(frozen=True, eq=False)
class Plane:
    """The part of the plane in which samples lie.

    Attributes
    ----------
    low, high
        Its corners, each of shape (2,).
    """

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def around(cls, x: NDArray[np.float64]) -> "Plane":
        """Leave a margin around samples of shape (n, 2)."""
        low, high = x.min(axis=0), x.max(axis=0)
        margin = MARGIN * np.maximum(high - low, 1e-6)
        return cls(low - margin, high + margin)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top."""
        (left, bottom), (right, top) = map(float, self.low), map(float, self.high)
        return left, right, bottom, top

    def read(self, network: Network) -> NDArray[np.float64]:
        """Ask a network of two inputs and two classes everywhere in the plane.

        Returns
        -------
        ndarray of shape (SIDE, SIDE)
            How far it speaks for class 1, 0 to 1, row by row from the bottom: a single output
            itself; of two, ½ and half of what the second is ahead by, which for softmax is the
            second itself.
        """
        points = (self.low + (np.arange(SIDE) + 0.5)[:, None] / SIDE * (self.high - self.low)).T
        grid = np.stack(np.meshgrid(*points), axis=-1).reshape(-1, 2)
        outputs = network.predict(grid).astype(np.float64)
        if outputs.shape[1] > 1:  # the one that is ahead wins: ½ is where neither is
            outputs = 0.5 + (outputs[:, 1:2] - outputs[:, :1]) / 2
        return outputs.clip(0, 1).reshape(SIDE, SIDE)
