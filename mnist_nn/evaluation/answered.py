"""Labelled samples and the answers of any model, or of several: what can be measured of them."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .calibration import Answers
from .metrics import Evaluation, Reliability, confusion_matrix, measure_reliability


@dataclass(frozen=True, eq=False)
class AnsweredSamples:
    """Answers for n samples, at least one, whose outputs are probabilities; and labels, (n,)."""

    answers: Answers
    labels: NDArray[np.integer[Any]]

    @cached_property
    def predicted(self) -> NDArray[np.intp]:
        """Most likely class of each sample."""
        predicted: NDArray[np.intp] = self.answers.outputs.argmax(axis=1)
        return predicted

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each sample was predicted correctly, of shape (n,)."""
        right: NDArray[np.bool_] = self.predicted == self.labels
        return right

    @property
    def result(self) -> Evaluation:
        """Confusion matrix, and as the loss the cross-entropy of the probabilities."""
        outputs = self.answers.outputs.astype(np.float64)
        of_labels = outputs[np.arange(len(outputs)), self.labels]
        loss = -float(np.log(np.maximum(of_labels, np.finfo(np.float64).tiny)).mean())
        return Evaluation(loss, confusion_matrix(self.labels, self.predicted, outputs.shape[1]))

    @property
    def reliability(self) -> Reliability:
        """How far confidence is from accuracy."""
        return measure_reliability(self.answers.outputs.max(axis=1).astype(np.float64), self.right)
