"""An activation bends a layer's weighted sums, so that stacked layers can do more than one could.

Each is a pair of functions. ``sigmoid(z)`` goes forward, from the sums ``z`` to the outputs ``y``;
``sigmoid_pullback(y, dy)`` goes back, from the loss's gradient with respect to ``y`` to its
gradient with respect to ``z``. The way back needs only the *output*, so the sums can be forgotten.

Every array is floating-point and ``(n, units)``, one row per sample. ``out`` may be given to spare
an allocation; a forward function may write over its own input.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .arrays import FloatArray

LEAK = 0.01  # slope of the leaky ReLU below zero (Maas, Hannun and Ng, 2013)


def sigmoid(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """σ(z) = 1 / (1 + e⁻ᶻ), written as (1 + tanh(z/2)) / 2, which cannot overflow.

    It is right to the last digit of 1, not of itself: far below zero it is exactly 0.
    """
    out = np.multiply(z, 0.5, out=out)
    np.tanh(out, out=out)
    out *= 0.5
    out += 0.5
    return out


def sigmoid_pullback(y: FloatArray, dy: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``dz = dy · y (1 - y)``."""
    out = np.subtract(1, y, out=out)
    out *= y
    out *= dy
    return out


def tanh(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Hyperbolic tangent: a sigmoid centred on zero."""
    return np.tanh(z, out=out)


def tanh_pullback(y: FloatArray, dy: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``dz = dy · (1 - y²)``."""
    out = np.multiply(y, y, out=out)
    np.subtract(1, out, out=out)
    out *= dy
    return out


def relu(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``max(z, 0)``."""
    return np.maximum(z, 0, out=out)


def relu_pullback(y: FloatArray, dy: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``dz = dy`` where y > 0, else 0 (the slope at the kink is taken as 0)."""
    return np.multiply(dy, y > 0, out=out)


def leaky_relu(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``z`` where z > 0, else ``LEAK · z``: a unit that is off still learns."""
    return np.maximum(z, np.multiply(z, LEAK), out=out)


def leaky_relu_pullback(y: FloatArray, dy: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``dz = dy`` where y > 0, else ``LEAK · dy``."""
    out = np.multiply(dy, LEAK, out=out)
    np.copyto(out, dy, where=y > 0)
    return out


def identity(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """Leave the sums as they are."""
    return np.positive(z, out=out)


def identity_pullback(y: FloatArray, dy: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``dz = dy``."""
    return np.positive(dy, out=out)


def softmax(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """e^z / Σ e^z along each row: positive, summing to one.

    Adding a constant to a row changes nothing, so the row's maximum is taken away first and no
    exponential exceeds 1.
    """
    out = np.subtract(z, z.max(axis=-1, keepdims=True), out=out)
    np.exp(out, out=out)
    out /= out.sum(axis=-1, keepdims=True)
    return out


def softmax_pullback(y: FloatArray, dy: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """``dz = y · (dy - Σ dy·y)``: each output depends on every sum of its row."""
    out = np.multiply(dy, y, out=out)
    weighted = out.sum(axis=-1, keepdims=True)  # (n, 1)
    np.subtract(dy, weighted, out=out)
    out *= y
    return out


def step(z: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """1 where z > 0, else 0: Rosenblatt's unit. Flat everywhere, so it cannot be trained."""
    return np.heaviside(z, 0, out=out)


@dataclass(frozen=True)
class Activation:
    """One entry of the table of activations.

    Attributes
    ----------
    name
        Its key in a config.
    function
        ``function(z, out)``: from a layer's sums to its outputs.
    pullback
        ``pullback(y, dy, out)``: from the gradient at the outputs to the gradient at the sums,
        given the outputs; None where the function has no useful derivative.
    gain
        How much larger than Glorot's the starting weights should be for the signal to keep its
        size. Glorot and Bengio (2010) assume a slope of 1 at 0; the sigmoid's is 1/4, so its gain
        is 4. A ReLU is off half of the time, which halves the variance, so its gain is √2 (He et
        al., 2015).
    """

    name: str
    function: Callable[[FloatArray, FloatArray | None], FloatArray]
    pullback: Callable[[FloatArray, FloatArray, FloatArray | None], FloatArray] | None
    gain: float = 1.0

    def pull_back(self, y: FloatArray, dy: FloatArray, out: FloatArray) -> FloatArray:
        """Apply `pullback`.

        Raises
        ------
        ValueError
            If there is none.
        """
        self.check_trainable()
        assert self.pullback is not None
        return self.pullback(y, dy, out)

    def check_trainable(self) -> None:
        """Refuse to train through a function that has no useful derivative.

        Raises
        ------
        ValueError
            If this is one.
        """
        if self.pullback is None:
            raise ValueError(
                f"{self.name}: its derivative is zero wherever it exists, so it cannot be trained; "
                "use sigmoid, tanh or relu"
            )


ACTIVATIONS = {
    activation.name: activation
    for activation in (
        Activation("sigmoid", sigmoid, sigmoid_pullback, gain=4.0),
        Activation("tanh", tanh, tanh_pullback),
        Activation("relu", relu, relu_pullback, gain=2**0.5),
        Activation("leaky_relu", leaky_relu, leaky_relu_pullback, gain=2**0.5),
        Activation("identity", identity, identity_pullback),
        Activation("softmax", softmax, softmax_pullback),
        Activation("step", step, None),
    )
}
