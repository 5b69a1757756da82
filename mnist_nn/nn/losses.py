"""Losses and their gradients.

Each is a pair of functions. ``values(logits, outputs, targets)`` is the loss of each sample;
``gradient(activation, logits, outputs, targets, out)`` writes to ``out`` the gradient of their
*mean* with respect to the *logits*: the last layer's sums, before its activation. Two pairs of loss
and activation were made for each other, softmax with cross-entropy and sigmoid with binary
cross-entropy: their gradient is simply ``outputs - targets``, over the number of samples, and their
value, computed from the logits, is finite however wrong the network is.

Every array is ``(n, n_outputs)`` but the values, ``(n,)``; `encode` turns integer labels into such
targets.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from .activations import ACTIVATIONS, ActivationFunction
from .arrays import FloatArray

Values: TypeAlias = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]
Gradient: TypeAlias = Callable[
    [ActivationFunction, FloatArray, FloatArray, FloatArray, FloatArray], None
]


def cross_entropy(logits: FloatArray, outputs: FloatArray, targets: FloatArray) -> FloatArray:
    """-Σ t log y per sample, for softmax outputs; targets are rows that sum to one.

    With ``y = softmax(z)``, ``-log y_k = (z_max - z_k) - log y_max``. The first term never passes
    through an exponential, and ``y_max`` is at least ``1 / n_outputs``, so the logarithm never
    meets zero. For the gradient, ``∂(-log y_k)/∂z_j = y_j - [j = k]``, hence ``y - t``.
    """
    wanted = np.einsum("nk,nk->n", targets, logits)  # z_k of each row
    values: FloatArray = logits.max(axis=1) - wanted - np.log(outputs.max(axis=1))
    return values


def binary_cross_entropy(
    logits: FloatArray, outputs: FloatArray, targets: FloatArray
) -> FloatArray:
    """-Σ [t log y + (1 - t) log(1 - y)] per sample, for sigmoid outputs, each a yes or no.

    It sums over the outputs, where Keras and others take their mean. With ``y = σ(z)`` one term is
    ``max(z, 0) - z t + log(1 + e^-|z|)``, in which nothing overflows; its derivative is
    ``σ(z) - t``.
    """
    terms = np.maximum(logits, 0) - logits * targets + np.log1p(np.exp(-np.abs(logits)))
    values: FloatArray = terms.sum(axis=1)
    return values


def error_gradient(
    activation: ActivationFunction,
    logits: FloatArray,
    outputs: FloatArray,
    targets: FloatArray,
    out: FloatArray,
) -> None:
    """``dz = (y - t) / n``, of either cross-entropy."""
    np.subtract(outputs, targets, out=out)
    out /= len(out)


def mean_squared_error(logits: FloatArray, outputs: FloatArray, targets: FloatArray) -> FloatArray:
    """½ Σ (y - t)² per sample, for any output.

    The mean is over samples only. Keras and others take it over the outputs as well, and no half.
    """
    error = outputs - targets  # (n, n_outputs)
    values: FloatArray = 0.5 * np.einsum("nk,nk->n", error, error)
    return values


def squared_error_gradient(
    activation: ActivationFunction,
    logits: FloatArray,
    outputs: FloatArray,
    targets: FloatArray,
    out: FloatArray,
) -> None:
    """``dy = (y - t) / n``, and from there back through the activation."""
    dy = outputs - targets
    dy /= len(dy)
    activation.backward(logits, outputs, dy, out)


@dataclass(frozen=True)
class Loss:
    """An entry of the table of losses: see this module's docstring."""

    name: str  # key in a config
    values: Values
    gradient: Gradient
    fits: tuple[str, ...]  # output activations that it is defined for
    reason: str  # why it fits no other: the end of an error message

    def mean(self, logits: FloatArray, outputs: FloatArray, targets: FloatArray) -> float:
        """Return the mean loss of the samples, in float64."""
        values = self.values(logits, outputs, targets)
        return float(np.mean(values, dtype=np.float64))

    def check(self, activation: str) -> None:
        """Raise ValueError if this loss is not defined for an output activation."""
        if activation not in self.fits:
            raise ValueError(
                f"{self.name} does not fit a {activation} output: {self.reason}; "
                f"fitting outputs: {', '.join(self.fits)}"
            )


LOSSES = {
    loss.name: loss
    for loss in (
        Loss(
            "cross_entropy",
            cross_entropy,
            error_gradient,
            ("softmax",),
            "it scores probabilities that sum to one",
        ),
        Loss(
            "binary_cross_entropy",
            binary_cross_entropy,
            error_gradient,
            ("sigmoid",),
            "it scores each output as a yes or no of its own",
        ),
        Loss(
            "mean_squared_error",
            mean_squared_error,
            squared_error_gradient,
            tuple(name for name, a in ACTIVATIONS.items() if a.trainable),
            "the derivative of that output is zero wherever it exists",
        ),
    )
}


def target_rows(n_outputs: int, dtype: DTypeLike, smoothing: float = 0.0) -> FloatArray:
    """Return the targets of each class, of shape (n_classes, n_outputs).

    They are one-hot rows, or ``[[0], [1]]`` for a single output. A share `smoothing` of each, below
    1, is spread evenly over all classes, so that the network is not asked to be certain (Szegedy et
    al., "Rethinking the Inception architecture for computer vision", 2016).
    """
    hard = np.array([[0], [1]]) if n_outputs == 1 else np.eye(n_outputs)
    return ((1 - smoothing) * hard + smoothing / len(hard)).astype(dtype)


def encode(labels: ArrayLike, n_outputs: int, dtype: DTypeLike = np.float64) -> FloatArray:
    """Return targets (n, n_outputs) of integer labels (n,); targets that are rows already are cast.

    A ValueError is raised if a label is no class or the rows have another width.
    """
    labels = np.asarray(labels)
    if labels.ndim == 1:
        check_labels(labels, n_outputs)
        return np.take(target_rows(n_outputs, dtype), labels, axis=0)
    if labels.shape[1:] != (n_outputs,):
        raise ValueError(f"targets must be (n, {n_outputs}), got {labels.shape}")
    return np.asarray(labels, dtype)


def check_labels(labels: NDArray[Any], n_outputs: int) -> None:
    """Raise ValueError unless labels (n,) are whole numbers of 0 to n_classes - 1."""
    n_classes = max(n_outputs, 2)  # a single output tells two apart
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be whole numbers (n,), got {labels.shape} {labels.dtype}")
    if labels.size and not 0 <= labels.min() <= labels.max() < n_classes:
        raise ValueError(
            f"labels must lie in 0..{n_classes - 1} for {n_outputs} outputs, "
            f"got {labels.min()}..{labels.max()}"
        )
