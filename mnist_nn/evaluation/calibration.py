"""Calibration: how sure a network is to be of its outputs, and when it does not know.

A network's probabilities are mostly too high, which one number corrects, the temperature: logits
are divided by it (Guo et al., "On calibration of modern neural networks", 2017). It is fitted on
validation samples, and so are the limits of what it knows: a probability, an energy (Liu et al.,
"Energy-based out-of-distribution detection", 2020), and how unlike the training samples a sample
may be.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ..blas import one_blas_thread
from ..checks import RECORD, Real
from ..data import Samples
from ..errors import ConfigError
from ..nn import LOSSES, Network, check_samples, predicted_classes, target_rows
from ..nn.arrays import FloatArray
from .subspace import Subspace, fit_subspace

MAX_TEMPERATURE = 10.0  # and 1/10 is the lowest
ONE_IN = 100  # validation samples gets no answer; fewer would not tell which


@dataclass(frozen=True, eq=False)
class Calibration:
    """How a network's probabilities are corrected, and which of its answers count.

    Attributes
    ----------
    temperature
        Number that logits are divided by, from 0.1 to 10: above 1 where the network is too sure.
    min_probability
        Calibrated probability, from 0 to 1, below which the network does not know.
    max_energy
        Energy above which it does not know, as its logits are all low; None if its output layer is
        not a softmax.
    max_score
        Score above which it does not know, because the sample is unlike those of training; None if
        it has no score.
    subspace
        What the score is measured from; None if there is none.
    """

    __pydantic_config__: ClassVar = RECORD

    temperature: Annotated[float, Field(ge=1 / MAX_TEMPERATURE, le=MAX_TEMPERATURE, strict=True)]
    min_probability: Annotated[float, Field(ge=0, le=1, strict=True)] = 0.0
    max_energy: Real | None = None
    max_score: Real | None = None
    subspace: Subspace | None = None

    def described(self) -> str:
        """Return the temperature and the limits in words."""
        limits = [f"from {self.min_probability:.1%} on"]
        for name, limit in (("an energy", self.max_energy), ("a score", self.max_score)):
            if limit is not None:
                limits.append(f"up to {name} of {limit:.3g}")
        return f"temperature {self.temperature:.3g}, answers count {', '.join(limits)}"


@dataclass(frozen=True, eq=False)
class Answers:
    """What a network says of n samples, and whether it knows.

    Attributes
    ----------
    outputs
        Array of shape (n, n_classes): calibrated probabilities, or the outputs themselves of a
        network that gives none. Two for a network with a single output.
    score
        Squared error of each sample rebuilt from the main components of those of training, of shape
        (n,): the higher, the less it is like them. None if the calibration has no `Subspace`.
    known
        Whether each answer counts, of shape (n,), bool.
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
def fit_calibration(
    network: Network, validation: Samples, training: Samples | None = None
) -> Calibration | None:
    """Calibrate a network on validation samples.

    Where it is right about all of them, they do not say how sure it may be: its temperature is 1.
    Where they are fewer than 100, they do not say what one in a hundred is like: it knows all.
    There is no score where numbers are too large to be squared.

    Parameters
    ----------
    network
        Network whose outputs are probabilities.
    validation
        Samples that it was not trained on.
    training
        Samples that it was trained on, to tell what is unlike them; None for no score.

    Returns
    -------
    Calibration or None
        None if the outputs are no probabilities, or not finite.

    Raises
    ------
    ValueError
        If the samples do not suit the network.
    """
    for samples in (validation, training or validation):
        check_samples(network, *samples)
    if not network.output.probability:
        return None
    subspace = None
    if training is not None and len(validation.y) >= ONE_IN:
        subspace = fit_subspace(network, training.x)
    return calibrate(network, validation, subspace)


@one_blas_thread()
def calibrate(
    network: Network, validation: Samples, subspace: Subspace | None
) -> Calibration | None:
    """Calibrate a network of probabilities, with a subspace of its training samples, if any."""
    logits = network.logits(validation.x)
    if not np.isfinite(logits).all():
        return None
    temperature = 1.0
    if (predicted_classes(network.output.function(logits, None)) != validation.y).any():
        targets = target_rows(network.sizes[-1], np.dtype(np.float64))[validation.y]
        z = logits.astype(np.float64)
        temperature = fit_temperature(z, targets, network.output.function)
    calibration = Calibration(temperature)
    if len(validation.y) < ONE_IN:
        return calibration
    outputs = answers_of(network, validation.x, logits, calibration).outputs
    scores = {"min_probability": -outputs.max(axis=1)}
    if network.output.name == "softmax":
        scores["max_energy"] = energy_of(logits, temperature)
    score = None if subspace is None else subspace.score(network, validation.x)
    if score is None or not np.isfinite(score).all():
        subspace = None
    else:
        scores["max_score"] = score
    limits = _limits(scores)
    least = -limits.pop("min_probability")
    return Calibration(temperature, min_probability=least, subspace=subspace, **limits)


def energy_of(logits: FloatArray, temperature: float) -> FloatArray:
    """Return the energies ``-T log Σ exp(z / T)`` of logits of shape (n, n_outputs), (n,)."""
    highest = logits.max(axis=1, keepdims=True)
    total = np.exp((logits - highest) / logits.dtype.type(temperature)).sum(axis=1)
    energies: FloatArray = -highest[:, 0] - logits.dtype.type(temperature) * np.log(total)
    return energies


def _limits(scores: dict[str, FloatArray]) -> dict[str, float]:
    """Return the highest value of each score, an array of shape (n,), that counts.

    Each leaves out as many samples as the others, and all together one in `ONE_IN` at most.
    """
    most = len(next(iter(scores.values()))) // ONE_IN
    descending = {name: np.sort(values)[::-1] for name, values in scores.items()}
    for k in range(most, -1, -1):
        limits = {name: float(values[k]) for name, values in descending.items()}
        if np.any([scores[name] > limits[name] for name in scores], axis=0).sum() <= most:
            break
    return limits


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
    return answers_of(network, x, network.logits(x), calibration, min_probability)


@one_blas_thread()
def answers_of(
    network: Network,
    x: NDArray[Any],
    logits: FloatArray,
    calibration: Calibration | None,
    min_probability: float | None = None,
) -> Answers:
    """Return the answers for samples (n, n_inputs) whose logits, (n, n_outputs), are known."""
    c = calibration or Calibration(temperature=1.0)
    z = logits
    if network.output.name == "softmax":
        z = logits - logits.max(axis=1, keepdims=True)  # so that nothing overflows
    z = z / logits.dtype.type(c.temperature)
    outputs = class_outputs(network.output.function(z, None))
    score = c.subspace.score(network, x) if c.subspace else None
    known = np.ones(len(outputs), np.bool_)
    if network.output.probability:
        least = c.min_probability if min_probability is None else min_probability
        known &= outputs.max(axis=1) >= least
    if c.max_energy is not None and min_probability != 0:
        known &= energy_of(logits, c.temperature) <= c.max_energy
    if c.max_score is not None and score is not None and min_probability != 0:
        known &= score <= c.max_score
    return Answers(outputs, score, known)


def cross_entropy(
    network: Network, logits: FloatArray, labels: NDArray[Any], temperature: float
) -> float:
    """Return the mean cross-entropy of logits divided by a temperature.

    It sums over the outputs where each is a yes or no of its own, those of sigmoids.
    """
    loss = LOSSES["cross_entropy" if network.output.name == "softmax" else "binary_cross_entropy"]
    z = logits.astype(np.float64) / temperature
    targets = target_rows(network.sizes[-1], z.dtype)[labels]
    return loss.mean(z, network.output.function(z, None), targets)


def class_outputs(outputs: FloatArray) -> FloatArray:
    """Return an output for each class, of shape (n, n_classes): 1 - p and p of a single one."""
    return outputs if outputs.shape[1] > 1 else np.hstack([1 - outputs, outputs])
