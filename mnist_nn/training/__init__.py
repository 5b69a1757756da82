"""How a network learns."""

from .optimizers import OPTIMIZERS, SGD, Optimizer
from .trainer import Report, fit

__all__ = ["OPTIMIZERS", "SGD", "Optimizer", "Report", "fit"]
