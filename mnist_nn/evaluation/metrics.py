"""How good a network is: loss, accuracy, confusion matrix, scores by class, and calibration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..data import Samples
from ..data.scale import check_scale
from ..errors import hint
from ..nn import LOSSES, Network, check_samples, score, target_rows
from .intervals import wilson_interval
from .notebook import evaluation_html


@dataclass(frozen=True)
class ClassScore:
    """Scores of one class.

    Attributes
    ----------
    precision
        Fraction of the samples predicted as this class that belong to it; 0 if there are none.
    recall
        Fraction of the samples of this class that were predicted as it; 0 if there are none.
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
    """Result of a network on a set of samples.

    Attributes
    ----------
    loss
        Mean loss over the samples.
    confusion
        Array of shape (n_classes, n_classes); ``confusion[true, predicted]`` counts samples.
    class_names
        Names of the classes; none if they are not known.
    """

    loss: float
    confusion: NDArray[np.intp]
    class_names: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """Number of samples."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """Fraction of the samples that were predicted correctly."""
        return int(np.trace(self.confusion)) / self.samples

    @property
    def interval(self) -> tuple[float, float]:
        """95 % confidence interval of `accuracy`."""
        return wilson_interval(int(np.trace(self.confusion)), self.samples)

    @property
    def per_class(self) -> list[ClassScore]:
        """Scores of each class."""
        right = np.diag(self.confusion)
        support, predicted = self.confusion.sum(axis=1), self.confusion.sum(axis=0)
        return [
            ClassScore(_fraction(r, p), _fraction(r, s), _fraction(2 * r, p + s), int(s))
            for r, p, s in zip(right, predicted, support, strict=True)
        ]

    def _repr_html_(self) -> str:
        """Show the scores and the confusions, in a notebook."""
        return evaluation_html(self)


def _fraction(part: Any, whole: Any) -> float:
    return float(part / whole) if whole else 0.0


@one_blas_thread()
def evaluate(
    network: Network,
    samples: Samples,
    loss: str = "cross_entropy",
    *,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """Evaluate a network.

    Parameters
    ----------
    network
        Network to evaluate; it is not changed.
    samples
        Labelled samples, at least one, of the network's classes.
    loss
        Name of the loss that it was trained with, a key of `LOSSES`.
    progress
        Function that is called with the number of samples of each batch, after it.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        If the samples do not suit the network, or there is no such loss.
    """
    if loss not in LOSSES:
        raise ValueError(f"unknown loss '{loss}' {hint(loss, LOSSES)}")
    check_samples(network, *samples)
    check_scale(samples.x, network.input_scale)
    value, predicted = score(network, LOSSES[loss], *samples, progress=progress)
    n_classes = len(target_rows(network.sizes[-1], network.dtype))
    return Evaluation(value, confusion_matrix(samples.y, predicted, n_classes))


def confusion_matrix(
    labels: NDArray[np.integer[Any]], predicted: NDArray[np.intp], n_classes: int
) -> NDArray[np.intp]:
    """Count samples by their true and their predicted class, both of shape (n,)."""
    pairs = labels.astype(np.intp) * n_classes + predicted
    return np.bincount(pairs, minlength=n_classes**2).reshape(n_classes, n_classes)


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predicted class and confidence of each sample, arrays of shape (n,).

    A confidence is the largest output, calibrated if the model is, or, of a single output p, the
    larger of p and 1 - p; the last activation decides whether it `is_probability`.
    """

    predicted: NDArray[np.intp]
    confidence: NDArray[np.float64]
    is_probability: bool

    def confidence_text(self, i: int) -> str:
        """Format the confidence of sample `i` for people."""
        value = self.confidence[i]
        if not self.is_probability:
            return f"output {value:.3g}"
        return f"{value:.2%} sure" if value < 0.99995 else ">99.99% sure"


@dataclass(frozen=True, eq=False)
class Reliability:
    """Comparison of confidence and accuracy, in bins of equal width from 0 to 1.

    All arrays have shape (n_bins,): the samples in each bin, how many of them were predicted
    correctly, and the mean confidence, which is NaN where a bin is empty.
    """

    counts: NDArray[np.intp]
    right: NDArray[np.intp]
    confidence: NDArray[np.float64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """Edges of the bins, of shape (n_bins + 1,)."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Accuracy in each bin; NaN where it is empty."""
        return self.right / np.where(self.counts, self.counts, np.nan)

    @property
    def error(self) -> float:
        """Expected calibration error: mean distance between accuracy and confidence.

        ``Σ counts/n · |accuracy - confidence|`` over the bins (Guo et al., "On calibration of
        modern neural networks", 2017).
        """
        gaps = np.abs(self.accuracy - self.confidence)
        return float(np.nansum(self.counts * gaps) / self.counts.sum())


def measure_reliability(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], n_bins: int = 10
) -> Reliability:
    """Sort samples into bins by confidence; both arrays have shape (n,), n at least 1.

    A bin includes its upper edge but not its lower one; the first also includes 0.
    """
    inner = np.linspace(0, 1, n_bins + 1)[1:-1]
    bins = np.searchsorted(inner, confidence, side="left")
    counts = np.bincount(bins, minlength=n_bins)
    sums = np.bincount(bins, confidence, minlength=n_bins)
    n_right = np.bincount(bins[right], minlength=n_bins)
    return Reliability(counts, n_right, sums / np.where(counts, counts, np.nan))
