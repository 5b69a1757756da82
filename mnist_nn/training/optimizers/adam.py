"""Adam and AdamW optimizers."""

from typing import ClassVar, Literal

import numpy as np
from pydantic.dataclasses import dataclass

from ...nn.arrays import FloatArray
from .base import CHECKED, Coefficient, Epsilon, Fraction, Optimizer, OptimizerState


@dataclass(frozen=True, config=CHECKED)
class Adam(Optimizer):
    """Adaptive moment estimation: momentum, and steps divided by the gradient's usual size.

    At step t, with both means corrected for their start at 0:

        m ← β₁ m + (1 - β₁) g        m̂ = m / (1 - β₁ᵗ)
        v ← β₂ v + (1 - β₂) g²       v̂ = v / (1 - β₂ᵗ)
        θ ← θ - η m̂ / (√v̂ + ε)

    Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1.

    Attributes
    ----------
    name, learning_rate, weight_decay
        As for every `Optimizer`.
    beta_1
        β₁, the share of the mean gradient that each step keeps.
    beta_2
        β₂, the share of the mean of squares that each step keeps.
    epsilon
        ε, which keeps the division finite.
    """

    n_slots: ClassVar[int] = 2

    name: Literal["adam"] = "adam"
    beta_1: Fraction = 0.9
    beta_2: Fraction = 0.999
    epsilon: Epsilon = 1e-7

    def move(
        self, params: FloatArray, grads: FloatArray, state: OptimizerState, rate: float
    ) -> None:
        """Move as the class says; see `Optimizer.move`."""
        m, v = state.slots
        m *= self.beta_1
        m += (1 - self.beta_1) * grads
        v *= self.beta_2
        v += (1 - self.beta_2) * grads * grads
        m_scale = rate / (1 - self.beta_1**state.steps)
        v_scale = 1 / (1 - self.beta_2**state.steps)
        params -= m_scale * m / (np.sqrt(v_scale * v) + self.epsilon)


@dataclass(frozen=True, config=CHECKED)
class AdamW(Adam):
    """Adam with decoupled weight decay by default; Loshchilov and Hutter, 2019, see `Optimizer`."""

    name: Literal["adamw"] = "adamw"  # type: ignore[assignment]
    weight_decay: Coefficient = 0.004
