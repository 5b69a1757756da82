"""A model is a trained network with its config and history, and the file it is kept in."""

from .build import build_network, check_fits
from .store import Model, current_versions, load_model, save_model

__all__ = [
    "Model",
    "build_network",
    "check_fits",
    "current_versions",
    "load_model",
    "save_model",
]
