"""Health of a training: divergence, nothing learned, the lowest possible loss."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..data import Samples
from ..engines import Engine, StepConfig
from ..errors import DivergenceError
from ..nn import Loss, Network, score, target_rows
from ..nn.arrays import FloatArray
from .epoch import EpochMetrics
from .optimizers import SGD

NEAR_CHANCE = 0.25  # of the way from the commonest class's share to all samples right
ABSURD = 10  # times the loss of constant outputs
STILL_FALLING = 0.995  # of the loss of the epoch before


def check_divergence(engine: Engine, metrics: EpochMetrics) -> None:
    """Stop as soon as a number is not finite or, at the end of an epoch, absurdly large.

    With ε the rounding error of 1 (1.2e-7 in float32), a parameter above 1/ε cannot take a step of
    length 1 any more, and a loss above 1/ε² is the square of outputs that cannot tell the targets 0
    and 1 apart. Such numbers may be finite or not by the order in which they were added up, so
    without this bound the engines would disagree. DivergenceError says when, and what to try.
    """
    params, loss = engine.network.params, metrics.loss + (metrics.validation_loss or 0.0)
    finite = math.isfinite(loss) and bool(np.isfinite(params).all())
    most = 1 / float(np.finfo(params.dtype).eps)
    huge = metrics.complete and (loss > most**2 or max(params.max(), -params.min()) > most)
    if not finite or huge:
        size = "" if not finite or loss > most**2 else f", with a parameter above {most:.2g},"
        raise DivergenceError(
            f"training diverged in epoch {metrics.epoch}: loss {loss:.6g}{size} after "
            f"{metrics.samples:,} samples at learning_rate {metrics.learning_rate:g}\n"
            f"try {remedy(engine.step_config, metrics.learning_rate)}"
        )


def remedy(step_config: StepConfig, rate: float) -> str:
    """Return what to try against steps that are too long, at a learning rate η.

    A weight w that decays by λ becomes ``(1 - η λ) w`` at each step, which grows if η λ is above 2,
    whatever the samples say. The gradient of an L2 penalty does the same in gradient descent,
    unless it is clipped; there momentum μ makes the limit ``2 (1 + μ)``.
    """
    optimizer, more = step_config.optimizer, step_config.regularization
    culprits = [("optimizer.weight_decay", optimizer.weight_decay, 2.0)]
    if isinstance(optimizer, SGD) and not more.clip_norm:
        culprits.append(("l2", more.l2, 2 * (1 + optimizer.momentum)))
    for key, decay, limit in culprits:
        if rate * decay > limit:
            return (
                f"a smaller training.{key}: the learning rate times it is {rate * decay:.3g}, and "
                f"above {limit:.3g} each step makes weights larger instead of smaller"
            )
    clipping = "" if more.clip_norm else ", or set training.clip_norm"
    return f"a smaller training.optimizer.learning_rate{clipping}"


def learned_nothing(
    network: Network, step_config: StepConfig, samples: Samples, history: list[EpochMetrics]
) -> str | None:
    """Explain that a finished run is no better than outputs that never change, if so.

    It has learned nothing if few more of its training samples are right than by always answering
    the commonest class, and the loss is not lower than with the shares of the classes as outputs.
    A run that is too short to judge is let be: unless its loss is absurd, there must be an epoch
    before the last, and the loss must have stopped falling or have been absurd. With weights of
    samples, all of it is counted by them. Returns what is wrong and what to try, in sentences for
    people; None if it learned something.
    """
    if not history:
        return None
    rows = target_rows(network.sizes[-1], np.float64)  # (n_classes, n_outputs)
    weights = step_config.sample_weights
    shares = np.bincount(samples.y, weights, len(rows)).astype(np.float64)
    shares /= shares.sum()
    chance = float(shares.max())
    bound = _bound(chance)
    if weights is None and history[-1].accuracy > bound:
        return None
    with one_blas_thread(), np.errstate(all="ignore"):
        loss, predicted = score(network, step_config.loss, *samples, weights=weights)
    loss /= 1.0 if weights is None else float(np.mean(weights))
    accuracy = float(np.average(predicted == samples.y, weights=weights))
    outputs = np.tile(shares @ rows, (len(rows), 1))  # (n_classes, n_outputs)
    constant = float(shares @ _losses_of_outputs(network, step_config.loss, outputs, rows))
    if accuracy > bound or loss < constant:
        return None
    losses, absurd = [metrics.loss for metrics in history], ABSURD * constant
    stuck = len(losses) > 1 and (losses[-1] >= STILL_FALLING * losses[-2] or max(losses) > absurd)
    if not stuck and loss <= absurd:
        return None
    return (
        f"the network learned nothing: its loss is {loss:.3g}, where always giving the shares of "
        f"the classes has {constant:.3g}; {accuracy:.1%} of its training samples are right, and "
        f"{chance:.1%} are of one class\n"
        f"try {remedy(step_config, history[-1].learning_rate)}; "
        "if the loss hardly moved from epoch to epoch, a larger rate or more epochs"
    )


def near_chance(accuracy: float, labels: NDArray[np.integer[Any]]) -> bool:
    """Return whether few more of the samples are right than by always giving one class."""
    return accuracy <= _bound(float(np.bincount(labels).max() / len(labels)))


def _bound(chance: float) -> float:
    """Return the accuracy up to which nothing was learned, given the share of a single class."""
    return chance + NEAR_CHANCE * (1 - chance)


def lowest_loss(network: Network, step_config: StepConfig) -> float:
    """Return the least mean loss that label smoothing leaves possible: that of the targets."""
    smoothing = step_config.regularization.label_smoothing
    rows = target_rows(network.sizes[-1], np.float64, smoothing)  # (n_classes, n_outputs)
    return float(_losses_of_outputs(network, step_config.loss, rows, rows)[0])


def _losses_of_outputs(
    network: Network, loss: Loss, outputs: FloatArray, targets: FloatArray
) -> FloatArray:
    """Return the loss, (n,), of given outputs, (n, n_outputs)."""
    outputs = np.clip(outputs, 1e-12, 1 - 1e-12)
    softmax = network.output.name == "softmax"
    logits = np.log(outputs) if softmax else np.log(outputs / (1 - outputs))
    return loss.values(logits, outputs, targets)
