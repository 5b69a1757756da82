"""How well a trained network does."""

from .metrics import ClassScore, Evaluation, evaluate, wilson_interval
from .summary import Summary, summary

__all__ = ["ClassScore", "Evaluation", "Summary", "evaluate", "summary", "wilson_interval"]
