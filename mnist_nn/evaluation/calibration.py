"""Calibration: how sure a network is to be of its outputs, and when it does not know.

A network's probabilities are too high or too low by a common factor of its logits, the temperature,
which is fitted on validation samples (Guo et al., "On calibration of modern neural networks",
2017).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..blas import one_blas_thread
from ..checks import RECORD, Real
from ..data import Samples
from ..errors import ConfigError
from ..nn import Network, predicted_classes, target_rows
from ..nn.arrays import FloatArray

MAX_TEMPERATURE = 10.0  # and 1/10 is the lowest
ONE_IN = 100  # validation samples gets no answer; fewer would not tell which


@dataclass(frozen=True)
class Calibration:
    """How a network's probabilities are corrected, and which of its answers count.

    Attributes
    ----------
    temperature
        Number that logits are divided by, from 0.1 to 10: above 1 where the network is too sure.
    min_probability
        Calibrated probability, from 0 to 1, below which the network does not know.
    max_score
        Score above which a sample is none of the classes; None if it has no score.
    """

    __pydantic_config__: ClassVar = RECORD

    temperature: Annotated[
        float, Field(ge=1 / MAX_TEMPERATURE, le=MAX_TEMPERATURE, strict=True)
    ] = 1.0
    min_probability: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0
    max_score: Real | None = None


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says of n samples, and whether it knows.

    Attributes
    ----------
    outputs
        Array of shape (n, n_classes): calibrated probabilities, or the outputs themselves of a
        network that gives none. Two for a network with a single output.
    score
        Array of shape (n,), the higher the less a sample is like those of training; None for a
        model without `Calibration.max_score`.
    known
        Array of shape (n,), bool: whether the answer counts.
    """

    outputs: FloatArray
    score: FloatArray | None
    known: NDArray[np.bool_]


def fit_temperature(
    logits: FloatArray,
    targets: FloatArray,
    activation: Callable[[FloatArray, FloatArray | None], FloatArray],
) -> float:
    """Return the temperature with the least cross-entropy; both arrays are (n, n_outputs).

    With ``y = activation(β z)``, softmax or sigmoid, the cross-entropy is convex in β = 1/T and its
    derivative is ``Σ (y - t) z``, so its zero is found by bisection.
    """
    low, high = 1 / MAX_TEMPERATURE, MAX_TEMPERATURE
    for _ in range(50):
        middle = float(np.sqrt(low * high))
        slope = np.sum((activation(middle * logits, None) - targets) * logits)
        low, high = (middle, high) if slope < 0 else (low, middle)
    return float(np.clip(1 / middle, 1 / MAX_TEMPERATURE, MAX_TEMPERATURE))


@one_blas_thread()
def fit_calibration(network: Network, samples: Samples) -> Calibration | None:
    """Calibrate a network on samples that it was not trained on; None without probabilities.

    Where it is right about all of them, they do not say how sure it may be: its temperature is 1.
    """
    if not network.output.probability:
        return None
    logits = network.logits(samples.x).astype(np.float64)
    if not np.isfinite(logits).all():
        return None
    activation = network.output.function
    targets = target_rows(network.sizes[-1], logits.dtype)[samples.y]
    temperature = 1.0
    if (predicted_classes(activation(logits, None)) != samples.y).any():
        temperature = fit_temperature(logits, targets, activation)
    calibration = Calibration(temperature)
    n = len(samples.y)
    if n < ONE_IN:
        return calibration
    confidence = np.sort(answer(network, samples.x, calibration).outputs.max(axis=1))
    return replace(calibration, min_probability=float(confidence[n // ONE_IN]))


@one_blas_thread()
def answer(
    network: Network,
    x: NDArray[Any],
    calibration: Calibration | None,
    min_probability: float | None = None,
) -> Answers:
    """Return a network's answers for samples of shape (n, n_inputs): see `Model.answers`."""
    if min_probability is not None:
        if not 0 <= min_probability <= 1:
            raise ConfigError(f"min_probability must be from 0 to 1, got {min_probability}")
        if not network.output.probability:
            raise ConfigError(
                f"the outputs of the last layer ({network.output.name}) are no probabilities, so "
                "none can be asked for: leave min_probability out"
            )
    if calibration is None:
        calibration = Calibration()
        outputs = class_outputs(network.predict(x))
    else:
        logits = network.logits(x) / network.dtype.type(calibration.temperature)
        outputs = class_outputs(network.output.function(logits, None))
    known = np.ones(len(x), np.bool_)
    if network.output.probability:
        least = calibration.min_probability if min_probability is None else min_probability
        known = outputs.max(axis=1, initial=0) >= least
    return Answers(outputs, None, known)


def class_outputs(outputs: FloatArray) -> FloatArray:
    """Return an output for each class, of shape (n, n_classes): 1 - p and p of a single one."""
    return outputs if outputs.shape[1] > 1 else np.hstack([1 - outputs, outputs])
