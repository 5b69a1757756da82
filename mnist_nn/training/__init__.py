"""How a network learns."""

from .config import TrainingConfig
from .course import Course
from .early_stopping import Best, EarlyStopper, EarlyStopping
from .health import learned_nothing
from .optimizers import SGD, AdaGrad, Adam, AdamW, Optimizer, RMSprop
from .report import Report
from .schedules import (
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    Step,
)
from .snapshot import Position, Snapshot
from .trainer import fit, run_length, step_size

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Best",
    "Constant",
    "Cosine",
    "Course",
    "EarlyStopper",
    "EarlyStopping",
    "Exponential",
    "OneCycle",
    "Optimizer",
    "Position",
    "RMSprop",
    "ReduceOnPlateau",
    "Report",
    "Schedule",
    "Snapshot",
    "Step",
    "TrainingConfig",
    "fit",
    "learned_nothing",
    "run_length",
    "step_size",
]
