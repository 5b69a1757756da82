"""RMSprop optimizer."""

from typing import ClassVar, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from ...nn.arrays import FloatArray
from .base import CHECKED, Epsilon, Fraction, Optimizer, OptimizerState


@dataclass(frozen=True, config=CHECKED)
class RMSprop(Optimizer):
    """RMSprop: steps divided by the usual size of the parameter's gradient.

        s ← ρ s + (1 - ρ) g²
        θ ← θ - η g / √(s + ε)

    Tieleman and Hinton, "Lecture 6.5: rmsprop", Coursera, 2012. As in Keras, ε is under the root.

    Attributes
    ----------
    name, learning_rate, weight_decay
        As for every `Optimizer`.
    rho
        ρ, the share of the mean of squares that each step keeps.
    epsilon
        ε, which keeps the division finite.
    """

    n_slots: ClassVar[int] = 1

    name: Literal["rmsprop"] = "rmsprop"
    rho: Fraction = 0.9
    epsilon: Epsilon = 1e-7

    def move(
        self, params: FloatArray, grads: FloatArray, state: OptimizerState, rate: float
    ) -> None:
        """Move as the class says; see `Optimizer.move`."""
        (squares,) = state.slots
        squares *= self.rho
        squares += (1 - self.rho) * grads * grads
        params -= rate * grads / np.sqrt(squares + self.epsilon)
