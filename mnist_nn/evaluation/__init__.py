"""How well a trained network does."""

from .boundary import Plane
from .calibration import Calibration, calibrate
from .history import Curves, curves_of
from .metrics import ClassScore, Evaluation, evaluate, wilson_interval
from .palette import require_matplotlib
from .readings import Readings, read
from .sheet import draw_sheet
from .subject import Subject
from .summary import Summary, summary

__all__ = [
    "Calibration",
    "ClassScore",
    "Curves",
    "Evaluation",
    "Plane",
    "Readings",
    "Subject",
    "Summary",
    "calibrate",
    "curves_of",
    "draw_sheet",
    "evaluate",
    "read",
    "require_matplotlib",
    "summary",
    "wilson_interval",
]
