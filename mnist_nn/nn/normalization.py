"""Normalization of a network's inputs, each by numbers of its own."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import FloatArray

ROUNDING = 1e-14  # share of a number by which the mean of many equal ones may be wrong


@dataclass(frozen=True, eq=False)
class InputNormalization:
    """What is subtracted from each input, and what the difference is multiplied by.

    ``standardize`` and ``to_unit_range`` measure both on the training samples. An input that varies
    there by no more than rounding errors gets the factor 1, and so is about 0 after it.

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
        unit = _unit(x)  # so that no square overflows
        scaled = x / unit
        return cls(unit * scaled.mean(axis=0), _inverse(unit * scaled.std(axis=0), unit))

    @classmethod
    def to_unit_range(cls, x: FloatArray) -> "InputNormalization":
        """Return what makes samples (n, n_inputs) range from 0 to 1."""
        lowest = x.min(axis=0)
        return cls(lowest, _inverse(x.max(axis=0) - lowest, _unit(x)))

    def apply(self, x: NDArray[Any]) -> NDArray[np.float64]:
        """Return normalized inputs of shape (n, n_inputs)."""
        inputs: NDArray[np.float64] = x - self.offset
        inputs *= self.factor
        return inputs


def _unit(x: FloatArray) -> NDArray[np.float64]:
    """Return for each input a power of 2 of the size of its largest number, ½ if all are 0."""
    _, exponent = np.frexp(np.abs(x).max(axis=0))
    unit: NDArray[np.float64] = np.ldexp(1.0, exponent - 1)
    return unit


def _inverse(width: NDArray[np.float64], size: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return one over each width, and 1 where it is a rounding error of numbers of that size."""
    inverse: NDArray[np.float64] = np.ones_like(width)
    np.divide(1, width, out=inverse, where=width > ROUNDING * size)
    return inverse
