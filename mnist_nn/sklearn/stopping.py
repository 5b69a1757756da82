"""Stopper: whether a run has stopped getting better, by scikit-learn's rule."""

import math
from dataclasses import dataclass


@dataclass
class Stopper:
    """Counts the epochs without improvement; it stays with an estimator that continues training."""

    best: float = math.inf  # lowest loss so far
    waited: int = 0  # epochs since a loss was lower than the lowest by `tol`

    def watch(self, loss: float, tol: float) -> bool:
        """Take the loss of an epoch, or minus its score; return whether it is the lowest."""
        self.waited = self.waited + 1 if loss > self.best - tol else 0
        lowest = loss < self.best
        self.best = min(loss, self.best)
        return lowest
