"""An optimizer turns a gradient into a step.

Each is a frozen record whose fields are its keys in a config, with their ranges; it steps on the
network's whole parameter vector at once.
"""

from typing import Annotated, Literal, TypeAlias

import numpy as np
from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ..nn.arrays import FloatArray

Rate: TypeAlias = Annotated[float, Field(gt=0, strict=True)]


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class SGD:
    """Stochastic gradient descent (Robbins and Monro, 1951).

    ``θ ← θ - η g``

    Attributes
    ----------
    name
        Its key in a config.
    learning_rate
        η, the length of a step per unit of gradient, above 0.

    Raises
    ------
    pydantic.ValidationError
        If the learning rate is out of range.
    """

    name: Literal["sgd"] = "sgd"
    learning_rate: Rate = 0.1

    def step(self, params: FloatArray, grads: FloatArray) -> None:
        """Step in place; `grads` is used up."""
        np.multiply(grads, self.learning_rate, out=grads)
        params -= grads


Optimizer: TypeAlias = SGD
"""The table of optimizers: the type that a config's ``training.optimizer`` may have."""
