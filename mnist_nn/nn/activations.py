"""Activation functions and their derivatives.

Each is a pair of functions. ``sigmoid(z)`` is the forward pass, from the sums ``z`` to the outputs
``y``; ``sigmoid_backward(z, y, dy)`` turns the loss's gradient with respect to ``y`` into that with
respect to ``z``. Most need only the output for that, and the sums may be overwritten; GELU and SiLU
need the sums.

Every array is floating-point and ``(n, units)``, one row per sample. ``out`` may be given to avoid
an allocation; a forward function whose derivative needs no sums may overwrite its own input.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray as Array

LEAK = 0.01  # slope of the leaky ReLU below zero (Maas, Hannun and Ng, 2013)
GELU_SCALE, GELU_CUBE = math.sqrt(2 / math.pi), 0.044715


def sigmoid(z: Array, out: Array | None = None) -> Array:
    """σ(z) = 1 / (1 + e⁻ᶻ), written as (1 + tanh(z/2)) / 2, which cannot overflow.

    Its absolute error is that of a number near 1: far below zero the result is exactly 0.
    """
    out = np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


def sigmoid_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy · y (1 - y)``."""
    out = np.subtract(1, y, out=out)
    out *= y
    out *= dy
    return out


def tanh(z: Array, out: Array | None = None) -> Array:
    """Hyperbolic tangent: a sigmoid centred on zero."""
    return np.tanh(z, out=out)


def tanh_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy · (1 - y²)``."""
    out = np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    out *= dy
    return out


def relu(z: Array, out: Array | None = None) -> Array:
    """``max(z, 0)``."""
    return np.maximum(z, 0, out=out)


def relu_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy`` where y > 0, else 0 (the slope at the kink is taken as 0)."""
    return np.multiply(dy, y > 0, out=out)


def leaky_relu(z: Array, out: Array | None = None) -> Array:
    """``z`` where z > 0, else ``LEAK · z``: a unit that is off still learns."""
    return np.maximum(z, np.multiply(z, LEAK), out=out)


def leaky_relu_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy`` where y > 0, else ``LEAK · dy``."""
    out = np.multiply(dy, LEAK, out=out)
    np.copyto(out, dy, where=y > 0)
    return out


def elu(z: Array, out: Array | None = None) -> Array:
    """``z`` where z > 0, else ``e^z - 1``: smooth, and below zero it levels off at -1.

    Clevert, Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential
    linear units (ELUs)", 2016, with α = 1.
    """
    below = np.expm1(np.minimum(z, 0))
    out = np.maximum(z, 0, out=out)
    out += below
    return out


def elu_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy · min(y + 1, 1)``: below zero the slope is e^z, which is y + 1."""
    out = np.minimum(y, 0, out=out)
    out += 1
    out *= dy
    return out


def softplus(z: Array, out: Array | None = None) -> Array:
    """``log(1 + e^z)``: a ReLU without its kink, always above zero.

    Dugas et al., "Incorporating second-order functional knowledge for better option pricing", 2001.
    Written as max(z, 0) + log(1 + e^-|z|), in which nothing overflows.
    """
    bend = np.log1p(np.exp(-np.abs(z)))
    out = np.maximum(z, 0, out=out)
    out += bend
    return out


def softplus_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy · (1 - e^-y)``: the slope is σ(z), and 1 - σ(z) = 1 / (1 + e^z) = e^-y."""
    out = np.negative(y, out=out)
    np.expm1(out, out=out)
    np.negative(out, out=out)
    out *= dy
    return out


def silu(z: Array, out: Array | None = None) -> Array:
    """``z σ(z)``: a smooth ReLU that dips below zero (also called swish).

    Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural network function
    approximation in reinforcement learning", 2018.
    """
    out = sigmoid(z, out)
    out *= z
    return out


def silu_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy · σ(z) (1 + z (1 - σ(z)))``, and as ``y = z σ``, ``dz = dy · (σ + y (1 - σ))``."""
    s = sigmoid(z)
    out = np.subtract(1, s, out=out)
    out *= y
    out += s
    out *= dy
    return out


def gelu(z: Array, out: Array | None = None) -> Array:
    """``z (1 + tanh u) / 2`` with ``u = √(2/π) (z + 0.044715 z³)``: a smooth ReLU, like SiLU.

    Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016, in their approximation of
    ``z Φ(z)``, Φ being the normal distribution; it is right to 5e-4.
    """
    out = _gelu_tanh(z, out)
    out += 1
    out *= 0.5
    out *= z
    return out


def gelu_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy · ((1 + t) / 2 + z (1 - t²) u' / 2)``.

    With t = tanh u and ``u' = √(2/π) (1 + 3 · 0.044715 z²)``.
    """
    t = _gelu_tanh(z)
    slope = 1 + 3 * GELU_CUBE * z * z
    slope *= GELU_SCALE
    slope *= z
    slope *= 1 - t * t
    slope += t
    slope += 1
    slope *= 0.5
    return np.multiply(slope, dy, out=out)


def _gelu_tanh(z: Array, out: Array | None = None) -> Array:
    """``tanh(√(2/π) (z + 0.044715 z³))``."""
    out = np.multiply(z, z, out=out)
    out *= GELU_CUBE
    out += 1
    out *= z
    out *= GELU_SCALE
    return np.tanh(out, out=out)


def identity(z: Array, out: Array | None = None) -> Array:
    """The sums themselves."""
    return np.positive(z, out=out)


def identity_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = dy``."""
    return np.positive(dy, out=out)


def softmax(z: Array, out: Array | None = None) -> Array:
    """e^z / Σ e^z along each row: positive, summing to one.

    Adding a constant to a row changes nothing, so the row's maximum is subtracted first and no
    exponential exceeds 1.
    """
    out = np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return out


def softmax_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """``dz = y · (dy - Σ dy·y)``: each output depends on every sum of its row."""
    out = np.multiply(dy, y, out=out)
    weighted = out.sum(axis=-1, keepdims=True)  # (n, 1)
    np.subtract(dy, weighted, out=out)
    out *= y
    return out


def step(z: Array, out: Array | None = None) -> Array:
    """1 where z > 0, else 0 (Rosenblatt's unit). Flat everywhere, so it cannot be trained."""
    return np.heaviside(z, 0, out=out)


def step_backward(z: Array, y: Array, dy: Array, out: Array | None = None) -> Array:
    """Raise ValueError: where the step function has a derivative, it is zero."""
    raise ValueError(
        "step: its derivative is zero wherever it exists, so it cannot be trained; "
        "use sigmoid, tanh or relu"
    )


@dataclass(frozen=True)
class ActivationFunction:
    """An entry of the table of activations.

    The gain says how much larger than Glorot's the starting weights should be for the signal to
    keep its size. Glorot and Bengio (2010) assume a slope of 1 at 0; the sigmoid's is 1/4, so its
    gain is 4. A ReLU is off half of the time, which halves the variance, so its gain is √2 (He et
    al., 2015).
    """

    name: str  # key in a config
    function: Callable[[Array, Array | None], Array]  # (z, out) -> y
    backward: Callable[[Array, Array, Array, Array], Array]  # (z, y, dy, out) -> dz
    gain: float = 1.0
    trainable: bool = True  # if not, `backward` raises a ValueError
    needs_sums: bool = False  # whether `backward` reads z; if not, y may overwrite it
    probability: bool = False  # whether outputs are probabilities
    signed: bool = False  # whether outputs may be below 0
    bounded: bool = False  # whether outputs are at most 1
    # How it is written elsewhere, for the page to draw on and for exports; None if it is not.
    formula: str | None = None  # of a single number v, in C: the page knows these names, too
    onnx: str | None = None  # statements that make y of z, in ONNX's text syntax
    torch: str | None = None  # module in torch.nn
    keras: str | None = None  # layer in keras.layers


_RELU_GAIN = 2**0.5

ACTIVATIONS = {
    entry.name: entry
    for entry in (
        ActivationFunction(
            "sigmoid",
            sigmoid,
            sigmoid_backward,
            gain=4.0,
            probability=True,
            bounded=True,
            formula="0.5 * tanh(0.5 * v) + 0.5",
            onnx="y = Sigmoid (z)",
            torch="Sigmoid()",
            keras='Activation("sigmoid")',
        ),
        ActivationFunction(
            "tanh",
            tanh,
            tanh_backward,
            signed=True,
            bounded=True,
            formula="tanh(v)",
            onnx="y = Tanh (z)",
            torch="Tanh()",
            keras='Activation("tanh")',
        ),
        ActivationFunction(
            "relu",
            relu,
            relu_backward,
            gain=_RELU_GAIN,
            formula="fmax(v, 0)",
            onnx="y = Relu (z)",
            torch="ReLU()",
            keras="ReLU()",
        ),
        ActivationFunction(
            "leaky_relu",
            leaky_relu,
            leaky_relu_backward,
            gain=_RELU_GAIN,
            signed=True,
            formula=f"fmax(v, {LEAK} * v)",
            onnx=f"y = LeakyRelu <alpha = {LEAK}> (z)",
            torch=f"LeakyReLU({LEAK})",
            keras=f"LeakyReLU(negative_slope={LEAK})",
        ),
        ActivationFunction(
            "elu",
            elu,
            elu_backward,
            gain=_RELU_GAIN,
            signed=True,
            formula="v > 0 ? v : expm1(v)",
            onnx="y = Elu (z)",
            torch="ELU()",
            keras="ELU()",
        ),
        ActivationFunction(
            "softplus",
            softplus,
            softplus_backward,
            gain=_RELU_GAIN,
            formula="fmax(v, 0) + log1p(exp(-fabs(v)))",
            onnx="y = Softplus (z)",
            torch="Softplus()",
            keras='Activation("softplus")',
        ),
        ActivationFunction(
            "gelu",
            gelu,
            gelu_backward,
            gain=_RELU_GAIN,
            needs_sums=True,
            signed=True,
            formula=f"0.5 * v * (1 + tanh({GELU_SCALE} * v * (1 + {GELU_CUBE} * v * v)))",
            onnx='y = Gelu <approximate = "tanh"> (z)',
            torch='GELU(approximate="tanh")',
            keras="Activation(lambda z: keras.activations.gelu(z, approximate=True))",
        ),
        ActivationFunction(
            "silu",
            silu,
            silu_backward,
            gain=_RELU_GAIN,
            needs_sums=True,
            signed=True,
            formula="v * (0.5 * tanh(0.5 * v) + 0.5)",
            # Abs changes nothing: without it ONNX Runtime fuses both to what float64 does not have
            onnx="s = Sigmoid (z) p = Abs (s) y = Mul (z, p)",
            torch="SiLU()",
            keras='Activation("silu")',
        ),
        ActivationFunction(
            "identity",
            identity,
            identity_backward,
            signed=True,
            formula="v",
            onnx="y = Identity (z)",
            torch="Identity()",
            keras='Activation("linear")',
        ),
        ActivationFunction(
            "softmax",
            softmax,
            softmax_backward,
            probability=True,
            bounded=True,  # its formula is of a whole row: each export writes it
            onnx="y = Softmax <axis = -1> (z)",
            torch="Softmax(dim=1)",
            keras="Softmax()",
        ),
        ActivationFunction(
            "step", step, step_backward, trainable=False, bounded=True, formula="v > 0 ? 1 : 0"
        ),
    )
}
