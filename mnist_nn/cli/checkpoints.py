"""Checkpoints of a run: when they are due, and what becomes of one that is in the way."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from .guard import note
from .saving import checkpoint_path, save_anywhere
from .signals import Interrupted

if TYPE_CHECKING:
    from ..model import Checkpoint
    from ..training import Snapshot

LONG = 60.0  # seconds; a run that takes less writes none unless told to
SHARE = 0.05  # of a run's time that unasked checkpoints may take


class Checkpoints:
    """Writes the checkpoints of a run.

    Parameters
    ----------
    output
        Where the run's model will go; the checkpoint goes beside it.
    every
        Epochs from one to the next, 1 or more. If None, one after each epoch of a run that is
        going to take more than a minute, or fewer if epochs are so short that writing would take
        more than a twentieth of the time.
    make
        Makes a checkpoint of the run as it is now.
    resume
        Gives the command that goes on from a checkpoint file.

    Attributes
    ----------
    path
        Of the checkpoint file.
    command
        That goes on from there.
    kept
        The epoch after which the checkpoint on the disk was written; None before the first.
    """

    def __init__(
        self,
        output: Path,
        every: int | None,
        make: "Callable[[], Checkpoint]",
        resume: Callable[[Path], str],
    ) -> None:
        self.path, self.every, self.make = checkpoint_path(output), every, make
        self.command = resume(self.path)
        self.kept: int | None = None
        self._output, self._is_own, self._failed = output, False, False
        self._began = self._written = time.monotonic()
        self._cost = 0.0  # seconds that the latest took

    def go_on(self, path: Path, snapshot: "Snapshot") -> None:
        """Take note that the run goes on from what this checkpoint file held."""
        seconds = sum(report.seconds for report in snapshot.history)
        self._began -= seconds + snapshot.position.seconds
        if path.resolve() == self.path.resolve():
            self._is_own = True

    def after_epoch(self, epoch: int, epochs: int) -> None:
        """Write one if it is due after this epoch of so many."""
        if self._is_due(epoch, epochs):
            self._write(epoch)

    def finish(self, epoch: int) -> None:
        """Write that of a run's end, if the run has one at all: it may be made longer later."""
        if self._is_own and self.kept != epoch:
            self._write(epoch)

    def interrupt(self, number: int, where: str) -> NoReturn:
        """End the run, which has come to `where`, as a signal asked, with a checkpoint.

        Raises
        ------
        Interrupted
            Saying how to go on.
        ModelError
            If the checkpoint is not where it should be, saying where it is.
        """
        checkpoint = self.make()
        save_anywhere(self.path, lambda path: self._save(checkpoint, path))
        raise Interrupted(number, f"interrupted in {where}; go on with: {self.command}")

    def _is_due(self, epoch: int, epochs: int) -> bool:
        if self.every is not None:
            return epoch % self.every == 0
        now = time.monotonic()
        spent = now - self._began
        if spent < LONG / 60 or spent / epoch * epochs <= LONG:  # a second, for the first are slow
            return False
        return (now - self._written) * SHARE >= self._cost

    def _write(self, epoch: int) -> None:
        """Write one; that the disk is full, say, is no reason to end the run."""
        from ..errors import ModelError

        began = time.monotonic()
        try:
            self._save(self.make(), self.path)
        except ModelError as error:
            if not self._failed:
                note(f"warning: {error}; training goes on without a new checkpoint")
            self._failed = True
        else:
            self.kept, self._failed = epoch, False
        self._written = time.monotonic()
        self._cost = self._written - began

    def _save(self, checkpoint: "Checkpoint", path: Path) -> None:
        from ..model import save_checkpoint

        if path == self.path:
            self._make_way()
        save_checkpoint(path, checkpoint)

    def _make_way(self) -> None:
        """Rename a checkpoint of another run that has not come to a model."""
        with contextlib.suppress(OSError):  # another run may be doing the same at this moment
            if not self._is_own and self.path.is_file() and not _is_older(self.path, self._output):
                aside = self.path.with_name(f"{self.path.name}.bak")
                self.path.replace(aside)
                note(f"note: {self.path} was of an unfinished run and is now {aside}")
        self._is_own = True


def _is_older(path: Path, other: Path) -> bool:
    """Say whether another file exists and is not older than this one."""
    return other.exists() and path.stat().st_mtime <= other.stat().st_mtime
