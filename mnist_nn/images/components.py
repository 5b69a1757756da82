"""A component is a set of pixels that hang together: a stroke, or a speck."""

import numpy as np
from numpy.typing import NDArray


def label(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Number the components of a mask; pixels that touch at a corner hang together.

    Return the number of each pixel, 0 outside and from 1 in the order of the components' first
    pixels row by row, and the pixels of each component.
    """
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    parent = _joined(rows.tolist(), starts.tolist(), ends.tolist())
    numbers: dict[int, int] = {}
    labels = np.zeros(mask.shape, np.intp)
    for i, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        labels[row, start:end] = numbers.setdefault(_root(parent, i), len(numbers) + 1)
    return labels, np.bincount(labels.ravel(), minlength=len(numbers) + 1)[1:]


def _joined(rows: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """Join each run of pixels to those it touches in the row above: a parent for every run."""
    parent = list(range(len(rows)))
    above = 0  # the first run that may touch the present one
    for i, row in enumerate(rows):
        while rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] < starts[i]):
            above += 1
        k = above
        while rows[k] == row - 1 and starts[k] <= ends[i]:
            a, b = _root(parent, k), _root(parent, i)
            parent[max(a, b)] = min(a, b)
            k += 1
    return parent


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i
