"""Scoring: loss and predicted classes of labelled samples."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import FloatArray
from .losses import Loss, check_labels, target_rows
from .network import Network
from .sample_weights import weighted


def score(
    network: Network,
    loss: Loss,
    x: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    batch_size: int = 1000,
    *,
    weights: FloatArray | None = None,
    progress: Callable[[int], object] | None = None,
) -> tuple[float, NDArray[np.intp]]:
    """Return the mean loss of n ≥ 1 samples and their predicted classes (n,), batch by batch.

    With `weights` (n,), the loss of each sample counts so many times in the mean over n. `progress`
    is called with the number of samples of each batch, after it.
    """
    rows = target_rows(network.sizes[-1], network.dtype)
    work = network.workspace(min(batch_size, len(x)))
    predicted = np.empty(len(x), np.intp)
    total = 0.0
    for start in range(0, len(x), batch_size):
        batch = slice(start, start + batch_size)
        targets = rows[labels[batch]]
        work = work.resized(len(targets))
        counted = weighted(loss, None if weights is None else weights[batch])
        total += network.loss(x[batch], targets, counted, work) * len(targets)
        predicted[batch] = predicted_classes(work.outputs)
        if progress is not None:
            progress(len(targets))
    return total / len(x), predicted


def check_samples(network: Network, x: NDArray[Any], labels: NDArray[Any]) -> None:
    """Refuse samples that a network cannot read, or of classes that it does not have."""
    n_inputs, shape, n = network.sizes[0], np.shape(x), len(labels)
    if n == 0 or shape != (n, n_inputs):
        raise ValueError(
            f"samples must be an array of shape (n, {n_inputs}) with n labels, got {shape} with {n}"
        )
    check_labels(labels, network.sizes[-1])


def predicted_classes(outputs: FloatArray) -> NDArray[np.intp]:
    """Return the index of each row's largest output; of a single output, whether it is above ½."""
    if outputs.shape[1] == 1:
        above: NDArray[np.bool_] = outputs[:, 0] > 0.5
        return above.astype(np.intp)
    largest: NDArray[np.intp] = outputs.argmax(axis=1)
    return largest
