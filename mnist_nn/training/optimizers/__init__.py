"""Optimizers: what turns a gradient into a step.

Each is a frozen record whose fields are its keys in a config, with their ranges; it steps on the
network's whole parameter vector at once. What it remembers between steps is an `OptimizerState`.
"""

from typing import Annotated, TypeAlias

from pydantic import Field

from .adagrad import AdaGrad
from .adam import Adam, AdamW
from .base import Optimizer, OptimizerState
from .rmsprop import RMSprop
from .sgd import SGD

AnyOptimizer: TypeAlias = Annotated[
    SGD | AdaGrad | RMSprop | Adam | AdamW, Field(discriminator="name")
]
"""The table of optimizers: the type that a config's ``training.optimizer`` may have."""

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AnyOptimizer",
    "Optimizer",
    "OptimizerState",
    "RMSprop",
]
