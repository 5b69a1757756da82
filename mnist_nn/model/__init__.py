"""A model is a trained network with its config and history; a checkpoint, a run that can go on.

Each is kept in a file of its own.
"""

from .build import build_network, check_fits, parameters_of
from .checkpoint import Checkpoint, SeedResult, Series, load_checkpoint, save_checkpoint
from .content import current_versions
from .store import Model, load_model, save_model

__all__ = [
    "Checkpoint",
    "Model",
    "SeedResult",
    "Series",
    "build_network",
    "check_fits",
    "current_versions",
    "load_checkpoint",
    "load_model",
    "parameters_of",
    "save_checkpoint",
    "save_model",
]
