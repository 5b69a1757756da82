"""Measuring a trained network: metrics, predictions, learning curves, charts, and a report."""

from .answered import AnsweredSamples
from .boundary import Plane
from .calibration import Answers, Calibration, answer, fit_calibration
from .evaluated_model import EvaluatedModel
from .history import Curves, curves_of
from .image_grid import draw_image_grid
from .intervals import Summary, summarize, wilson_interval
from .metrics import (
    ClassScore,
    Evaluation,
    Predictions,
    Reliability,
    evaluate,
    measure_reliability,
)
from .palette import require_matplotlib
from .subspace import Subspace

__all__ = [
    "AnsweredSamples",
    "Answers",
    "Calibration",
    "ClassScore",
    "Curves",
    "EvaluatedModel",
    "Evaluation",
    "Plane",
    "Predictions",
    "Reliability",
    "Subspace",
    "Summary",
    "answer",
    "curves_of",
    "draw_image_grid",
    "evaluate",
    "fit_calibration",
    "measure_reliability",
    "require_matplotlib",
    "summarize",
    "wilson_interval",
]
