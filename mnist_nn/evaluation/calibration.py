"""A network is calibrated if it is right as often as it says it is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

N_BINS = 10


@dataclass(frozen=True, eq=False)
class Calibration:
    """Confidences in bins of the same width, from 0 to 1; every array is of shape (n_bins,).

    Attributes
    ----------
    counts
        Samples in each bin.
    right
        How many of them were predicted right.
    confidence
        Mean of each bin; NaN where it is empty.
    """

    counts: NDArray[np.intp]
    right: NDArray[np.intp]
    confidence: NDArray[np.float64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """Where the bins begin and end, of shape (n_bins + 1,)."""
        return np.linspace(0, 1, len(self.counts) + 1)

    @property
    def accuracy(self) -> NDArray[np.float64]:
        """Share of each bin that was predicted right; NaN where it is empty."""
        return self.right / np.where(self.counts, self.counts, np.nan)

    @property
    def error(self) -> float:
        """Expected calibration error: how far, on average, accuracy is from confidence.

        ``Σ counts/n · |accuracy - confidence|`` over the bins (Guo et al., "On calibration of
        modern neural networks", 2017).
        """
        gaps = np.abs(self.accuracy - self.confidence)
        return float(np.nansum(self.counts * gaps) / self.counts.sum())


def calibrate(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], n_bins: int = N_BINS
) -> Calibration:
    """Sort samples into bins by confidence.

    Parameters
    ----------
    confidence
        Of 0 to 1, of shape (n,), n at least 1.
    right
        Which were predicted right, of shape (n,).
    n_bins
        1 or more. A bin has its upper edge and not its lower one, but for the first, which has 0.

    Returns
    -------
    Calibration
    """
    inner = np.linspace(0, 1, n_bins + 1)[1:-1]
    bins = np.searchsorted(inner, confidence, side="left")
    counts = np.bincount(bins, minlength=n_bins)
    sums = np.bincount(bins, confidence, minlength=n_bins)
    hits = np.bincount(bins[right], minlength=n_bins)
    return Calibration(counts, hits, sums / np.where(counts, counts, np.nan))
