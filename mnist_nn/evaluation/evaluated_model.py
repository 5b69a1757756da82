"""A model together with the samples it was evaluated on and all that is measured of it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..data import SampleFormat, Samples
from ..nn import Network
from ..nn.arrays import FloatArray
from .calibration import Answers, Calibration, answers_of, cross_entropy
from .history import Curves
from .metrics import Evaluation, Predictions, Reliability, measure_reliability


@dataclass(frozen=True, eq=False)
class EvaluatedModel:
    """A model, one sample or more of a format, and the result on them.

    `name` is the model's name for people, `source` what the samples are ("test samples of mnist"),
    `curves` those of its training, None if it has no history, and `calibration` its own, if any.
    """

    name: str
    network: Network
    format: SampleFormat
    samples: Samples
    source: str
    result: Evaluation
    curves: Curves | None
    calibration: Calibration | None = None

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
    def logits(self) -> FloatArray:
        """Sums below the last activation, of shape (n, n_outputs)."""
        with one_blas_thread():
            return self.network.logits(self.samples.x)

    @cached_property
    def answers(self) -> Answers:
        """Calibrated answers for the samples, if the model is calibrated."""
        return answers_of(self.network, self.samples.x, self.logits, self.calibration)

    @cached_property
    def uncalibrated(self) -> Answers:
        """Answers for the samples before calibration."""
        return answers_of(self.network, self.samples.x, self.logits, None)

    @cached_property
    def predictions(self) -> Predictions:
        """Predictions for the samples."""
        return Predictions(
            self.uncalibrated.outputs.argmax(axis=1),
            self.answers.outputs.max(axis=1).astype(np.float64),
            self.network.output.probability,
        )

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each sample was predicted correctly, of shape (n,)."""
        right: NDArray[np.bool_] = self.predictions.predicted == self.samples.y
        return right

    @cached_property
    def reliability(self) -> Reliability | None:
        """How far confidence is from accuracy; None if the outputs are not probabilities."""
        return self._reliability(self.answers)

    @cached_property
    def reliability_before(self) -> Reliability | None:
        """What `reliability` was before calibration; None if there is none."""
        return self._reliability(self.uncalibrated) if self.calibration else None

    def _reliability(self, answers: Answers) -> Reliability | None:
        if not self.network.output.probability:
            return None
        return measure_reliability(answers.outputs.max(axis=1).astype(np.float64), self.right)

    def cross_entropy(self, temperature: float) -> float:
        """Mean cross-entropy of the samples with logits divided by a temperature."""
        return cross_entropy(self.network, self.logits, self.samples.y, temperature)

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
