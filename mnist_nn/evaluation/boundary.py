"""Decision boundary of a network with two inputs: its output all over a plane."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..nn import Network

SIDE = 200  # points of the grid in each direction


@dataclass(frozen=True, eq=False)
class Plane:
    """A rectangle of the plane; `low` and `high` are its corners, each of shape (2,)."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def around(cls, x: NDArray[np.float64]) -> "Plane":
        """Make the rectangle around samples of shape (n, 2), with a margin of a tenth."""
        low, high = x.min(axis=0), x.max(axis=0)
        margin = 0.1 * np.maximum(high - low, 1e-6)
        return cls(low - margin, high + margin)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top."""
        (left, bottom), (right, top) = map(float, self.low), map(float, self.high)
        return left, right, bottom, top

    def outputs(self, network: Network) -> NDArray[np.float64]:
        """Return the output for class 1, of shape (SIDE, SIDE), row by row from the bottom.

        It is from 0 to 1, with ½ at the boundary: a single output itself; of two, ½ plus half of
        their difference, which for softmax is the second output.
        """
        points = (self.low + (np.arange(SIDE) + 0.5)[:, None] / SIDE * (self.high - self.low)).T
        grid = np.stack(np.meshgrid(*points), axis=-1).reshape(-1, 2)
        outputs = network.predict(grid).astype(np.float64)
        if outputs.shape[1] > 1:
            outputs = 0.5 + (outputs[:, 1:2] - outputs[:, :1]) / 2
        return outputs.clip(0, 1).reshape(SIDE, SIDE)
