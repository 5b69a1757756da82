"""A score says how well a network does on labelled samples that it does not learn from."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arrays import FloatArray
from .losses import Loss, target_rows
from .network import Network


def score(
    network: Network,
    loss: Loss,
    x: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    batch_size: int = 1000,
) -> tuple[float, NDArray[np.intp]]:
    """Measure the mean loss and predict the classes, `batch_size` samples at a time.

    Parameters
    ----------
    network
        Left as it is.
    loss
        An entry of `LOSSES` that fits it.
    x
        Of shape (n, n_inputs), n at least 1.
    labels
        Number of the class of each, of shape (n,).
    batch_size
        Samples per pass, 1 or more.

    Returns
    -------
    float
        Mean loss.
    ndarray of shape (n,)
        Predicted classes.
    """
    rows = target_rows(network.sizes[-1], network.dtype)
    work = network.workspace(min(batch_size, len(x)))
    predicted = np.empty(len(x), np.intp)
    total = 0.0
    for start in range(0, len(x), batch_size):
        batch = slice(start, start + batch_size)
        targets = rows[labels[batch]]
        work = work.resized(len(targets))
        total += network.loss(x[batch], targets, loss, work) * len(targets)
        predicted[batch] = predicted_classes(work.outputs)
    return total / len(x), predicted


def predicted_classes(outputs: FloatArray) -> NDArray[np.intp]:
    """Return the most likely class of each row of outputs.

    Parameters
    ----------
    outputs
        Of shape (n, n_outputs).

    Returns
    -------
    ndarray of shape (n,)
        The largest output of each row; where there is a single output, 1 if it is above ½.
    """
    if outputs.shape[1] == 1:
        above: NDArray[np.bool_] = outputs[:, 0] > 0.5
        return above.astype(np.intp)
    largest: NDArray[np.intp] = outputs.argmax(axis=1)
    return largest
