"""The mathematics of a network: NumPy only, no files, no configuration."""

from .activations import ACTIVATIONS, ActivationFunction
from .folding import FoldedLayer, folded_layers
from .gradcheck import GroupCheck, check_gradients
from .initializers import INITIALIZERS, Initializer
from .layers import Activation, BatchNorm, Cache, Dense, Dropout, Layer, block
from .losses import LOSSES, Loss, check_labels, encode, target_rows
from .network import Network, parameter_spec
from .noise import draw_noise, noise_width, set_dropout_masks
from .normalization import InputNormalization
from .numerical import gradient_descent, numerical_gradient
from .parameters import Parameter, ParameterSpec
from .penalty import add_penalty_gradient, penalty
from .sample_weights import balanced_weights, check_weights, weighted
from .scoring import check_samples, predicted_classes, score
from .workspace import Workspace

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "Activation",
    "ActivationFunction",
    "BatchNorm",
    "Cache",
    "Dense",
    "Dropout",
    "FoldedLayer",
    "GroupCheck",
    "Initializer",
    "InputNormalization",
    "Layer",
    "Loss",
    "Network",
    "Parameter",
    "ParameterSpec",
    "Workspace",
    "add_penalty_gradient",
    "balanced_weights",
    "block",
    "check_gradients",
    "check_labels",
    "check_samples",
    "check_weights",
    "draw_noise",
    "encode",
    "folded_layers",
    "gradient_descent",
    "noise_width",
    "numerical_gradient",
    "parameter_spec",
    "penalty",
    "predicted_classes",
    "score",
    "set_dropout_masks",
    "target_rows",
    "weighted",
]
