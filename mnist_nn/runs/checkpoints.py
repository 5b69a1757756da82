"""Checkpoints of a run: when they are written, and what happens to a file in their place."""

import contextlib
import itertools
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import ModelError, warn
from ..model import Checkpoint, load_checkpoint, save_checkpoint
from ..training import TrainingState
from .saving import checkpoint_path, save_anywhere

LONG = 60.0  # seconds; a shorter run writes no checkpoints unless told to
SHARE = 0.05  # of a run's time that checkpoints may take, unless told to write them
MAX_READ = 256 << 20  # bytes of a file in the way; a larger one is kept unread
Stamp = tuple[int, int, int]  # changes whenever a file does


class Checkpoints:
    """Writes the checkpoints of a run, beside its `output`.

    Without a number of epochs as `every`, a run that is going to take more than a minute writes one
    after each epoch, or fewer if writing would take more than a twentieth of the time. `make`
    returns a checkpoint of the run as it is now; `command` words the command that resumes a run
    from a file, this run or another one with an `output` of its own. `is_part` is whether the run
    is one of a series. `kept` is the epoch after which the checkpoint on the disk was written, None
    before the first.
    """

    def __init__(
        self,
        output: Path,
        every: int | None,
        make: Callable[[], Checkpoint],
        command: Callable[..., str],
        *,
        is_part: bool,
    ) -> None:
        self.path, self.every, self.make = checkpoint_path(output), every, make
        self.command, self.is_part = command, is_part
        self.kept: int | None = None
        self._output = output
        self._is_own, self._failed = False, False
        self._replaceable, self._unreadable = _examine(self.path)
        self._last: Checkpoint | None = None  # of the end of the run
        self._began = self._written = time.monotonic()
        self._cost = 0.0  # seconds that the latest took

    def resume(self, path: Path, state: TrainingState) -> None:
        """Note that the run resumes from this state, read from this checkpoint file."""
        seconds = sum(metrics.seconds for metrics in state.history)
        self._began -= seconds + state.position.seconds
        if path.resolve() == self.path.resolve():
            self._is_own = True

    def after_epoch(self, epoch: int, epochs: int) -> None:
        """Write a checkpoint if one is due after this epoch of so many."""
        if self._is_due(epoch, epochs):
            self._write(epoch)

    def finish(self, epoch: int) -> None:
        """Write that of a run's end, if the run has one at all: it may be made longer later."""
        if self._is_own or self.is_part:
            self._last = self.make()
        if self._is_own and self.kept != epoch:
            self._write(epoch)

    def complete(self) -> None:
        """Mark the checkpoint, if the run has one, as that of a run whose model is written."""
        if self._is_own and self._last is not None:
            with contextlib.suppress(ModelError):  # it then counts as unfinished, and is kept
                self._save(replace(self._last, complete=True, series=None), self.path)

    def save_now(self) -> None:
        """Write a checkpoint of an interrupted run.

        ModelError, naming the file and the command to resume from it, if it had to be written
        elsewhere.
        """
        checkpoint, saved = self._last or self.make(), self.path

        def save(path: Path) -> None:
            nonlocal saved
            self._save(checkpoint, path)
            saved = path

        try:
            save_anywhere(self.path, save)
        except ModelError as error:
            if saved == self.path:  # nowhere
                raise
            command = self.command(saved, output=self._output)
            raise ModelError(f"{error}; resume with: {command}") from error

    def _is_due(self, epoch: int, epochs: int) -> bool:
        if self.every is not None:
            return epoch % self.every == 0
        now = time.monotonic()
        spent = now - self._began
        if spent < LONG / 60 or spent / epoch * epochs <= LONG:  # a second, for the first are slow
            return False
        return (now - self._written) * SHARE >= self._cost

    def _write(self, epoch: int) -> None:
        """Write a checkpoint; the run continues if that fails, as on a full disk."""
        began = time.monotonic()
        try:
            self._save(self._last or self.make(), self.path)
        except ModelError as error:
            if not self._failed:
                text = f"{error}; training continues without a new checkpoint"
                warn(text)
            self._failed = True
        else:
            self.kept, self._failed = epoch, False
        self._written = time.monotonic()
        self._cost = self._written - began

    def _save(self, checkpoint: Checkpoint, path: Path) -> None:
        if path == self.path and not self._is_own:
            self._make_way()
        save_checkpoint(path, checkpoint)
        if path == self.path:
            self._is_own = True

    def _make_way(self) -> None:
        """Rename a file in the way, unless its run is over or it is this run's own."""
        stamp = _stamp(self.path)
        if stamp is None or stamp == self._replaceable:
            return
        try:
            aside, output = _move_aside(self.path, self._output)
        except FileNotFoundError:  # another run has moved it at this moment
            return
        except OSError as error:
            raise ModelError(
                f"{self.path} is not of a finished run and cannot be renamed: {error.strerror}"
            ) from error
        text = f"{self.path} was not of a finished run and is now {aside}"
        if stamp != self._unreadable:
            text += f"; resume it with: {self.command(aside, output=output)}"
        warn(text)


def _examine(path: Path) -> tuple[Stamp | None, Stamp | None]:
    """Return the stamp of a file whose run is over, and that of one that is no readable checkpoint.

    Read before training, not when a checkpoint is due: a file that appears in between is kept, and
    an interruption does not wait for the reading.
    """
    stamp = _stamp(path)
    if stamp is None:
        return None, None
    try:
        if path.stat().st_size > MAX_READ:
            return None, stamp
        is_over = load_checkpoint(path).complete
    except (OSError, ModelError, MemoryError):
        return None, stamp
    return (stamp if is_over else None), None


def _stamp(path: Path) -> Stamp | None:
    """Return what changes whenever a plain file is replaced or written; None without a file."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _move_aside(path: Path, output: Path) -> tuple[Path, Path]:
    """Rename a checkpoint to the first free ``NAME.bak``, ``NAME.bak2`` and so on.

    Return its new name, and a name for its model that is free, too.
    """
    for number in itertools.count(1):
        tail = "bak" if number == 1 else f"bak{number}"
        aside = path.with_name(f"{path.name}.{tail}")
        model = output.with_stem(f"{output.stem}-{tail}")
        if model.exists():
            continue
        try:
            aside.touch(exist_ok=False)  # which reserves the name: no other run takes it
        except FileExistsError:
            continue
        try:
            path.replace(aside)
        except OSError:
            aside.unlink()
            raise
        return aside, model
    raise AssertionError("there are always more names")
