"""Training shows a network its samples again and again, and reports how it goes.

`fit` is a generator: it yields a report after every epoch, so whatever a caller wants to do between
epochs (print, plot, stop early) is an ordinary statement in an ordinary loop.
"""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..data import Samples
from ..engines import NumpyEngine
from ..errors import DivergenceError
from ..nn import LOSSES, Loss, Network, score
from .optimizers import SGD, Optimizer

CHUNK = 1000  # samples between two running reports, rounded up to whole batches


@dataclass(frozen=True)
class Report:
    """How an epoch went, or how it is going.

    Attributes
    ----------
    epoch
        From 1.
    samples
        Seen in this epoch.
    loss, accuracy
        Mean over those samples, each measured just before the step it took part in.
    seconds
        Spent on training in this epoch; validation and the caller's own work are not counted.
    complete
        Whether the epoch is over. Only then is the network validated.
    validation_loss, validation_accuracy
        On the validation samples; None where there are none.
    """

    epoch: int
    samples: int
    loss: float
    accuracy: float
    seconds: float
    complete: bool = True
    validation_loss: float | None = None
    validation_accuracy: float | None = None


def fit(
    network: Network,
    samples: Samples,
    *,
    rng: np.random.Generator,
    loss: str = "cross_entropy",
    optimizer: Optimizer | None = None,
    batch_size: int | Literal["full"] = 32,
    epochs: int | None = 10,
    iterations: int | None = None,
    shuffle: bool = True,
    replacement: bool = False,
    validation: Samples | None = None,
    running: bool = False,
) -> Iterator[Report]:
    """Train a network in place, one epoch per report.

    Parameters
    ----------
    network
        Learns.
    samples
        To learn from.
    rng
        Draws the order of the samples.
    loss
        A key of `LOSSES` that fits the network's output.
    optimizer
        How it steps; `SGD` with its defaults if None.
    batch_size
        Samples per step; ``"full"`` for all of them.
    epochs
        How many times to go through the samples.
    iterations
        How many steps to take instead, whatever `epochs` says; the last epoch may be cut short.
    shuffle
        Whether each epoch has an order of its own; otherwise it is that of `samples`.
    replacement
        Draw each sample independently, so that in one epoch some come twice and some never.
    validation
        Samples to measure the network on after each epoch.
    running
        Yield a running report, too, after every thousand samples or so, for a progress bar.

    Yields
    ------
    Report

    Raises
    ------
    ValueError
        If the loss does not fit the network's output, or a layer cannot be trained.
    DivergenceError
        If the loss or a parameter stops being finite.
    """
    chosen = LOSSES[loss]
    chosen.check(network.layers[-1].activation.name)
    optimizer = optimizer or SGD()
    n = len(samples.y)
    size = _step_size(n, batch_size)
    n_epochs, left = run_length(n, batch_size, epochs, iterations)
    engine = NumpyEngine(network, chosen, optimizer, samples.x, samples.y, size)
    for epoch in range(1, n_epochs + 1):
        order = _order(n, rng, shuffle, replacement)[:left]
        left -= len(order)
        for report in _run_epoch(engine, epoch, order):
            _check_finite(report, network, optimizer)
            if report.complete:
                yield _validated(report, network, chosen, validation)
            elif running:
                yield report


def run_length(
    n: int, batch_size: int | Literal["full"], epochs: int | None, iterations: int | None
) -> tuple[int, int]:
    """How many epochs, and how many samples in all, a run of `fit` will go through.

    Parameters
    ----------
    n
        Training samples.
    batch_size, epochs, iterations
        As for `fit`.

    Raises
    ------
    ValueError
        If neither `epochs` nor `iterations` is given.
    """
    if iterations is None:
        if epochs is None:
            raise ValueError("give epochs or iterations")
        return epochs, epochs * n
    size = _step_size(n, batch_size)
    whole, rest = divmod(iterations, math.ceil(n / size))  # epochs, and steps of a last one
    return whole + (rest > 0), whole * n + rest * size


def _step_size(n: int, batch_size: int | Literal["full"]) -> int:
    """Samples of a full step; a batch larger than the data is all of them."""
    return n if batch_size == "full" else min(batch_size, n)


def _order(n: int, rng: np.random.Generator, shuffle: bool, replacement: bool) -> NDArray[np.intp]:
    """Places of the samples of one epoch, in the order they are shown."""
    if replacement:
        return rng.integers(0, n, n)
    return rng.permutation(n) if shuffle else np.arange(n)


def _run_epoch(engine: NumpyEngine, epoch: int, order: NDArray[np.intp]) -> Iterator[Report]:
    """Run one epoch in chunks, yielding what it came to so far after each."""
    chunk = engine.batch_size * math.ceil(CHUNK / engine.batch_size)
    total, hits, seconds = 0.0, 0, 0.0
    for start in range(0, len(order), chunk):
        places = order[start : start + chunk]
        began = time.perf_counter()
        chunk_total, chunk_hits = engine.run(places)
        seconds += time.perf_counter() - began
        total, hits = total + chunk_total, hits + chunk_hits
        seen = start + len(places)
        yield Report(epoch, seen, total / seen, hits / seen, seconds, complete=seen == len(order))


def _check_finite(report: Report, network: Network, optimizer: Optimizer) -> None:
    """Stop as soon as the numbers are beyond saving."""
    if not math.isfinite(report.loss) or not np.isfinite(network.params).all():
        raise DivergenceError(
            f"training diverged in epoch {report.epoch}: loss {report.loss} after "
            f"{report.samples:,} samples at learning_rate {optimizer.learning_rate:g}\n"
            "try a smaller training.optimizer.learning_rate"
        )


def _validated(report: Report, network: Network, loss: Loss, validation: Samples | None) -> Report:
    """Add how the network does on samples that it does not learn from."""
    if validation is None:
        return report
    value, predicted = score(network, loss, *validation)
    accuracy = float(np.mean(predicted == validation.y))
    return replace(report, validation_loss=value, validation_accuracy=accuracy)
