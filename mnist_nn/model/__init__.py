"""Model and checkpoint files."""

from .build import build_network, check_fits, parameters_of, training_settings
from .checkpoint import Checkpoint, SeedResult, Series, load_checkpoint, save_checkpoint
from .content import current_versions
from .model import Model, describe_network, load_model, save_model

__all__ = [
    "Checkpoint",
    "Model",
    "SeedResult",
    "Series",
    "build_network",
    "check_fits",
    "current_versions",
    "describe_network",
    "load_checkpoint",
    "load_model",
    "parameters_of",
    "save_checkpoint",
    "save_model",
    "training_settings",
]
