"""Splitting of training samples into those for training and those for validation."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def stratified_split(
    labels: NDArray[np.integer[Any]], held_out: int, rng: np.random.Generator
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Choose samples to hold out, of each class in proportion to its size.

    Return the indices of the others and of those held out, each ascending: `labels` has shape (n,),
    and `held_out` of them, 0 to n, are drawn by `rng`.
    """
    _, members = np.unique(labels, return_inverse=True)
    sizes = np.bincount(members)
    share = sizes * held_out / len(labels)
    counts = np.floor(share).astype(np.intp)
    rest = held_out - counts.sum()  # goes to the classes that lost most by rounding down
    counts[np.argsort(counts - share, kind="stable")[:rest]] += 1
    held = np.concatenate(
        [rng.permutation(np.flatnonzero(members == k))[:count] for k, count in enumerate(counts)]
    )
    mask = np.zeros(len(labels), bool)
    mask[held] = True
    return np.flatnonzero(~mask), np.flatnonzero(mask)
