"""How a network learns."""

from .optimizers import OPTIMIZERS, SGD, Optimizer
from .trainer import Report, fit, run_length

__all__ = ["OPTIMIZERS", "SGD", "Optimizer", "Report", "fit", "run_length"]
