"""Logs of a run, a line per epoch, written as it goes: for plots, spreadsheets and TensorBoard."""

import csv
import json
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from .guard import note

if TYPE_CHECKING:
    from ..training import Report

TAGS = {
    "loss": "loss/training",
    "validation_loss": "loss/validation",
    "accuracy": "accuracy/training",
    "validation_accuracy": "accuracy/validation",
    "learning_rate": "learning_rate",
}


class Logs:
    """The logs in a folder: ``metrics.jsonl``, ``metrics.csv`` and TensorBoard's event files.

    The latter only where tensorboardX is installed. A disk that fills up ends the logs, with a
    warning, and not the run.

    Parameters
    ----------
    folder
        Where they go; None for nowhere. Logs of an earlier run are replaced.

    Raises
    ------
    ConfigError
        If they cannot be written there.
    """

    def __init__(self, folder: Path | None) -> None:
        from ..errors import ConfigError

        self.stack = ExitStack()
        self.lines: IO[str] | None = None
        self.table: IO[str] | None = None
        self.board: Any = None
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.lines = self._open(folder / "metrics.jsonl")
            self.table = self._open(folder / "metrics.csv")
        except OSError as error:
            self.close()
            raise ConfigError(f"--log-dir {folder}: {error.strerror or error}") from error
        self.board = _board(folder)

    def _open(self, path: Path) -> IO[str]:
        return self.stack.enter_context(path.open("w", encoding="utf-8", newline=""))

    def add(self, report: "Report") -> None:
        """Write an epoch that is over."""
        if self.lines is None or self.table is None:
            return
        figures = report.figures()
        try:
            print(json.dumps(figures), file=self.lines, flush=True)
            writer = csv.DictWriter(self.table, list(figures))
            if not self.table.tell():
                writer.writeheader()
            writer.writerow(figures)
            self.table.flush()
            if self.board is not None:
                for name, tag in TAGS.items():
                    if figures[name] is not None:
                        self.board.add_scalar(tag, figures[name], report.epoch)
                self.board.flush()
        except OSError as error:
            note(f"warning: cannot write the logs: {error.strerror or error}; training goes on")
            self.lines = None

    def close(self) -> None:
        """Close all files."""
        with suppress(OSError):
            self.stack.close()
        if self.board is not None:
            with suppress(OSError):
                self.board.close()


def _board(folder: Path) -> Any:
    """Open TensorBoard's file; older ones of the folder no longer count."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder), purge_step=1)
