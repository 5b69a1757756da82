"""A file is written whole or not at all.

The bytes go to a temporary file in the same folder, are flushed to the disk, and take the target's
place in one step; whoever reads the target sees the old file or the new one, never a part. What a
killed process leaves behind is removed by the next that writes into the folder: the temporary file
is locked as long as its writer lives, so that nobody takes it for litter.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

try:
    import fcntl
except ImportError:  # Windows has none, and keeps the litter
    fcntl = None  # type: ignore[assignment]

StrPath: TypeAlias = str | os.PathLike[str]
"""What a public function takes for a path."""

PREFIX, SUFFIX = ".mnist-nn-", ".part"


@contextlib.contextmanager
def replacing(path: StrPath) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends well, and vanishes otherwise.

    Parameters
    ----------
    path
        The target, in a folder that exists.

    Yields
    ------
    binary file
        Open for reading and writing.

    Raises
    ------
    OSError
        If the folder cannot be written or the disk is full; `path` is then as it was.
    """
    path = Path(path).resolve()  # a link stays a link, to the new content
    _remove_litter(path.parent)
    temporary = path.parent / f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
    try:
        with _open_locked(temporary) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if os.name == "nt":
                file.close()  # Windows renames no open file
            temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _open_locked(path: Path) -> IO[bytes]:
    """Create a file, and lock it."""
    while True:
        file = path.open("x+b")
        _lock(file, wait=True)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # somebody came between opening and locking, and took it for litter


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    """Lock a file until it is closed; say whether it is ours, for another may have it."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is another's, or the file system has no locks
        return False
    return True


def _remove_litter(folder: Path) -> None:
    """Remove temporary files whose writers are dead."""
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            if _lock(file, wait=False):
                path.unlink()


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):  # Windows and some network file systems do not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
