"""Checkpoints of a run: when they are due, and what becomes of one that is in the way."""

import contextlib
import itertools
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from ..errors import ModelError
from .guard import eprint
from .saving import checkpoint_path, save_anywhere
from .signals import Interrupted

if TYPE_CHECKING:
    from ..model import Checkpoint
    from ..training import Snapshot

LONG = 60.0  # seconds; a run that takes less writes none unless told to
SHARE = 0.05  # of a run's time that unasked checkpoints may take
MAX_READ = 256 << 20  # bytes of a file in the way; a larger one is kept unread
Stamp = tuple[int, int, int]  # changes whenever a file does


class Checkpoints:
    """Writes the checkpoints of a run, beside its `output`.

    Without a number of epochs as `every`, a run that is going to take more than a minute writes one
    after each epoch, or fewer if writing would take more than a twentieth of the time. `make` makes
    a checkpoint of the run as it is now; `resume` words the command that resumes a run from a file:
    this run, or another one with an `output` of its own. `kept` is the epoch after which the
    checkpoint on the disk was written, None before the first.
    """

    def __init__(
        self,
        output: Path,
        every: int | None,
        make: "Callable[[], Checkpoint]",
        resume: Callable[..., str],
        seed: int | None = None,
    ) -> None:
        self.path, self.every, self.make, self.resume = checkpoint_path(output), every, make, resume
        self.kept: int | None = None
        self._output, self._seed = output, seed
        self._is_own, self._failed = False, False
        self._replaceable, self._unreadable = _examine(self.path)
        self._last: Checkpoint | None = None  # of the end of the run
        self._began = self._written = time.monotonic()
        self._cost = 0.0  # seconds that the latest took

    def go_on(self, path: Path, snapshot: "Snapshot") -> None:
        """Note that the run resumes from what this checkpoint file held."""
        seconds = sum(metrics.seconds for metrics in snapshot.history)
        self._began -= seconds + snapshot.position.seconds
        if path.resolve() == self.path.resolve():
            self._is_own = True

    def after_epoch(self, epoch: int, epochs: int) -> None:
        """Write one if it is due after this epoch of so many."""
        if self._is_due(epoch, epochs):
            self._write(epoch)

    def finish(self, epoch: int) -> None:
        """Write that of a run's end, if the run has one at all: it may be made longer later."""
        if self._is_own or self._seed is not None:
            self._last = self.make()
        if self._is_own and self.kept != epoch:
            self._write(epoch)

    def complete(self) -> None:
        """Mark the checkpoint, if the run has one, as that of a run whose model is written."""
        if self._is_own and self._last is not None:
            with contextlib.suppress(ModelError):  # it then counts as unfinished, and is kept
                self._save(replace(self._last, complete=True, series=None), self.path)

    def interrupt(self, number: int, where: str) -> NoReturn:
        """End the run, now at `where`, with a checkpoint; Interrupted says how to resume.

        ModelError, saying where the checkpoint is, if it is not where it should be.
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
            command = self.resume(saved, output=self._output)
            raise ModelError(f"{error}; resume with: {command}") from error
        seed = "" if self._seed is None else f"seed {self._seed}, "
        command = self.resume(self.path)
        raise Interrupted(number, f"interrupted in {seed}{where}; resume with: {command}")

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
        began = time.monotonic()
        try:
            self._save(self._last or self.make(), self.path)
        except ModelError as error:
            if not self._failed:
                eprint(f"warning: {error}; training goes on without a new checkpoint")
            self._failed = True
        else:
            self.kept, self._failed = epoch, False
        self._written = time.monotonic()
        self._cost = self._written - began

    def _save(self, checkpoint: "Checkpoint", path: Path) -> None:
        from ..model import save_checkpoint

        if path == self.path and not self._is_own:
            self._make_way()
        save_checkpoint(path, checkpoint)
        if path == self.path:
            self._is_own = True

    def _make_way(self) -> None:
        """Rename what is in the way, unless its run is over or the file is this run's own."""
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
        text = f"note: {self.path} was not of a finished run and is now {aside}"
        if stamp != self._unreadable:
            text += f"; resume it with: {self.resume(aside, output=output)}"
        eprint(text)


def _examine(path: Path) -> tuple[Stamp | None, Stamp | None]:
    """Give the stamp of a file whose run is over, or of one that is no readable checkpoint.

    Read before training, not when a checkpoint is due: whatever has come in between is kept, and
    an interruption does not wait for it.
    """
    from ..model import load_checkpoint

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
    """Give what changes whenever a plain file is replaced or written; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _move_aside(path: Path, output: Path) -> tuple[Path, Path]:
    """Rename a checkpoint to the first free ``NAME.bak``, ``NAME.bak2`` and so on.

    Return its new name, and one for its model that is free, too.
    """
    for number in itertools.count(1):
        tail = "bak" if number == 1 else f"bak{number}"
        aside = path.with_name(f"{path.name}.{tail}")
        model = output.with_stem(f"{output.stem}-{tail}")
        if model.exists():
            continue
        try:
            aside.touch(exist_ok=False)  # whoever makes it has the name, and no other run takes it
        except FileExistsError:
            continue
        try:
            path.replace(aside)
        except OSError:
            aside.unlink()
            raise
        return aside, model
    raise AssertionError("there are always more names")
