"""The mathematics of a dense network: NumPy only, no files, no configuration."""

from .activations import (
    ACTIVATIONS,
    Activation,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    softmax,
    step,
    tanh,
)
from .dropout import draw_noise, drop, noise_width
from .gradcheck import GroupCheck, check_gradients
from .initializers import INITIALIZERS, Initializer
from .layer import Dense, Layer
from .losses import LOSSES, Loss, check_labels, encode, target_rows
from .network import Network
from .numerical import gradient_descent, numerical_gradient
from .penalty import add_penalty_gradient, penalty
from .scoring import predicted_classes, score
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
    "add_penalty_gradient",
    "check_gradients",
    "check_labels",
    "draw_noise",
    "drop",
    "encode",
    "gradient_descent",
    "identity",
    "leaky_relu",
    "noise_width",
    "numerical_gradient",
    "penalty",
    "predicted_classes",
    "relu",
    "score",
    "sigmoid",
    "softmax",
    "step",
    "tanh",
    "target_rows",
]
