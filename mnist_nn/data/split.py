"""A split holds some of the training samples out, to validate on."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def stratified_split(
    labels: NDArray[np.integer[Any]], held_out: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose which samples to hold out, each class in proportion to its size.

    Parameters
    ----------
    labels
        Of shape (n,).
    held_out
        How many to hold out, 0 to n.
    rng
        Chooses them.

    Returns
    -------
    kept : ndarray of shape (n - held_out,)
    held : ndarray of shape (held_out,)
        Places in `labels`, each in ascending order.
    """
    _, members = np.unique(labels, return_inverse=True)
    sizes = np.bincount(members)
    share = sizes * held_out / len(labels)
    counts = np.floor(share).astype(np.intp)
    short = held_out - counts.sum()  # given to the classes that rounding down cost most
    counts[np.argsort(counts - share, kind="stable")[:short]] += 1
    held = np.concatenate(
        [rng.permutation(np.flatnonzero(members == k))[:count] for k, count in enumerate(counts)]
    )
    mask = np.zeros(len(labels), bool)
    mask[held] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)
