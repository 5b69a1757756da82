"""Dropout layer: silences units at random in training, so that none relies on another.

Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014. Each
input is set to zero with probability p, and the others are divided by 1 - p (*inverted* dropout),
so that on average the next layer reads what it always did. In evaluation nothing is dropped and
nothing needs scaling.

Which units are dropped follows from random *noise*, a whole number of 16 bits for each unit: those
whose number is below a threshold. So p is a multiple of 1/65536.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..arrays import FloatArray
from .base import Cache, Layer

LEVELS = 1 << 16


def threshold(rate: float) -> int:
    """Return the noise below which a unit is dropped, for a rate of 0 to below 1."""
    return min(round(rate * LEVELS), LEVELS - 1)


@dataclass(eq=False)
class Dropout(Layer):
    """Dropout of a share of the inputs.

    Attributes
    ----------
    rate
        Share that is dropped at each step of training, 0 or more and below 1.

    Raises
    ------
    ValueError
        If the rate is out of range.
    """

    rate: float
    units: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.rate < 1:
            raise ValueError(f"dropout must be 0 or more and below 1, got {self.rate}")

    def bind(
        self, n_inputs: int, params: Mapping[str, FloatArray], grads: Mapping[str, FloatArray]
    ) -> None:
        """Store how many numbers a sample has."""
        self.units = n_inputs

    def affine(self) -> tuple[FloatArray, FloatArray]:
        """Return ones and zeros: in evaluation nothing is dropped."""
        return np.ones(self.units, np.float32), np.zeros(self.units, np.float32)

    def fill_mask(self, noise: NDArray[np.uint16], cache: Cache) -> None:
        """Set the mask of the next batch by noise (n, units): 0, or 1 / (1 - rate) where kept."""
        limit = threshold(self.rate)
        mask = cache["mask"] = cache.buffer("mask", *noise.shape)
        np.multiply(noise >= limit, LEVELS / (LEVELS - limit), out=mask, casting="same_kind")

    def forward(self, x: FloatArray, cache: Cache) -> FloatArray:
        """``y = x · mask`` in training, ``y = x`` otherwise."""
        if not cache.training:
            return x
        return np.multiply(x, cache["mask"], out=cache.buffer("y", *x.shape))

    def backward(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """``dx = dy · mask``: the mask is a factor like any other."""
        if cache.training:
            dy *= cache["mask"]
        return dy
