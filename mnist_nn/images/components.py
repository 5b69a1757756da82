"""Connected components of a mask (8-connectivity)."""

import numpy as np
from numpy.typing import NDArray


def label(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Label the components of a mask; return the label of each pixel, and the area of each.

    Labels are 0 outside, and from 1 in the order of the components' first pixels, row by row.
    """
    padded = np.zeros((mask.shape[0], mask.shape[1] + 2), np.int8)
    padded[:, 1:-1] = mask
    steps = np.diff(padded, axis=1)
    rows, starts = np.nonzero(steps == 1)
    ends = np.nonzero(steps == -1)[1]
    parents = _joined(rows.tolist(), starts.tolist(), ends.tolist())
    numbers: dict[int, int] = {}  # label of each root
    labels = np.zeros(mask.shape, np.intp)
    for i, (row, start, end) in enumerate(zip(rows, starts, ends, strict=True)):
        labels[row, start:end] = numbers.setdefault(_root(parents, i), len(numbers) + 1)
    return labels, np.bincount(labels.ravel(), minlength=len(numbers) + 1)[1:]


def _joined(rows: list[int], starts: list[int], ends: list[int]) -> list[int]:
    """Join each run of pixels to those it touches in the row above; return a parent for each."""
    parents = list(range(len(rows)))
    above = 0  # the first run that may touch the current one
    for i, row in enumerate(rows):
        while rows[above] < row - 1 or (rows[above] == row - 1 and ends[above] < starts[i]):
            above += 1
        k = above
        while rows[k] == row - 1 and starts[k] <= ends[i]:
            a, b = _root(parents, k), _root(parents, i)
            parents[max(a, b)] = min(a, b)
            k += 1
    return parents


def _root(parents: list[int], i: int) -> int:
    while parents[i] != i:
        parents[i] = parents[parents[i]]
        i = parents[i]
    return i
