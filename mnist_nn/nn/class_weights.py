"""Class weights: how much the samples of each class count in the training loss.

Without them a rare class adds little to the loss: where it has 1 sample in 100, a network that
never predicts it is right 99 times. With the weight ``w_k`` of class k, the loss of a batch of n
samples is ``1/n Σ w_y loss(x, y)``: each sample's loss, and so its gradient, times the weight of
its class. It is divided by n and not by ``Σ w_y``, so that a sample counts the same in whatever
batch it comes.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .activations import ActivationFunction
from .arrays import FloatArray
from .losses import Loss
from .scoring import predicted_classes


def balanced_weights(labels: NDArray[np.integer[Any]], n_classes: int) -> FloatArray:
    """Return the weights (n_classes,) by which all classes of labels (n,) count the same in sum.

    ``n / (k n_c)`` for n_c samples of a class, where k is the number of classes that have any (King
    and Zeng, "Logistic regression in rare events data", 2001). Their mean over the samples is 1. A
    class without samples has the weight 0, which nothing is multiplied by.
    """
    counts = np.bincount(labels, minlength=n_classes)
    there = counts > 0
    weights = np.zeros(n_classes)
    weights[there] = len(labels) / (np.count_nonzero(there) * counts[there])
    return weights


def weighted(loss: Loss, weights: FloatArray) -> Loss:
    """Return a loss that counts each sample by the weight of its class, (n_classes,).

    A sample's class is that of its target's largest entry.
    """

    def values(logits: FloatArray, outputs: FloatArray, targets: FloatArray) -> FloatArray:
        found: FloatArray = (
            loss.values(logits, outputs, targets) * weights[predicted_classes(targets)]
        )
        return found

    def gradient(
        activation: ActivationFunction,
        logits: FloatArray,
        outputs: FloatArray,
        targets: FloatArray,
        out: FloatArray,
    ) -> None:
        loss.gradient(activation, logits, outputs, targets, out)
        out *= weights[predicted_classes(targets), None]  # (n, n_outputs) * (n, 1)

    return replace(loss, values=values, gradient=gradient)
