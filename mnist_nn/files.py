"""Files written whole or not at all, and read up to a bound.

What is written goes to a temporary file in the same folder, is flushed to the disk, and takes the
target's place in one step; whoever reads the target sees the old file or the new one, never a part.
The temporary file is locked as long as its writer lives; one that is not locked was left by a
killed process, and the next writer into the folder removes it.

Where no new file can take the target's place, it is written in place: a file that a container has
mounted by itself, or one that may be written in a folder that may not. That is not one step.
"""

import contextlib
import errno
import io
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TypeAlias

try:
    import fcntl
except ImportError:  # Windows has none, and keeps what killed processes leave
    fcntl = None  # type: ignore[assignment]

StrPath: TypeAlias = str | os.PathLike[str]
"""What a public function takes for a path."""

PREFIX, SUFFIX = ".mnist-nn-", ".part"
UNLOCKED = ".tmp"  # the suffix where there are no locks to tell whether the writer lives
NOT_REPLACEABLE = (errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV)


def read_bounded(path: StrPath, limit: int, error: type[Exception]) -> bytes:
    """Read a plain file of which nothing is known yet.

    Parameters
    ----------
    path
        The file, or a link to one.
    limit
        Bytes that it may have; nothing of a larger one is read.
    error
        The type of the error if it is no plain file, whose end might never come, or too large.

    Raises
    ------
    OSError
        If there is none, or it cannot be read.
    Exception
        Of the type `error`; the message does not name the path.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # opening a pipe could wait for ever
        raise error("it is a folder, a pipe or a device, not a plain file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise error(f"it has {size:,} bytes, more than the {limit:,} bytes that it may have")
        return file.read(size)


@contextlib.contextmanager
def atomic_write(path: StrPath) -> Iterator[IO[bytes]]:
    """Open a temporary file that becomes `path` when the block ends well, and vanishes otherwise.

    A file that is replaced hands on its mode and, where this user may set them, owner and group.

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
        If the folder cannot be written or the disk is full; `path` is then as it was, unless it
        could only be written in place.
    """
    path = resolved(path)  # a link stays a link, to the new content
    _remove_stale(path.parent)
    try:
        file, temporary = _open_locked(path.parent)
    except OSError as error:
        if error.errno not in NOT_REPLACEABLE or not path.is_file():
            raise
        with io.BytesIO() as memory:
            yield memory
            _write_in_place(path, memory)
        return
    try:
        with file:
            _copy_mode(path, temporary)
            yield file
            file.flush()
            os.fsync(file.fileno())
            _replace(path, temporary, file)
        _sync_folder(path.parent)
    finally:
        temporary.unlink(missing_ok=True)  # its name is used once, so it is nobody else's


def resolved(path: StrPath) -> Path:
    """Resolve a path's links, to a file that need not exist; `OSError` for a link to itself."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, "it is a link to itself", str(path))
    return target


def written_in_place(path: Path) -> bool:
    """Return whether a file would be written in place; `OSError` if it could not be at all.

    Nothing is changed. It would if no new file can take its place.
    """
    path = resolved(path)
    try:
        file, temporary = _open_locked(path.parent)
        file.close()
        temporary.unlink()
    except OSError as error:
        if error.errno not in NOT_REPLACEABLE or not path.is_file():
            raise
    else:
        if not path.exists() or not (_is_mount_point(path) or _is_kept_by_sticky_bit(path)):
            return False
    path.open("r+b").close()
    return True


def _open_locked(folder: Path) -> tuple[IO[bytes], Path]:
    """Create a file with a new name in a folder, and lock it."""
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
        file = path.open("x+b")
        if not _lock(file, wait=True):
            file.close()
            path.unlink(missing_ok=True)
            path = path.with_suffix(UNLOCKED)
            return path.open("x+b"), path
        if os.path.lexists(path):  # no name is used twice, so this is still our file
            return file, path
        file.close()  # another removed it between opening and locking


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    """Lock a file until it is closed; return whether that worked, for another may have it."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # it is another's, or the file system has no locks
        return False
    return True


def _remove_stale(folder: Path) -> None:
    """Remove temporary files whose writers are dead."""
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            if _lock(file, wait=False) and _is_still(path, file):
                path.unlink()


def _is_still(path: Path, file: IO[bytes]) -> bool:
    """Return whether a path is still the name of an open file, neither removed nor reused."""
    opened = os.fstat(file.fileno())
    return opened.st_nlink > 0 and os.path.samestat(opened, path.lstat())


def _copy_mode(path: Path, temporary: Path) -> None:
    """Give a temporary file the mode of the file that it will replace, and its owner if allowed."""
    if os.name == "nt" or not path.exists():
        return
    old = path.stat()
    for owner, group in ((old.st_uid, old.st_gid), (-1, old.st_gid)):
        with contextlib.suppress(OSError):
            os.chown(temporary, owner, group)
            break
    with contextlib.suppress(OSError):  # some file systems have no modes
        temporary.chmod(stat.S_IMODE(old.st_mode))


def _replace(path: Path, temporary: Path, file: IO[bytes]) -> None:
    """Let a temporary file take the target's place, or write the target in place."""
    if os.name == "nt":
        file.close()  # Windows renames no open file
    try:
        temporary.replace(path)
    except OSError as error:
        if os.name == "nt" or error.errno not in NOT_REPLACEABLE or not path.is_file():
            raise
        _write_in_place(path, file)


def _write_in_place(path: Path, content: IO[bytes]) -> None:
    """Write over a file, once there is known to be room on its disk."""
    size = content.seek(0, os.SEEK_END)
    content.seek(0)
    with path.open("r+b") as target:
        _lock(target, wait=True)  # one writer at a time
        _reserve(target, size)
        shutil.copyfileobj(content, target)
        target.truncate(size)
        target.flush()
        os.fsync(target.fileno())


def _reserve(file: IO[bytes], size: int) -> None:
    """Make room for a file to grow to a size; a full disk leaves it as it was."""
    old = os.fstat(file.fileno()).st_size
    if size <= old or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), old, size - old)
    except OSError as error:
        os.ftruncate(file.fileno(), old)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # others: it cannot be known
            raise


def _is_mount_point(path: Path) -> bool:
    """Return whether a file is mounted by itself, as a container may have it."""
    try:
        table = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return os.path.ismount(path)
    points = {line.split()[4] for line in table.splitlines()}
    return re.sub(rb"[ \t\n\\]", lambda m: b"\\%03o" % ord(m[0]), os.fsencode(path)) in points


def _is_kept_by_sticky_bit(path: Path) -> bool:
    """Return whether a file is another's, in a folder where nobody may replace another's files."""
    folder = path.parent.stat()
    owners = (0, folder.st_uid, path.stat().st_uid)
    return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in owners


def _sync_folder(folder: Path) -> None:
    """Make the renaming itself durable, where the system lets a folder be synced."""
    with contextlib.suppress(OSError):  # Windows and some network file systems do not
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
