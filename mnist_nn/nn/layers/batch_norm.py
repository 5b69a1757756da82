"""Batch normalization layer: each unit's sums get a mean and a variance that are learned.

Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing internal
covariate shift", 2015; momentum and epsilon as in Keras.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from ..arrays import FloatArray
from ..parameters import Parameter
from .base import Cache, Layer

MOMENTUM = 0.99  # share of the running statistics that a step keeps
EPSILON = 1e-3  # added to variances, so that none is zero


@dataclass(eq=False)
class BatchNorm(Layer):
    """Batch normalization, to be put between a dense layer and its activation.

    In training a unit's inputs ``x`` are normalized by their mean μ and variance v over the batch,
    which should have two samples or more:

        x̂ = (x - μ) / √(v + ε)
        y = γ x̂ + β

    and running averages of both are kept, ``mean ← 0.99 mean + 0.01 μ`` and likewise for v (divided
    by n, not n - 1, as Keras does). In evaluation these take the place of μ and v, so that an
    answer does not depend on what else is in the batch.

    Attributes
    ----------
    gamma, d_gamma, beta, d_beta
        γ and β, which start as 1 and 0, and their gradients, of shape (units,), once in a network.
    mean, variance
        The running averages, of shape (units,), which start as 0 and 1. They are not trained.
    """

    gamma: FloatArray = field(init=False, repr=False)
    d_gamma: FloatArray = field(init=False, repr=False)
    beta: FloatArray = field(init=False, repr=False)
    d_beta: FloatArray = field(init=False, repr=False)
    mean: FloatArray = field(init=False, repr=False)
    variance: FloatArray = field(init=False, repr=False)

    keeps_outputs = False

    def parameters(self, n_inputs: int) -> list[Parameter]:
        """List γ and β, and the running averages, which are not trained."""
        return [
            Parameter("gamma", (n_inputs,), start=1.0),
            Parameter("beta", (n_inputs,)),
            Parameter("mean", (n_inputs,), trainable=False),
            Parameter("variance", (n_inputs,), trainable=False, start=1.0),
        ]

    def bind(
        self, n_inputs: int, params: Mapping[str, FloatArray], grads: Mapping[str, FloatArray]
    ) -> None:
        """Take the views of all four."""
        self.gamma, self.d_gamma = params["gamma"], grads["gamma"]
        self.beta, self.d_beta = params["beta"], grads["beta"]
        self.mean, self.variance = params["mean"], params["variance"]

    def affine(self) -> tuple[FloatArray, FloatArray]:
        """Return the scale ``γ / √(variance + ε)`` and the shift ``β - scale · mean``."""
        scale = self.gamma / np.sqrt(self.variance + self.variance.dtype.type(EPSILON))
        return scale, self.beta - scale * self.mean

    def forward(self, x: FloatArray, cache: Cache) -> FloatArray:
        """``y = γ x̂ + β``: see the class."""
        y = cache.buffer("y", *x.shape)  # (n, units)
        if not cache.training:
            scale, shift = self.affine()
            cache["x"] = x
            np.multiply(x, scale, out=y)
            y += shift
            return y
        x_hat = cache["x_hat"] = cache.buffer("x_hat", *x.shape)
        average = cache.buffer("average", len(x), fill=1 / len(x))  # (n,): times it is a mean
        mu = average @ x  # (units,)
        np.subtract(x, mu, out=x_hat)
        np.multiply(x_hat, x_hat, out=y)
        v = average @ y
        scale = cache["scale"] = 1 / np.sqrt(v + v.dtype.type(EPSILON))
        x_hat *= scale
        np.multiply(x_hat, self.gamma, out=y)
        y += self.beta
        for running, measured in ((self.mean, mu), (self.variance, v)):
            running *= MOMENTUM
            running += (1 - MOMENTUM) * measured
        return y

    def backward(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """Follow the chain rule through ``y = γ x̂ + β`` and ``x̂ = (x - μ) s``, s = 1 / √(v + ε).

        γ and β are read by every row, so their gradients are sums over rows:

            dγ = Σ dy · x̂
            dβ = Σ dy

        An input moves its own x̂ by s, and by way of μ and v that of every row in its column. With
        ``∂μ/∂xᵢ = 1/n``, ``∂v/∂xᵢ = 2 (xᵢ - μ) / n`` and ``∂s/∂v = -s³/2``:

            dxᵢ = γ s (dyᵢ - Σ dy / n - x̂ᵢ Σ (dy · x̂) / n)
                = γ s (dyᵢ - (dβ + x̂ᵢ dγ) / n)

        In evaluation μ and v are constants, and ``dx = γ s dy``.
        """
        if not cache.training:
            return self._backward_in_evaluation(dy, cache)
        x_hat, n = cache["x_hat"], len(dy)
        average = cache.buffer("average", n)
        product = np.multiply(dy, x_hat, out=cache.buffer("y", *dy.shape))  # y is not needed again
        mean_gamma, mean_beta = average @ product, average @ dy  # (units,): dγ / n and dβ / n
        np.multiply(mean_gamma, n, out=self.d_gamma)
        np.multiply(mean_beta, n, out=self.d_beta)
        dy -= mean_beta
        np.multiply(x_hat, mean_gamma, out=product)
        dy -= product
        dy *= self.gamma * cache["scale"]
        return dy

    def _backward_in_evaluation(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """Fill the gradients where the running averages normalize."""
        scale, _ = self.affine()
        deviation = np.sqrt(self.variance + self.variance.dtype.type(EPSILON))
        x_hat = (cache["x"] - self.mean) / deviation  # (n, units)
        np.sum(dy * x_hat, axis=0, out=self.d_gamma)
        np.sum(dy, axis=0, out=self.d_beta)
        dy *= scale
        return dy
