"""Measuring a trained network: metrics, predictions, learning curves, charts, and a report."""

from .boundary import Plane
from .evaluated_model import EvaluatedModel
from .history import Curves, curves_of
from .image_grid import draw_image_grid
from .intervals import Summary, summarize, wilson_interval
from .metrics import (
    Calibration,
    ClassScore,
    Evaluation,
    Predictions,
    calibrate,
    evaluate,
    predict,
)
from .palette import require_matplotlib

__all__ = [
    "Calibration",
    "ClassScore",
    "Curves",
    "EvaluatedModel",
    "Evaluation",
    "Plane",
    "Predictions",
    "Summary",
    "calibrate",
    "curves_of",
    "draw_image_grid",
    "evaluate",
    "predict",
    "require_matplotlib",
    "summarize",
    "wilson_interval",
]
