"""What several tests of the command line need."""

import signal
from collections.abc import Callable, Iterator

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.training import EpochMetrics


@pytest.fixture
def interrupt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Send this process a signal at the n-th report from now, as if it came from outside."""
    show = TrainingProgress.show

    def at(report: int, number: int = signal.SIGINT, *, times: int = 1) -> None:
        left = report

        def show_and_interrupt(progress: TrainingProgress, shown: EpochMetrics) -> None:
            nonlocal left
            left -= 1
            show(progress, shown)
            if left == 0:
                for _ in range(times):
                    signal.raise_signal(number)

        monkeypatch.setattr(TrainingProgress, "show", show_and_interrupt)

    yield at
    monkeypatch.setattr(TrainingProgress, "show", show)
