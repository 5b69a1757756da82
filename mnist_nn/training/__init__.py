"""How a network learns."""

from .optimizers import SGD, Optimizer
from .trainer import Report, fit, run_length, step_size

__all__ = ["SGD", "Optimizer", "Report", "fit", "run_length", "step_size"]
