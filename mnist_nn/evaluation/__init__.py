"""How well a trained network does."""

from .metrics import ClassScore, Evaluation, evaluate, wilson_interval

__all__ = ["ClassScore", "Evaluation", "evaluate", "wilson_interval"]
