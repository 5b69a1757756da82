"""Stochastic gradient descent, with momentum."""

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field
from pydantic.dataclasses import dataclass

from ...nn.arrays import FloatArray
from .base import CHECKED, Fraction, LearningRate, Optimizer, OptimizerState


@dataclass(frozen=True, config=CHECKED)
class SGD(Optimizer):
    """Stochastic gradient descent (Robbins and Monro, 1951), with momentum (Polyak, 1964).

    ``θ ← θ - η g``, or with momentum μ:

        v ← μ v - η g
        θ ← θ + v

    Nesterov's variant steps to where the velocity is going to lead, ``θ ← θ + μ v - η g`` with the
    new v (Sutskever et al., "On the importance of initialization and momentum in deep learning",
    2013).

    Attributes
    ----------
    name, learning_rate, weight_decay
        As for every `Optimizer`.
    momentum
        μ, the share of the velocity that each step keeps.
    nesterov
        Use Nesterov's momentum.
    """

    n_slots: ClassVar[int] = 1

    name: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = 0.1
    momentum: Fraction = 0.0
    nesterov: Annotated[bool, Field(strict=True)] = False

    @property
    def is_plain_sgd(self) -> bool:
        """Whether there is neither momentum nor decay."""
        return not (self.momentum or self.weight_decay)

    def move(
        self, params: FloatArray, grads: FloatArray, state: OptimizerState, rate: float
    ) -> None:
        """Move as the class says; see `Optimizer.move`."""
        np.multiply(grads, -rate, out=grads)
        if not self.momentum:
            params += grads
            return
        (velocity,) = state.slots
        velocity *= self.momentum
        velocity += grads
        if self.nesterov:
            params += self.momentum * velocity
            params += grads
        else:
            params += velocity
