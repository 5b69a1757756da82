"""A model is a model under examination: all that is measured and drawn of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data import DatasetInfo, Samples
from ..nn import Network
from .calibration import Calibration, calibrate
from .history import Curves
from .metrics import Evaluation
from .predictions import Predictions, predict


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """A model and the samples that it was measured on.

    Attributes
    ----------
    name
        Of the model, for people.
    network
        As trained.
    info
        Record of the dataset that it was measured on.
    samples
        At least one.
    source
        What they are: "test samples of mnist".
    result
        What it came to on them.
    curves
        How its training went; None if it has no history.
    """

    name: str
    network: Network
    info: DatasetInfo
    samples: Samples
    source: str
    result: Evaluation
    curves: Curves | None

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, in the order of their labels."""
        return self.info.class_names

    @property
    def image_shape(self) -> tuple[int, int] | None:
        """Height and width of a sample; None if it is no image."""
        return self.info.image_shape

    @property
    def where(self) -> str:
        """What it was measured on, with how many there are."""
        return f"{self.result.samples:,} {self.source}"

    @cached_property
    def predictions(self) -> Predictions:
        """What it takes each sample for."""
        return predict(self.network, self.samples.x)

    @cached_property
    def calibration(self) -> Calibration | None:
        """How far it can be believed; None if its outputs are no probabilities."""
        if not self.predictions.is_probability:
            return None
        right = self.predictions.predicted == self.samples.y
        return calibrate(self.predictions.confidence, right)

    def worst_mistakes(self, n: int) -> NDArray[np.intp]:
        """Number the mistakes it was surest of, the surest first, at most `n`."""
        wrong = np.flatnonzero(self.predictions.predicted != self.samples.y)
        order = np.argsort(-self.predictions.confidence[wrong], kind="stable")
        return wrong[order[:n]]

    def strongest_units(self, n: int) -> NDArray[np.intp]:
        """Number the first layer's units that matter most, at most `n`, in their own order.

        Those with the largest product of two norms, of the weights that come in and of those that
        go out. Without a hidden layer all units are outputs, and none goes out.
        """
        layers = self.network.dense
        with np.errstate(all="ignore"):  # what overflows is strong
            strength = np.linalg.norm(layers[0].W, axis=0)  # (units,)
            if len(layers) > 1:
                strength = strength * np.linalg.norm(layers[1].W, axis=1)
        return np.sort(np.argsort(-strength, kind="stable")[:n])

    def first_weights(self, units: NDArray[np.intp]) -> NDArray[Any]:
        """Copy the weights of some of the first layer's units, of shape (n, n_inputs)."""
        return self.network.dense[0].W.T[units]
