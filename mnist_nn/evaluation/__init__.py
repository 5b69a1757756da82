"""How well a trained network does."""

from .metrics import ClassScore, Evaluation, evaluate, wilson_interval
from .sheet import draw_sheet
from .summary import Summary, summary

__all__ = [
    "ClassScore",
    "Evaluation",
    "Summary",
    "draw_sheet",
    "evaluate",
    "summary",
    "wilson_interval",
]
