"""A trainer is a run under way: an iterator of epoch metrics that can be frozen between any two."""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..augmentation import Augmenter
from ..blas import one_blas_thread
from ..data import Samples
from ..engines import Engine
from ..nn import score
from .config import TrainingConfig
from .epoch import EpochMetrics
from .health import check_divergence
from .schedules import Progress, Seen
from .snapshot import Position, Snapshot


@dataclass(frozen=True, eq=False)
class Plan:
    """What a run shows, in which order, and how fast it learns from it: see `fit`, `run_length`.

    `rng` draws the order of the samples; `distort` makes new pictures of old ones, if anything
    does.
    """

    samples: Samples
    settings: TrainingConfig
    batch_size: int
    rng: np.random.Generator
    n_epochs: int
    n_samples: int
    distort: Augmenter | None
    validation: Samples | None
    running: bool

    def order(self, epoch: int) -> NDArray[np.intp]:
        """Draw the order in which an epoch shows the samples, by their indices; the last is cut."""
        n = len(self.samples.y)
        if self.settings.replacement:
            order: NDArray[np.intp] = self.rng.integers(0, n, n)
        else:
            order = self.rng.permutation(n) if self.settings.shuffle else np.arange(n)
        return order[: self.n_samples - (epoch - 1) * n]

    def learning_rates(
        self, learning_rate: float, epoch: int, n: int, seen: Seen
    ) -> NDArray[np.float64]:
        """Return the learning rates, (n_steps,), of an epoch (from 1) that shows n samples."""
        n_samples = len(self.samples.y)
        per_epoch = math.ceil(n_samples / self.batch_size)
        whole, rest = divmod(self.n_samples, n_samples)
        steps = np.arange(math.ceil(n / self.batch_size))
        progress = Progress(
            epoch - 1 + steps / per_epoch,
            1 / per_epoch,
            whole + math.ceil(rest / self.batch_size) / per_epoch,
            seen,
        )
        return self.settings.schedule.learning_rates(learning_rate, progress)


class Trainer(Iterator[EpochMetrics]):
    """A run under way: see `fit`, which makes it.

    Parameters
    ----------
    engine
        What takes the steps.
    plan
        What is to be done.

    Attributes
    ----------
    position
        How far it has come.
    history
        The metrics of the epochs that are over.
    clock
        Gives the time, in seconds, by which epochs are measured.
    """

    def __init__(self, engine: Engine, plan: Plan) -> None:
        self.engine, self.plan = engine, plan
        self.position = Position()
        self.history: list[EpochMetrics] = []
        self.clock: Callable[[], float] = time.perf_counter
        self._seen = Seen()
        self._params = engine.network.params.copy()  # between epochs; the network has the average
        self._before_order = plan.rng.bit_generator.state
        self._reports = self._run()

    def __next__(self) -> EpochMetrics:
        """Train until there is something to report."""
        with one_blas_thread():
            return next(self._reports)

    def snapshot(self) -> Snapshot:
        """Copy all it takes to go on from here: between any two metrics, but not after an error."""
        distort, params = self.plan.distort, self.engine.network.params
        pictures = None
        if distort is not None:
            pictures = distort.affine.bit_generator.state, distort.elastic.bit_generator.state
        between = self.position.samples == 0
        swapped = between and self.engine.averaged is not None
        return Snapshot(
            (self._params if swapped else params).copy(),
            self.engine.snapshot(),
            self.position,
            tuple(self.history),
            self.plan.rng.bit_generator.state if between else self._before_order,
            pictures,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from a snapshot, whatever has been done so far.

        Raises
        ------
        ValueError
            If it is not of such a run.
        """
        self._check(snapshot)
        network, distort = self.engine.network, self.plan.distort
        self.engine.restore(snapshot.engine)
        self.position, self.history = snapshot.position, list(snapshot.history)
        self._seen = Seen()
        for metrics in self.history:
            self._seen = self.plan.settings.schedule.watch(self._seen, metrics.monitored_loss)
        self._params[...] = network.params[...] = snapshot.params
        if self.engine.averaged is not None and self.position.samples == 0 and self.history:
            network.params[...] = self.engine.averaged.params
        self.plan.rng.bit_generator.state = self._before_order = snapshot.shuffling
        if distort is not None and snapshot.pictures is not None:
            affine, elastic = snapshot.pictures
            distort.affine.bit_generator.state = affine
            distort.elastic.bit_generator.state = elastic

    def _check(self, snapshot: Snapshot) -> None:
        """Refuse a snapshot of another run, as far as shapes and numbers show it."""
        own, its, position = self.snapshot(), snapshot, snapshot.position
        pairs = (
            (own.params, its.params),
            (own.engine.slots, its.engine.slots),
            (own.engine.average, its.engine.average),
        )
        same = (
            all(getattr(a, "shape", None) == getattr(b, "shape", None) for a, b in pairs)
            and (its.pictures is None) == (own.pictures is None)
            and position.epoch == len(its.history) + 1
            and position.samples % self.engine.chunk == 0
        )
        if not same:
            raise ValueError("the snapshot is of another run")
        n = len(self.plan.samples.y)
        left = min(self.plan.n_samples - (position.epoch - 1) * n, n)  # of this epoch, at its start
        if position.epoch > self.plan.n_epochs + 1 or 0 < position.samples >= left:
            raise ValueError(f"the snapshot is of epoch {position.epoch}, past the end of the run")

    def _run(self) -> Iterator[EpochMetrics]:
        """Run epoch after epoch, from wherever it is, yielding what `fit` promises."""
        engine, params = self.engine, self.engine.network.params
        while self.position.epoch <= self.plan.n_epochs:
            if engine.averaged is not None and self.position.samples == 0:
                params[...] = self._params  # whoever stops before this keeps the average
            self._before_order = self.plan.rng.bit_generator.state
            for metrics in self._run_epoch(self.plan.order(self.position.epoch)):
                if metrics.complete:
                    metrics = self._finish_epoch(metrics)
                check_divergence(engine, metrics)
                if metrics.complete:
                    self.history.append(metrics)
                    self._seen = self.plan.settings.schedule.watch(
                        self._seen, metrics.monitored_loss
                    )
                    self.position = Position(metrics.epoch + 1)
                if metrics.complete or self.plan.running:
                    yield metrics

    def _run_epoch(self, order: NDArray[np.intp]) -> Iterator[EpochMetrics]:
        """Run an epoch, or what is left of it, in chunks; yield what it came to after each."""
        plan, chunk, here = self.plan, self.engine.chunk, self.position
        learning_rate = self.engine.step_config.optimizer.learning_rate
        learning_rates = plan.learning_rates(learning_rate, here.epoch, len(order), self._seen)
        for start in range(here.samples, len(order), chunk):
            indices = order[start : start + chunk]
            began = self.clock()
            steps = slice(start // plan.batch_size, math.ceil((start + chunk) / plan.batch_size))
            pictures = plan.distort(plan.samples.x[indices]) if plan.distort else None
            loss_sum, n_correct = self.engine.run(indices, learning_rates[steps], pictures)
            here = Position(
                here.epoch,
                start + len(indices),
                here.loss_sum + loss_sum,
                here.n_correct + n_correct,
                here.seconds + self.clock() - began,
            )
            self.position = here
            yield EpochMetrics(
                here.epoch,
                here.samples,
                here.loss_sum / here.samples,
                here.n_correct / here.samples,
                here.seconds,
                float(learning_rates[steps][-1]),
                complete=here.samples == len(order),
            )

    def _finish_epoch(self, metrics: EpochMetrics) -> EpochMetrics:
        """Bring the average in, if there is one, and validate what the network has then."""
        network, validation = self.engine.network, self.plan.validation
        if self.engine.averaged is not None:
            self._params[...] = network.params
            network.params[...] = self.engine.averaged.params
        if validation is None:
            return metrics
        with np.errstate(all="ignore"):  # the caller looks for what is not finite
            value, predicted = score(network, self.engine.step_config.loss, *validation)
        accuracy = float(np.mean(predicted == validation.y))
        return replace(metrics, validation_loss=value, validation_accuracy=accuracy)
