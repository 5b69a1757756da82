"""A metric says in one number what a confusion matrix says in many."""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..data import Samples
from ..data.scale import check_scale
from ..nn import Loss, Network, score, target_rows

Z_95 = NormalDist().inv_cdf(0.975)  # 1.96: 95 % of a normal distribution lie within ± this


@dataclass(frozen=True)
class ClassScore:
    """How one class fared.

    Attributes
    ----------
    precision
        Share of the samples predicted as this class that are of it; 0 where none was.
    recall
        Share of the samples of this class that were predicted as it; 0 where there are none.
    f1
        Harmonic mean of both.
    support
        Number of samples of this class.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, eq=False)
class Evaluation:
    """What a network came to on a set of samples.

    Attributes
    ----------
    loss
        Mean over the samples.
    confusion
        ``confusion[true, predicted]`` counts samples, of shape (n_classes, n_classes).
    """

    loss: float
    confusion: NDArray[np.intp]

    @property
    def samples(self) -> int:
        """How many."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Share of the samples that were predicted right."""
        return int(np.trace(self.confusion)) / self.samples

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of `accuracy`."""
        return wilson_interval(int(np.trace(self.confusion)), self.samples)

    @property
    def per_class(self) -> list[ClassScore]:
        """One score per class."""
        right = np.diag(self.confusion)
        support, predicted = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        return [
            ClassScore(_share(r, p), _share(r, s), _share(2 * r, p + s), int(s))
            for r, p, s in zip(right, predicted, support, strict=True)
        ]


@one_blas_thread()
def evaluate(network: Network, loss: Loss, samples: Samples) -> Evaluation:
    """Measure a network.

    Parameters
    ----------
    network
        Left as it is.
    loss
        What it was trained to lower.
    samples
        At least one, of the network's classes.

    Returns
    -------
    Evaluation
    """
    check_scale(samples.x, network.input_scale)
    value, predicted = score(network, loss, *samples)
    n_classes = len(target_rows(network.sizes[-1], network.dtype))
    pairs = samples.y.astype(np.intp) * n_classes + predicted
    confusion = np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)
    return Evaluation(value, confusion)


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """95 % score interval of a proportion (Wilson, 1927), which stays within 0 and 1.

    Parameters
    ----------
    right
        Successes, 0 to n.
    n
        Trials, 1 or more.

    Returns
    -------
    low, high : float
    """
    p, z = right / n, Z_95
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def _share(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0
