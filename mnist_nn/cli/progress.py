"""Progress of a training run: a bar that redraws in place on a terminal, and a line per epoch."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from tqdm import tqdm

from ..model import StartingWeights
from ..runs import Run
from ..training import EpochMetrics, Position, lowest_loss
from .guard import eprint

MAX_LINES = 100  # a run of more epochs than this does not print each


class TrainingProgress:
    """Shows epoch metrics on standard error, unless `quiet`."""

    def __init__(self, run: Run, *, quiet: bool) -> None:
        self.epochs, self.quiet = run.epochs, quiet
        self.seen = sum(metrics.samples for metrics in run.history)  # in epochs that are over
        self.every = _round_up(run.epochs / MAX_LINES)
        self.bar = tqdm(
            total=run.samples,
            initial=self.seen,
            bar_format="{desc}  |{bar}| {remaining} left",  # the bar has 20 of 80 columns
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr,
            disable=quiet or None,  # None: no bar unless standard error is a terminal
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(OSError):
            self.bar.close()

    def show(self, metrics: EpochMetrics) -> None:
        """Move the bar; at the end of an epoch, print its line.

        A standard error that is closed does not end the training.
        """
        with contextlib.suppress(OSError):
            self._show(metrics)

    def _show(self, metrics: EpochMetrics) -> None:
        self.bar.set_description_str(_start_of_line(metrics, self.epochs), refresh=False)
        self.bar.update(self.seen + metrics.samples - self.bar.n)
        if not metrics.complete:
            return
        self.seen += metrics.samples
        if not self.quiet and self._is_printed(metrics.epoch):
            self.bar.write(epoch_line(metrics, self.epochs), file=sys.stderr)

    def _is_printed(self, epoch: int) -> bool:
        return epoch % self.every == 0 or epoch in (1, self.epochs)


def epoch_line(metrics: EpochMetrics, epochs: int) -> str:
    """Write the metrics of an epoch in one line."""
    if metrics.validation_loss is not None:
        accuracy = f"{metrics.validation_accuracy:7.2%}"
        more = f"validation {_short(metrics.validation_loss)} {accuracy}"
    else:  # together they would not fit a line of 80 columns
        more = f"{metrics.samples / max(metrics.seconds, 1e-9):,.0f} samples/s"
    return f"{_start_of_line(metrics, epochs)}  {more}  {metrics.seconds:.2f} s"


def _start_of_line(metrics: EpochMetrics, epochs: int) -> str:
    """Write what the bar and the line of an epoch have in common."""
    return (
        f"epoch {metrics.epoch:>{len(str(epochs))}}/{epochs}  loss {_short(metrics.loss)}  "
        f"accuracy {metrics.accuracy:7.2%}"
    )


def _short(loss: float) -> str:
    """Write a loss with four decimals, unless it is absurdly large."""
    return f"{loss:.4f}" if abs(loss) < 1e4 else f"{loss:.1e}"


def _round_up(interval: float) -> int:
    """Round up to 1, 2, 5, 10, 20, 50, and so on."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if step * power >= interval:
                return step * power
        power *= 10


def announce(run: Run, *, quiet: bool) -> None:
    """Print what is going to be trained, on what, and by which engine."""
    choice, network, training = run.choice, run.network, run.config.training
    if quiet:
        if training.engine not in ("auto", choice.name):
            eprint(f"engine: {choice.name} ({choice.reason})")
        return
    eprint(
        f"training {'-'.join(map(str, network.sizes))} ({network.params.size:,} parameters) "
        f"on {len(run.training.y):,} samples of {run.config.data.dataset}"
    )
    if run.validation:
        eprint(f"validating on {len(run.validation.y):,} held-out samples")
    if training.label_smoothing and not isinstance(training.class_weight, dict):
        lowest = lowest_loss(network, training.step_config)
        smoothing = f"label smoothing {training.label_smoothing:g}"
        eprint(f"{smoothing}: the loss cannot fall below {lowest:.4f}")
    if training.frozen_layers:
        drawn = "" if run.init_from else ", with weights as drawn; see --init-from"
        verb = "is" if training.frozen_layers == 1 else "are"
        eprint(f"{_first_layers(training.frozen_layers)} {verb} frozen{drawn}")
    if run.checkpoint:
        eprint(_resumes_at(run, run.checkpoint.state.position))
    eprint(f"engine: {choice.name}" + (f" ({choice.reason})" if choice.reason else ""))


def starting_text(weights: StartingWeights, path: Path, n_layers: int) -> str:
    """Say which layers of a network start from a model."""
    taken = weights.n_layers
    if taken == n_layers:
        return f"all layers start from {path}"
    verb = "starts" if taken == 1 else "start"
    return f"{_first_layers(taken)} of {n_layers} {verb} from {path}, layer {n_layers} is new"


def _first_layers(count: int) -> str:
    """Name the first layers."""
    return "layer 1" if count == 1 else f"layers 1 {'and' if count == 2 else 'to'} {count}"


def _resumes_at(run: Run, position: Position) -> str:
    """Say how far a run that is resumed has come already."""
    done = position.epoch - 1
    if done >= run.epochs or (run.stopper and run.stopper.is_over(done)):
        return f"the run is already complete, after {done} epochs; nothing is left to train"
    where = f"{position.samples:,} samples into epoch" if position.samples else "from epoch"
    return f"resuming {where} {position.epoch} of {run.epochs}"


def stopping_text(run: Run) -> str | None:
    """Say what early stopping did in a run that is over; None if nothing."""
    done, kept, stopper = len(run.history), run.kept_epoch, run.stopper
    if not stopper or not stopper.best or (done == run.epochs and kept == done):
        return None
    stopped = f"stopped after epoch {done}; " if done < run.epochs else ""
    return (
        f"{stopped}the best {stopper.settings.monitor} was in epoch {stopper.best.epoch}; "
        f"the model is of epoch {kept}"
    )


class _CompilationNote(logging.Handler):
    """Prints a note when the first function is about to be compiled."""

    printed = False

    def emit(self, record: logging.LogRecord) -> None:
        """Handle a record of `compiling`."""
        if not self.printed:
            self.printed = True
            eprint("compiling the engine, some seconds; it is kept for the next run")


@contextlib.contextmanager
def compilation_noted(*, quiet: bool) -> Iterator[None]:
    """Print a note as soon as something has to be compiled; none if it is cached."""
    log, handler = logging.getLogger("mnist_nn.compiling"), _CompilationNote()
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)
