"""Trainer: a run under way, an iterator of epoch metrics."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import repeat
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..augmentation import Augmenter
from ..blas import one_blas_thread
from ..data import MappedRows, Samples
from ..engines import Engine
from ..nn import score
from ..rngs import rng_state
from .config import TrainingConfig
from .epoch import EpochMetrics
from .frozen import FrozenLayers
from .health import check_divergence
from .read_ahead import read_ahead
from .schedules import PlateauState, Progress
from .state import Position, TrainingState


class Trainer(Iterator[EpochMetrics]):
    """A run under way, made by `fit`: iterate over it to train.

    Attributes
    ----------
    history
        Metrics of the epochs that are over.
    position
        How far the run has come.
    clock
        Function that returns the time, in seconds, by which epochs are measured.
    rate_factor
        Factor on the learning rates of the schedule, for a caller who changes it between epochs; it
        is not part of a snapshot.
    """

    def __init__(
        self,
        engine: Engine,
        samples: Samples,
        settings: TrainingConfig,
        *,
        rng: np.random.Generator,
        augmenter: Augmenter | None,
        validation: Samples | None,
        running: bool,
        frozen: FrozenLayers | None = None,
    ) -> None:
        self.engine, self.samples, self.settings = engine, samples, settings
        self.rng, self.augmenter = rng, augmenter
        self.validation, self.running, self.frozen = validation, running, frozen
        self.batch_size = effective_batch_size(len(samples.y), settings.batch_size)
        self.n_epochs, self.n_samples = run_length(len(samples.y), settings)
        self.position = Position()
        self.history: list[EpochMetrics] = []
        self.clock: Callable[[], float] = time.perf_counter
        self.rate_factor = 1.0
        self._seen = PlateauState()
        self._params = engine.network.params.copy()  # between epochs; the network has the average
        self._before_shuffling = rng_state(rng)
        self._metrics = self._run()

    def __next__(self) -> EpochMetrics:
        """Train until there is something to report."""
        with one_blas_thread():
            return next(self._metrics)

    def snapshot(self) -> TrainingState:
        """Copy all it takes to resume from here: between any two metrics, not after an error."""
        augmenter, params = self.augmenter, self.engine.network.params
        between = self.position.samples == 0
        swapped = between and self.engine.averaged is not None
        params = self._params if swapped else params
        return TrainingState(
            params=self.frozen.whole(params) if self.frozen else params.copy(),
            engine=self.engine.snapshot(),
            position=self.position,
            history=list(self.history),
            shuffling=rng_state(self.rng) if between else self._before_shuffling,
            affine=rng_state(augmenter.affine) if augmenter else None,
            elastic=rng_state(augmenter.elastic) if augmenter else None,
        )

    def restore(self, state: TrainingState) -> None:
        """Continue from a snapshot.

        Raises
        ------
        ValueError
            If it is of another run.
        """
        self._check(state)
        network, augmenter = self.engine.network, self.augmenter
        self.engine.restore(state.engine)
        self.position, self.history = state.position, list(state.history)
        self._seen = PlateauState()
        for metrics in self.history:
            self._seen = self.settings.schedule.watch(self._seen, metrics.monitored_loss)
        params = self.frozen.part(state.params) if self.frozen else state.params
        self._params[...] = network.params[...] = params
        if self.engine.averaged is not None and self.position.samples == 0 and self.history:
            network.params[...] = self.engine.averaged.params
        if self.frozen:
            self.frozen.update()
        self._before_shuffling = self.rng.bit_generator.state = state.shuffling
        if augmenter and state.affine is not None and state.elastic is not None:
            augmenter.affine.bit_generator.state = state.affine
            augmenter.elastic.bit_generator.state = state.elastic

    def _check(self, state: TrainingState) -> None:
        """Refuse a snapshot of another run, as far as shapes and numbers show it."""
        own, position = self.snapshot(), state.position
        pairs = (
            (own.params, state.params),
            (own.engine.slots, state.engine.slots),
            (own.engine.average, state.engine.average),
        )
        same = (
            all(getattr(a, "shape", None) == getattr(b, "shape", None) for a, b in pairs)
            and (state.affine is None) == (state.elastic is None) == (own.affine is None)
            and position.epoch == len(state.history) + 1
            and position.samples % self.engine.chunk == 0
            and (not self.frozen or self.frozen.are_in(state.params))
        )
        if not same:
            raise ValueError("the snapshot is of another run")
        n = len(self.samples.y)
        left = min(self.n_samples - (position.epoch - 1) * n, n)  # of this epoch, at its start
        if position.epoch > self.n_epochs + 1 or 0 < position.samples >= left:
            raise ValueError(f"the snapshot is of epoch {position.epoch}, past the end of the run")

    def _run(self) -> Iterator[EpochMetrics]:
        """Run epoch after epoch from the present position."""
        engine, params = self.engine, self.engine.network.params
        while self.position.epoch <= self.n_epochs:
            if engine.averaged is not None and self.position.samples == 0:
                params[...] = self._params  # a caller who stops before this keeps the average
            self._before_shuffling = rng_state(self.rng)
            for metrics in self._run_epoch(self._draw_order()):
                if metrics.complete:
                    metrics = self._validated(metrics)
                check_divergence(engine, metrics)
                if metrics.complete:
                    self.history.append(metrics)
                    self._seen = self.settings.schedule.watch(self._seen, metrics.monitored_loss)
                    self.position = Position(metrics.epoch + 1)
                if self.frozen:
                    self.frozen.update()
                if metrics.complete or self.running:
                    yield metrics

    def _draw_order(self) -> NDArray[np.intp]:
        """Draw the order in which this epoch shows the samples; the last epoch may be cut short."""
        n = len(self.samples.y)
        if self.settings.replacement:
            order: NDArray[np.intp] = self.rng.integers(0, n, n)
        else:
            order = self.rng.permutation(n) if self.settings.shuffle else np.arange(n)
        return order[: self.n_samples - (self.position.epoch - 1) * n]

    def _learning_rates(self, n: int) -> NDArray[np.float64]:
        """Return the learning rate of each step, (n_steps,), of this epoch of n samples."""
        per_epoch = math.ceil(len(self.samples.y) / self.batch_size)
        whole, rest = divmod(self.n_samples, len(self.samples.y))
        steps = np.arange(math.ceil(n / self.batch_size))
        progress = Progress(
            self.position.epoch - 1 + steps / per_epoch,
            1 / per_epoch,
            whole + math.ceil(rest / self.batch_size) / per_epoch,
            self._seen,
        )
        optimizer = self.engine.step_config.optimizer
        rate = self.rate_factor * optimizer.learning_rate
        return self.settings.schedule.learning_rates(rate, progress)

    def _run_epoch(self, order: NDArray[np.intp]) -> Iterator[EpochMetrics]:
        """Run what is left of an epoch, in chunks; yield its metrics after each."""
        chunk = self.engine.chunk
        rates = self._learning_rates(len(order))
        starts = range(self.position.samples, len(order), chunk)
        parts = [order[start : start + chunk] for start in starts]
        inputs = self._inputs(parts)
        for start, indices in zip(starts, parts, strict=True):
            began, before = self.clock(), self.position
            steps = slice(start // self.batch_size, math.ceil((start + chunk) / self.batch_size))
            loss_sum, n_correct = self.engine.run(indices, rates[steps], next(inputs))
            self.position = here = Position(
                epoch=before.epoch,
                samples=start + len(indices),
                loss_sum=before.loss_sum + loss_sum,
                n_correct=before.n_correct + n_correct,
                seconds=before.seconds + self.clock() - began,
            )
            yield EpochMetrics(
                epoch=here.epoch,
                samples=here.samples,
                loss=here.loss_sum / here.samples,
                accuracy=here.n_correct / here.samples,
                seconds=here.seconds,
                learning_rate=float(rates[steps][-1]),
                complete=here.samples == len(order),
            )

    def _inputs(self, parts: list[NDArray[np.intp]]) -> Iterator[NDArray[Any] | None]:
        """Yield what the engine is to train on instead of the samples that it has, if anything.

        Images are distorted when they are asked for: a snapshot knows how far that has come.
        """
        x = self.samples.x
        if isinstance(x, MappedRows):
            rows: Iterable[NDArray[Any]] = read_ahead(x, parts)
        elif self.augmenter or not isinstance(x, np.ndarray):
            rows = map(x.__getitem__, parts)  # no reference to a part is kept for the next
        else:
            yield from repeat(None)
            return
        if self.augmenter:
            rows = map(self.augmenter, rows)
        if self.frozen:
            rows = map(self.frozen.features, rows)
        yield from rows

    def _validated(self, metrics: EpochMetrics) -> EpochMetrics:
        """Give the network its average, if one is kept, and measure it on samples held out."""
        network = self.engine.network
        if self.engine.averaged is not None:
            self._params[...] = network.params
            network.params[...] = self.engine.averaged.params
        if self.validation is None:
            return metrics
        with np.errstate(all="ignore"):  # the caller looks for what is not finite
            loss, predicted = score(network, self.engine.step_config.loss, *self.validation)
        accuracy = float(np.mean(predicted == self.validation.y))
        return replace(metrics, validation_loss=loss, validation_accuracy=accuracy)


def run_length(n: int, settings: TrainingConfig) -> tuple[int, int]:
    """Return how many epochs, and how many samples in all, a run on n samples goes through."""
    if settings.iterations is None:
        assert settings.epochs is not None
        return settings.epochs, settings.epochs * n
    size = effective_batch_size(n, settings.batch_size)
    whole, rest = divmod(settings.iterations, math.ceil(n / size))  # epochs; steps of a last one
    return whole + (rest > 0), whole * n + rest * size


def effective_batch_size(n: int, batch_size: int | Literal["full"]) -> int:
    """Return how many of n samples a full batch has; one larger than the data has all of them."""
    return n if batch_size == "full" else min(batch_size, n)
