"""Saving what has cost an hour: if it cannot be where it should be, it is put where it can be."""

import contextlib
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from ..errors import ConfigError, ModelError
from ..files import resolved, written_in_place
from .guard import eprint

MARGIN = 1 << 20  # bytes that are left free
FALLBACK_FOLDERS: tuple[Callable[[], str | Path], ...] = (tempfile.gettempdir, Path.home)


def checkpoint_path(output: Path) -> Path:
    """Name the checkpoint file that goes with a model file."""
    return output.with_name(f"{output.name}.ckpt")


def save_anywhere(path: Path, save: Callable[[Path], None]) -> None:
    """Save a file, or else in the folder for temporary files, or else at home.

    ModelError, naming where it is, if it is not at `path`.
    """
    try:
        save(path)
        return
    except ModelError as error:
        first = error
    for find in FALLBACK_FOLDERS:
        fallback = _saved_in_fallback(find, path.name, save)
        if fallback is not None:
            raise ModelError(f"{first}\nit was saved as {fallback} instead") from first
    raise first


def _saved_in_fallback(
    find: Callable[[], str | Path], name: str, save: Callable[[Path], None]
) -> Path | None:
    """Save a file in a new folder of a fallback; if that fails, remove the folder, return None."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="mnist-nn-", dir=find()))
    except (OSError, RuntimeError):  # it does not exist, or this user has no home
        return None
    try:
        save(folder / name)
    except (ModelError, OSError):
        return None
    finally:
        with contextlib.suppress(OSError):  # it is not empty: the file is there
            folder.rmdir()
    return folder / name


def check_output(output: Path, option: str = "--output", inputs: Iterable[Path] = ()) -> bool:
    """Refuse, before the work, a place where its result could not be written, with ConfigError.

    That is a folder, a device, one of the `inputs`, what standard output or error is redirected to,
    and any place in a folder that does not exist or cannot be written to. Return whether it will be
    written in place, which a note says, too.
    """
    in_place = _checked(output, option, inputs)
    if in_place:
        eprint(
            f"note: no new file can take the place of {output}, so it will be written in place; "
            "a crash at that moment would damage it"
        )
    return in_place


def check_run_output(output: Path, configs: Iterable[Path], resume: Path | None) -> None:
    """Refuse, as `check_output` does, a place where a model or its checkpoint could not be written.

    A model that is written in place may be in a folder that takes no checkpoint. It may overwrite
    no config and not the checkpoint `resume`; the run's next checkpoint may.
    """
    configs = list(configs)
    in_place = check_output(output, inputs=[*configs, resume] if resume else configs)
    checkpoint = checkpoint_path(output)
    try:
        check_output(checkpoint, inputs=configs)
    except _UnwritableFolder:
        if not in_place:
            raise
        eprint(f"note: {checkpoint} cannot be written, so there will be no checkpoint beside it")


class _UnwritableFolder(ConfigError):
    """A folder takes no new files."""


def _checked(output: Path, option: str, inputs: Iterable[Path]) -> bool:
    """Check an output; return whether it will be written in place."""
    try:
        target = resolved(output)  # what a link leads to
        mode = _mode(output)
    except OSError as error:
        raise ConfigError(f"{option} {output}: {error.strerror}") from error
    if stat.S_ISDIR(mode):
        raise ConfigError(f"{option} {output} is a folder; name a file in it")
    if mode and not stat.S_ISREG(mode):
        raise ConfigError(f"{option} {output} is a device or a pipe; name a plain file")
    if not target.parent.is_dir():
        raise ConfigError(f"{option} {output}: the folder {target.parent} does not exist")
    for path in inputs:
        if mode and path.exists() and path.samefile(output):
            raise ConfigError(
                f"{option} {output} is {path} itself, which this command reads; name another file"
            )
    if mode and _is_a_stream(output):
        raise ConfigError(
            f"{option} {output} is where this command's messages go; name another file"
        )
    try:
        return written_in_place(target)
    except OSError as error:
        if mode and os.access(target.parent, os.W_OK):
            raise ConfigError(f"{option} {output} cannot be replaced: {error.strerror}") from error
        raise _UnwritableFolder(
            f"{option} {output}: the folder {target.parent} cannot be written to: {error.strerror}"
        ) from error


def _is_a_stream(path: Path) -> bool:
    """Return whether a file is what standard output or error is redirected to."""
    for descriptor in (1, 2):
        with contextlib.suppress(OSError):  # it is closed
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return True
    return False


def _mode(path: Path) -> int:
    """Return the type and mode of a file; 0 if there is none."""
    try:
        return path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return 0


def check_room(output: Path, size: int) -> None:
    """Refuse, before the work, a disk without room for `size` bytes of `output`: ConfigError."""
    path = resolved(output)
    for place in (path.parent, path):  # a file that is mounted by itself is on another disk
        with contextlib.suppress(OSError):  # there is no such file, or its disk does not say
            usage = shutil.disk_usage(place)
            free = max(usage.free - MARGIN, 0)
            if usage.total and size > free:  # some network file systems say that all is zero
                raise ConfigError(
                    f"--output {output}: its disk has {free:,} bytes free, the model and its "
                    f"checkpoints take {size:,}"
                )
