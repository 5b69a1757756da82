"""Model and checkpoint files."""

from .build import (
    build_network,
    check_augmentation,
    check_fits,
    describe_network,
    parameters_of,
    training_settings,
)
from .checkpoint import Checkpoint, SeedResult, Series, load_checkpoint, save_checkpoint
from .committee import Committee
from .content import current_versions
from .model import Model, load_model, save_model
from .starting_weights import StartingWeights, load_starting_weights
from .weights import network_of_weights

__all__ = [
    "Checkpoint",
    "Committee",
    "Model",
    "SeedResult",
    "Series",
    "StartingWeights",
    "build_network",
    "check_augmentation",
    "check_fits",
    "current_versions",
    "describe_network",
    "load_checkpoint",
    "load_model",
    "load_starting_weights",
    "network_of_weights",
    "parameters_of",
    "save_checkpoint",
    "save_model",
    "training_settings",
]
