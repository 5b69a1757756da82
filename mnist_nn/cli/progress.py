"""Progress of a training run: a bar that redraws in place on a terminal, lines on a pipe."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from tqdm import tqdm

from ..training import EpochMetrics
from .guard import eprint

MAX_LINES = 100  # a run of more epochs than this does not print each


class TrainingProgress:
    """Shows history on standard error, unless `quiet`.

    `samples` is how many the run will see in all its epochs, `seen` how many it has seen already,
    in whole epochs.
    """

    def __init__(self, epochs: int, samples: int, seen: int = 0, *, quiet: bool) -> None:
        self.epochs, self.quiet = epochs, quiet
        self.seen = seen  # samples of the epochs that are over
        self.every = _round_up(epochs / MAX_LINES)
        self.bar = tqdm(
            total=samples,
            initial=seen,
            unit=" samples",
            unit_scale=True,
            bar_format="{desc} {percentage:3.0f}%|{bar}| {remaining} left, {rate_fmt}",
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

        A standard error that has gone away does not end the training.
        """
        with contextlib.suppress(OSError):
            self._show(metrics)

    def _show(self, metrics: EpochMetrics) -> None:
        self.bar.set_description_str(
            f"epoch {metrics.epoch}/{self.epochs}  loss {_short(metrics.loss)}  "
            f"accuracy {metrics.accuracy:.2%}",
            refresh=False,
        )
        self.bar.update(self.seen + metrics.samples - self.bar.n)
        if not metrics.complete:
            return
        self.seen += metrics.samples
        if not self.quiet and self._worth_a_line(metrics.epoch):
            self.bar.write(epoch_line(metrics, self.epochs), file=sys.stderr)

    def _worth_a_line(self, epoch: int) -> bool:
        return epoch % self.every == 0 or epoch in (1, self.epochs)


class _CompilationNote(logging.Handler):
    """Prints a note when the first function is about to be compiled."""

    said = False

    def emit(self, record: logging.LogRecord) -> None:
        """Take a record of `compiling`."""
        if not self.said:
            self.said = True
            eprint(
                "compiling the engine, which takes some seconds; the next run will find it ready"
            )


@contextlib.contextmanager
def compilation_noted(*, quiet: bool) -> Iterator[None]:
    """Print a note as soon as something has to be compiled in the context; none if it is cached."""
    log, handler = logging.getLogger("mnist_nn.compiling"), _CompilationNote()
    log.setLevel(logging.WARNING if quiet else logging.INFO)
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


def epoch_line(metrics: EpochMetrics, epochs: int) -> str:
    """Sum an epoch up in one line."""
    parts = [
        f"epoch {metrics.epoch:>{len(str(epochs))}}/{epochs}",
        f"loss {_short(metrics.loss)}",
        f"accuracy {metrics.accuracy:7.2%}",
    ]
    if metrics.validation_loss is not None:
        parts.append(
            f"validation {_short(metrics.validation_loss)} {metrics.validation_accuracy:7.2%}"
        )
    else:  # together they would not fit a line of 80 columns
        parts.append(f"{metrics.samples / max(metrics.seconds, 1e-9):,.0f} samples/s")
    return "  ".join([*parts, f"{metrics.seconds:.2f} s"])


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
