"""Training: `fit`, optimizers, schedules, early stopping."""

from .class_weight import number_classes
from .config import MAX_LAYERS, TrainingConfig
from .early_stopping import Best, EarlyStopper, EarlyStopping
from .epoch import EpochMetrics
from .fit import fit, make_step_config
from .frozen import FrozenLayers
from .health import learned_nothing, lowest_loss, near_chance
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
from .state import Position, TrainingState
from .trainer import Trainer, effective_batch_size, run_length

__all__ = [
    "MAX_LAYERS",
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
    "FrozenLayers",
    "OneCycle",
    "Position",
    "RMSprop",
    "ReduceOnPlateau",
    "Step",
    "Trainer",
    "TrainingConfig",
    "TrainingState",
    "effective_batch_size",
    "fit",
    "learned_nothing",
    "lowest_loss",
    "make_step_config",
    "near_chance",
    "number_classes",
    "run_length",
]
