"""How a network learns."""

from .config import TrainingConfig
from .early_stopping import Best, EarlyStopper, EarlyStopping
from .epoch import EpochMetrics
from .fit import effective_batch_size, fit, run_length
from .health import learned_nothing
from .optimizers import SGD, AdaGrad, Adam, AdamW, AnyOptimizer, RMSprop
from .schedules import (
    AnySchedule,
    Constant,
    Cosine,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Step,
)
from .snapshot import Position, Snapshot
from .trainer import Trainer

__all__ = [
    "SGD",
    "AdaGrad",
    "Adam",
    "AdamW",
    "AnyOptimizer",
    "AnySchedule",
    "Best",
    "Constant",
    "Cosine",
    "EarlyStopper",
    "EarlyStopping",
    "EpochMetrics",
    "Exponential",
    "OneCycle",
    "Position",
    "RMSprop",
    "ReduceOnPlateau",
    "Snapshot",
    "Step",
    "Trainer",
    "TrainingConfig",
    "effective_batch_size",
    "fit",
    "learned_nothing",
    "run_length",
]
