"""Base of all optimizers: a learning rate, weight decay, and how a step is taken."""

from dataclasses import dataclass as plain_dataclass
from typing import Annotated, ClassVar, TypeAlias

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ...nn.arrays import FloatArray

CHECKED = ConfigDict(extra="forbid", allow_inf_nan=False)

LearningRate: TypeAlias = Annotated[float, Field(gt=0, strict=True)]
Fraction: TypeAlias = Annotated[float, Field(ge=0, lt=1, strict=True)]
"""How much of a running mean or sum is kept from step to step."""
Epsilon: TypeAlias = Annotated[float, Field(ge=1e-30, le=1, strict=True)]
"""Not so small that it would be 0 in float32."""
Coefficient: TypeAlias = Annotated[float, Field(ge=0, le=1000, strict=True)]


@plain_dataclass(eq=False)
class OptimizerState:
    """What an optimizer remembers from step to step."""

    slots: FloatArray  # (n_slots, n_params): running sums and means of each parameter
    n_decaying: int  # how many of the parameters, which come first, decay: weights, not biases
    steps: int = 0  # taken so far


@dataclass(frozen=True, config=CHECKED)
class Optimizer:
    """Base of all optimizers.

    Attributes
    ----------
    name
        Its key in a config.
    learning_rate
        η, the length of a step per unit of gradient. A schedule may vary it.
    weight_decay
        λ of decoupled decay. Each step first shrinks the weights, not the biases, by
        ``w ← (1 - η λ) w``, whatever the gradient is (Loshchilov and Hutter, "Decoupled weight
        decay regularization", 2019).

    Raises
    ------
    pydantic.ValidationError
        If a field is out of range.
    """

    n_slots: ClassVar[int] = 0

    name: str = ""
    learning_rate: LearningRate = 0.001
    weight_decay: Coefficient = 0.0

    @property
    def is_plain_sgd(self) -> bool:
        """Whether a step is the gradient times the rate, and nothing else."""
        return False

    def start(self, params: FloatArray, n_decaying: int) -> OptimizerState:
        """Return the state before the first step; the first `n_decaying` parameters decay."""
        return OptimizerState(np.zeros((self.n_slots, params.size), params.dtype), n_decaying)

    def step(
        self,
        params: FloatArray,
        grads: FloatArray,
        state: OptimizerState,
        rate: float | None = None,
    ) -> None:
        """Step in place on a vector of parameters, and update the state.

        The gradient has the same shape and may be overwritten; the rate is `learning_rate` if None.
        """
        rate = self.learning_rate if rate is None else rate
        state.steps += 1
        if self.weight_decay:
            params[: state.n_decaying] *= 1 - rate * self.weight_decay
        self.move(params, grads, state, rate)

    def move(
        self, params: FloatArray, grads: FloatArray, state: OptimizerState, rate: float
    ) -> None:
        """Move parameters after decay; `grads` may be overwritten, `steps` counts this step."""
        raise NotImplementedError
