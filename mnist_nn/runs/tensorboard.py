"""TensorBoard's event file of a run."""

import time
from collections.abc import Sequence
from pathlib import Path

from ..errors import warn
from ..training import EpochMetrics

TAGS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "accuracy": "accuracy/training",
    "validation_accuracy": "accuracy/validation",
    "learning_rate": "learning_rate",
}


class Board:
    """Writes an event file, one event per epoch, through tensorboardX.

    Its `SummaryWriter` is not used: it hands each number to a thread through a queue, and waits
    forever once a full disk has ended the thread. The events of older files no longer count.
    """

    def __init__(self, folder: Path) -> None:
        from tensorboardX import event_file_writer
        from tensorboardX.proto.event_pb2 import Event, SessionLog
        from tensorboardX.proto.summary_pb2 import Summary

        self._event, self._summary = Event, Summary
        self._writer = event_file_writer.EventsWriter(str(folder / "events"))
        self._writer.write_event(Event(step=1, file_version="brain.Event:2"))
        start = SessionLog(
            status=SessionLog.START
        )  # voids the events of older files from step 1 on
        self._writer.write_event(Event(step=1, session_log=start))

    def add(self, history: Sequence[EpochMetrics]) -> None:
        """Write epochs that are over."""
        for metrics in history:
            figures = metrics.as_dict()
            values = [
                self._summary.Value(tag=tag, simple_value=figures[name])
                for name, tag in TAGS.items()
                if figures[name] is not None
            ]
            summary = self._summary(value=values)
            self._writer.write_event(
                self._event(wall_time=time.time(), step=metrics.epoch, summary=summary)
            )
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()


def open_board(folder: Path) -> Board | None:
    """Open the event file of a folder; None, with a warning unless it is not installed."""
    try:
        return Board(folder)
    except Exception as error:
        if not (isinstance(error, ModuleNotFoundError) and error.name == "tensorboardX"):
            warn_of(error)
        return None


def warn_of(error: Exception) -> None:
    """Warn that nothing is written for TensorBoard, and why."""
    first = next(iter(str(error).splitlines()), "")
    warn(
        f"tensorboardX failed ({type(error).__name__}: {first:.200}); there are no event files, "
        "the other logs and the training continue"
    )
