"""Dense layer: every unit reads every input."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import FloatArray
from ..initializers import Initializer, Random
from ..parameters import Parameter
from .base import Cache, Layer


@dataclass(eq=False)
class Dense(Layer):
    """Weighted sums of the inputs: ``z = x W + b``.

    Attributes
    ----------
    units
        Number of outputs, 1 or more.
    bias
        Whether each unit adds a bias of its own.
    W, dW
        Weights and their gradient, of shape (n_inputs, units), once in a network.
    b, db
        Biases and their gradient, of shape (units,); None without biases.

    Raises
    ------
    ValueError
        If `units` is below 1.
    """

    units: int
    bias: bool = True
    W: FloatArray = field(init=False, repr=False)
    dW: FloatArray = field(init=False, repr=False)
    b: FloatArray | None = field(init=False, repr=False)
    db: FloatArray | None = field(init=False, repr=False)

    keeps_outputs = False

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ValueError(f"units must be 1 or more, got {self.units}")

    def n_outputs(self, n_inputs: int) -> int:
        """Return the number of units."""
        return self.units

    def parameters(self, n_inputs: int) -> list[Parameter]:
        """List weights and, if there are any, biases."""
        weights = Parameter("weights", (n_inputs, self.units), decays=True)
        return [weights, Parameter("biases", (self.units,))] if self.bias else [weights]

    def bind(
        self, n_inputs: int, params: Mapping[str, FloatArray], grads: Mapping[str, FloatArray]
    ) -> None:
        """Take the views of weights and biases."""
        self.W, self.dW = params["weights"], grads["weights"]
        self.b, self.db = params.get("biases"), grads.get("biases")

    def initialize(self, initializer: Initializer, rng: Random, gain: float) -> None:
        """Draw the weights, and the biases if the initializer has them drawn."""
        initializer.fill(rng, self.W, self.b, gain)

    def forward(self, x: FloatArray, cache: Cache) -> FloatArray:
        """``z = x W + b``: (n, n_inputs) @ (n_inputs, units) -> (n, units)."""
        cache["x"] = x
        z = np.dot(x, self.W, out=cache.buffer("z", len(x), self.units))
        if self.b is not None:
            z += self.b
        return z

    def backward(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """Follow the chain rule to everything that ``z`` was made of.

        With ``dz`` for the loss's gradient at the sums:

            dW = xᵀ dz      a weight carried x into z
            db = 1ᵀ dz      a bias was added to every row
            dx = dz Wᵀ      an input went through its row of weights
        """
        dz, x = dy, cache["x"]
        np.dot(x.T, dz, out=self.dW)  # (n_inputs, n) @ (n, units)
        self.sum_biases(dz, cache)
        if cache.bottom:
            return dz
        dx = cache.buffer("dx", len(x), len(self.W))
        return np.dot(dz, self.W.T, out=dx)  # (n, units) @ (units, n_inputs)

    def sum_biases(self, dz: FloatArray, cache: Cache) -> None:
        """``db = 1ᵀ dz``; multiplying by ones is the fastest way to sum rows."""
        if self.db is not None:
            ones = cache.buffer("ones", len(dz), fill=1)
            np.dot(ones, dz, out=self.db)  # (n,) @ (n, units)
