"""How well a trained network does."""

from .boundary import Plane
from .calibration import Calibration, calibrate
from .evaluated_model import EvaluatedModel
from .history import Curves, curves_of
from .image_grid import draw_image_grid
from .intervals import Summary, summarize
from .metrics import ClassScore, Evaluation, evaluate, wilson_interval
from .palette import require_matplotlib
from .predictions import Predictions, predict

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
