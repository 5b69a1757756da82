"""The mathematics of a network: NumPy only, no files, no configuration."""

from .activations import (
    ACTIVATIONS,
    ActivationFunction,
    elu,
    gelu,
    identity,
    leaky_relu,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    step,
    tanh,
)
from .gradcheck import GroupCheck, check_gradients
from .initializers import INITIALIZERS, Initializer
from .layers import LAYERS, Activation, BatchNorm, Cache, Dense, Dropout, Layer, block
from .losses import LOSSES, Loss, check_labels, encode, target_rows
from .network import Network, parameter_spec
from .noise import draw_noise, noise_width, set_dropout_masks
from .numerical import gradient_descent, numerical_gradient
from .parameters import Parameter, ParameterSpec
from .penalty import add_penalty_gradient, penalty
from .scoring import predicted_classes, score
from .workspace import Workspace

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LAYERS",
    "LOSSES",
    "Activation",
    "ActivationFunction",
    "BatchNorm",
    "Cache",
    "Dense",
    "Dropout",
    "GroupCheck",
    "Initializer",
    "Layer",
    "Loss",
    "Network",
    "Parameter",
    "ParameterSpec",
    "Workspace",
    "add_penalty_gradient",
    "block",
    "check_gradients",
    "check_labels",
    "draw_noise",
    "elu",
    "encode",
    "gelu",
    "gradient_descent",
    "identity",
    "leaky_relu",
    "noise_width",
    "numerical_gradient",
    "parameter_spec",
    "penalty",
    "predicted_classes",
    "relu",
    "score",
    "set_dropout_masks",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "step",
    "tanh",
    "target_rows",
]
