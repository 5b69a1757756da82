"""A model together with the samples it was evaluated on and all that is measured of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import SampleFormat, Samples
from ..nn import Network
from .history import Curves
from .metrics import Evaluation, Predictions, Reliability, measure_reliability, predict


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """A model, one sample or more of a format, and the result on them.

    `name` is the model's name for people, `source` what the samples are ("test samples of mnist"),
    and `curves` those of its training, None if it has no history.
    """

    name: str
    network: Network
    format: SampleFormat
    samples: Samples
    source: str
    result: Evaluation
    curves: Curves | None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        return self.format.class_names

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of a sample; None if it is not an image."""
        return self.format.image_shape

    @property
    def where(self) -> str:
        """Number and source of the samples."""
        return f"{self.result.samples:,} {self.source}"

    @cached_property
    def predictions(self) -> Predictions:
        """Predictions for the samples."""
        return predict(self.network, self.samples.x)

    @cached_property
    def reliability(self) -> Reliability | None:
        """Calibration on the samples; None if the outputs are not probabilities."""
        if not self.predictions.is_probability:
            return None
        right = self.predictions.predicted == self.samples.y
        return measure_reliability(self.predictions.confidence, right)

    def worst_mistakes(self, n: int) -> NDArray[np.intp]:
        """Return the indices of the `n` most confident mistakes, the most confident first."""
        wrong = np.flatnonzero(self.predictions.predicted != self.samples.y)
        order = np.argsort(-self.predictions.confidence[wrong], kind="stable")
        return wrong[order[:n]]

    def strongest_units(self, n: int) -> NDArray[np.intp]:
        """Return the indices of the `n` units of the first layer that matter most, ascending.

        Those with the largest product of two norms: of their incoming and their outgoing weights.
        """
        layers = self.network.dense
        with np.errstate(all="ignore"):  # an overflow is strong
            strength = np.linalg.norm(layers[0].W, axis=0)  # (units,)
            if len(layers) > 1:
                strength = strength * np.linalg.norm(layers[1].W, axis=1)
        return np.sort(np.argsort(-strength, kind="stable")[:n])

    def first_weights(self, units: NDArray[np.intp]) -> NDArray[Any]:
        """Copy the weights of some of the first layer's units, of shape (n, n_inputs)."""
        return self.network.dense[0].W.T[units]
