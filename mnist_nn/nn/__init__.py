"""The mathematics of a dense network: NumPy only, no files, no configuration."""

from .activations import ACTIVATIONS, Activation
from .gradcheck import GroupCheck, check_gradients
from .initializers import INITIALIZERS, Initializer
from .losses import LOSSES, Loss, encode, target_rows
from .network import Dense, Layer, Network, classes
from .numerical import gradient_descent, numerical_gradient
from .scoring import score
from .sequential import Sequential
from .workspace import Workspace

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "Activation",
    "Dense",
    "GroupCheck",
    "Initializer",
    "Layer",
    "Loss",
    "Network",
    "Sequential",
    "Workspace",
    "check_gradients",
    "classes",
    "encode",
    "gradient_descent",
    "numerical_gradient",
    "score",
    "target_rows",
]
