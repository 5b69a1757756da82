"""Sample weights: how much each sample counts in the training loss.

With the weight ``w_i`` of sample i, the loss of a batch of n samples is ``1/n Σ w_i loss(x_i,
y_i)``: each sample's loss, and so its gradient, times its weight. It is divided by n and not by
``Σ w_i``, so that a sample counts the same in whatever batch it comes.

Without weights a rare class adds little to the loss: where it has 1 sample in 100, a network that
never predicts it is right 99 times. So the weight of a sample may be that of its class.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .activations import ActivationFunction
from .arrays import FloatArray
from .losses import Loss


def check_weights(weights: ArrayLike, n: int) -> FloatArray:
    """Return the weights of n samples in float64; ValueError if they are none."""
    found = np.asarray(weights)
    if found.shape != (n,) or found.dtype.kind not in "biuf":
        raise ValueError(
            f"sample_weight must be one number for each of the {n} samples, "
            f"got {found.shape} {found.dtype}"
        )
    found = found.astype(np.float64)
    if not np.isfinite(found).all() or found.min() < 0 or not found.any():
        raise ValueError(
            "sample_weight must have finite weights of 0 or more, one of them above 0, "
            f"got {found.min()}..{found.max()}"
        )
    return found


def balanced_weights(
    labels: NDArray[np.integer[Any]], n_classes: int, sample_weight: FloatArray | None = None
) -> FloatArray:
    """Return the weights (n_classes,) by which all classes of labels (n,) count the same in sum.

    ``n / (k n_c)`` for n_c samples of a class, where k is the number of classes that have any (King
    and Zeng, "Logistic regression in rare events data", 2001). Their mean over the samples is 1. A
    class without samples has the weight 0, which nothing is multiplied by. With weights of samples,
    (n,), their sums stand for the numbers of samples.
    """
    counts = np.bincount(labels, sample_weight, n_classes)
    there = counts > 0
    weights = np.zeros(n_classes)
    weights[there] = counts.sum() / (np.count_nonzero(there) * counts[there])
    return weights


def weighted(loss: Loss, weights: FloatArray | None) -> Loss:
    """Return a loss of n samples that counts each by its weight, (n,); None counts all alike."""
    if weights is None:
        return loss

    def values(logits: FloatArray, outputs: FloatArray, targets: FloatArray) -> FloatArray:
        found: FloatArray = loss.values(logits, outputs, targets) * weights
        return found

    def gradient(
        activation: ActivationFunction,
        logits: FloatArray,
        outputs: FloatArray,
        targets: FloatArray,
        out: FloatArray,
    ) -> None:
        loss.gradient(activation, logits, outputs, targets, out)
        out *= weights[:, None]  # (n, n_outputs) * (n, 1)

    return replace(loss, values=values, gradient=gradient)
