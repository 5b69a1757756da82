"""Normalization of a network's inputs, each by numbers of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import FloatArray


@dataclass(frozen=True, eq=False)
class InputNormalization:
    """What is subtracted from each input, and what the difference is multiplied by.

    ``standardize`` and ``to_unit_range`` measure both on the training samples. An input that never
    varies there gets the factor 1, and so is 0 after it.

    Attributes
    ----------
    offset
        Array of shape (n_inputs,): of standardized inputs, their mean.
    factor
        Array of shape (n_inputs,): of standardized inputs, one over their standard deviation.
    """

    offset: NDArray[np.float64]
    factor: NDArray[np.float64]

    def __post_init__(self) -> None:
        """Refuse vectors of different lengths, and numbers that are not finite."""
        if self.offset.ndim != 1 or self.offset.shape != self.factor.shape:
            raise ValueError("a normalization is two vectors, with a number for each input")
        if not (np.isfinite(self.offset).all() and np.isfinite(self.factor).all()):
            raise ValueError("a normalization must be finite numbers")

    @classmethod
    def standardize(cls, x: FloatArray) -> "InputNormalization":
        """Return what gives samples (n, n_inputs) a mean of 0 and a standard deviation of 1."""
        return cls(x.mean(axis=0), _inverse(x.std(axis=0)))

    @classmethod
    def to_unit_range(cls, x: FloatArray) -> "InputNormalization":
        """Return what makes samples (n, n_inputs) range from 0 to 1."""
        lowest = x.min(axis=0)
        return cls(lowest, _inverse(x.max(axis=0) - lowest))

    def apply(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return normalized inputs of shape (n, n_inputs)."""
        inputs: NDArray[np.float64] = x - self.offset
        inputs *= self.factor
        return inputs


def _inverse(width: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one over each width, and 1 where an input does not vary."""
    varies = width > 0
    inverse: NDArray[np.float64] = np.ones_like(width)
    np.divide(1, width, out=inverse, where=varies)
    return inverse
