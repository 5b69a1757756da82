"""Saving what has cost an hour: if it cannot be where it should be, it is put where it can be."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from ..errors import ConfigError, ModelError

MARGIN = 1 << 20  # bytes that are left free
REFUGES: tuple[Callable[[], str | Path], ...] = (tempfile.gettempdir, Path.home)


def checkpoint_path(output: Path) -> Path:
    """Name the checkpoint file that goes with a model file."""
    return output.with_name(f"{output.name}.ckpt")


def save_anywhere(path: Path, save: Callable[[Path], None]) -> None:
    """Save a file, or else in the folder for temporary files, or else at home.

    Parameters
    ----------
    path
        Where it should be.
    save
        Saves it in a place; it raises `ModelError` where that is not possible.

    Raises
    ------
    ModelError
        If it is not where it should be, naming where it is.
    """
    try:
        save(path)
        return
    except ModelError as error:
        first = error
    for find in REFUGES:
        try:
            refuge = Path(tempfile.mkdtemp(prefix="mnist-nn-", dir=find())) / path.name
            save(refuge)
        except (ModelError, OSError, RuntimeError):
            continue
        raise ModelError(f"{first}\nit was saved as {refuge} instead") from first
    raise first


def check_output(output: Path, option: str = "--output") -> None:
    """Refuse, before the work, a place where its result could not be written after it.

    Parameters
    ----------
    output
        The place.
    option
        That names it.

    Raises
    ------
    ConfigError
        If it is a folder or a device, or its folder does not exist or cannot be written to.
    """
    try:
        target = output.resolve()  # what a link leads to
        exists = target.exists()
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or "it is a link to itself"
        raise ConfigError(f"{option} {output}: {reason}") from error
    if output.is_dir():
        raise ConfigError(f"{option} {output} is a folder; name a file in it")
    if exists and not target.is_file():
        raise ConfigError(f"{option} {output} is a device or a pipe; name a plain file")
    if not target.parent.is_dir():
        raise ConfigError(f"{option} {output}: the folder {target.parent} does not exist")
    try:
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise ConfigError(
            f"{option} {output}: the folder {target.parent} cannot be written to: {error.strerror}"
        ) from error


def check_room(output: Path, size: int) -> None:
    """Refuse, before the work, a disk without room for what it will write.

    Parameters
    ----------
    output
        A file on the disk.
    size
        Bytes that will be written.

    Raises
    ------
    ConfigError
        If there are fewer.
    """
    free = shutil.disk_usage(output.resolve().parent).free - MARGIN
    if size > free:
        raise ConfigError(
            f"--output {output}: its disk has {max(free, 0):,} bytes free, the model and its "
            f"checkpoints take {size:,}"
        )
