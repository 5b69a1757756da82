"""Logs of a run, a line per epoch, written during training: JSON lines, CSV and TensorBoard."""

import csv
import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from os.path import realpath
from pathlib import Path
from typing import IO

from ..errors import ConfigError, warn
from ..training import EpochMetrics
from .tensorboard import Board, open_board, warn_of

try:
    import fcntl
except ImportError:  # Windows has none: two runs that share a folder are not noticed there
    fcntl = None  # type: ignore[assignment]


FILES = ("metrics.jsonl", "metrics.csv")


def check_logs(folder: Path, outputs: Iterable[Path], inputs: Iterable[Path]) -> None:
    """Refuse, with ConfigError, logs that would replace an input or be replaced by an output."""
    outputs, inputs = list(outputs), list(inputs)
    for place in (folder, *(folder / name for name in FILES)):
        written = [path for path in outputs if realpath(path) == realpath(place)]
        read = [path for path in inputs if place.is_file() and place.samefile(path)]
        if written or read:
            raise ConfigError(
                f"--log-dir {folder}: {place} is also {(written + read)[0]}, which this run "
                f"{'writes' if written else 'reads'}; name another folder"
            )


class Logs:
    """The logs in a folder: ``metrics.jsonl``, ``metrics.csv`` and TensorBoard's event files.

    The latter only where tensorboardX is installed. Without a folder there are none; logs of an
    earlier run stay until `begin`. A full disk ends the logs, with a warning, and not the run. The
    files are locked until `close`; ConfigError if another run has locked them or they cannot be
    written.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.stack = folder, ExitStack()
        self.lines: IO[str] | None = None
        self.table: IO[str] | None = None
        self.writer: csv.DictWriter[str] | None = None
        self.board: Board | None = None
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self.lines, self.table = (
                self.stack.enter_context(_open_locked(folder / name)) for name in FILES
            )
        except BlockingIOError as error:
            self.close()
            raise ConfigError(
                f"--log-dir {folder}: another run is writing its logs there; name another folder"
            ) from error
        except OSError as error:
            self.close()
            raise ConfigError(f"--log-dir {folder}: {error.strerror or error}") from error

    def begin(self, history: Sequence[EpochMetrics]) -> None:
        """Replace what an earlier run wrote by the epochs of this run that are over."""
        if self.folder is None or self.lines is None or self.table is None:
            return
        self.lines.truncate(0)
        self.table.truncate(0)
        self.board = open_board(self.folder)
        if history:
            self._write(history)

    def add(self, metrics: EpochMetrics) -> None:
        """Write an epoch that is over."""
        self._write([metrics])

    def _write(self, history: Sequence[EpochMetrics]) -> None:
        """Write epochs, and flush once."""
        if self.lines is None or self.table is None:
            return
        rows = [metrics.as_dict() for metrics in history]
        try:
            self.lines.write("".join(f"{json.dumps(row)}\n" for row in rows))
            self.lines.flush()
            if self.writer is None:
                self.writer = csv.DictWriter(self.table, list(rows[0]))
                self.writer.writeheader()
            self.writer.writerows(rows)
            self.table.flush()
        except OSError as error:
            text = f"cannot write the logs: {error.strerror or error}; training continues"
            warn(text)
            self.lines = None
            return
        try:
            if self.board is not None:
                self.board.add(history)
        except Exception as error:
            warn_of(error)
            self.board = None

    def close(self) -> None:
        """Close all files."""
        with suppress(OSError):
            self.stack.close()
        if self.board is not None:
            with suppress(Exception):
                self.board.close()


def _open_locked(path: Path) -> IO[str]:
    """Open a file at its end and lock it; BlockingIOError if it is locked, OSError if not plain."""
    if path.exists() and not path.is_file():  # opening a pipe would wait for a reader
        raise OSError(f"{path} is not a plain file")
    file = path.open("a", encoding="utf-8", newline="")
    try:
        if fcntl is not None:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError:  # the file system has no locks
        pass
    return file
