"""AdaGrad optimizer."""

from typing import ClassVar, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from ...nn.arrays import FloatArray
from .base import CHECKED, Coefficient, Epsilon, Optimizer, OptimizerState


@dataclass(frozen=True, config=CHECKED)
class AdaGrad(Optimizer):
    """AdaGrad: shorter steps for parameters that have moved much.

        s ← s + g²
        θ ← θ - η g / √(s + ε)

    Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
    optimization", 2011. As in Keras, ε is under the root and the sum does not begin at 0.

    Attributes
    ----------
    name, learning_rate, weight_decay
        As for every `Optimizer`.
    initial_accumulator_value
        Start of the sum s.
    epsilon
        ε, which keeps the division finite.
    """

    n_slots: ClassVar[int] = 1

    name: Literal["adagrad"] = "adagrad"
    initial_accumulator_value: Coefficient = 0.1
    epsilon: Epsilon = 1e-7

    def start(self, params: FloatArray, n_decaying: int) -> OptimizerState:
        """Return the state before the first step."""
        state = super().start(params, n_decaying)
        state.slots[...] = self.initial_accumulator_value
        return state

    def move(
        self, params: FloatArray, grads: FloatArray, state: OptimizerState, rate: float
    ) -> None:
        """Move as the class says; see `Optimizer.move`."""
        (squares,) = state.slots
        squares += grads * grads
        params -= rate * grads / np.sqrt(squares + self.epsilon)
