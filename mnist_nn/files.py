"""A file is written whole or not at all.

The bytes go to a temporary file in the same folder, are flushed to the disk, and take the target's
place in one step; whoever reads the target sees the old file or the new one, never a part.
"""

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import IO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
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
    path = path.resolve()  # a link stays a link, to the new content
    temporary = path.parent / f".mnist-nn-{secrets.token_hex(8)}.part"
    try:
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):  # Windows and some network file systems do not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
