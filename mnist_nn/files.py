"""Atomic writing of files, and bounded reading.

What is written goes to a temporary file in the same folder, is flushed to the disk, and replaces
the target in one step: readers see the old file or the new one, never a part. The temporary file is
locked while its writer lives; one that is not locked was left by a killed process, and the next
writer into the folder removes it.

A file that cannot be replaced is written in place, which is not atomic: one that a container has
mounted by itself, or a writable one in a folder that is not.
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
except ImportError:  # Windows, where temporary files of killed processes stay
    fcntl = None  # type: ignore[assignment]

StrPath: TypeAlias = str | os.PathLike[str]
"""Type of a path in public functions."""

PREFIX, SUFFIX = ".mnist-nn-", ".part"
UNLOCKED = ".tmp"  # suffix on file systems without locks
NOT_REPLACEABLE = (errno.EBUSY, errno.EACCES, errno.EPERM, errno.EROFS, errno.EXDEV)


def read_bounded(path: StrPath, limit: int, error: type[Exception]) -> bytes:
    """Read an untrusted file of at most `limit` bytes.

    OSError if it does not exist or cannot be read. An exception of the type `error`, whose message
    does not name the path, if it is too large, of which nothing is read, or not a plain file.
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # opening a pipe could wait forever
        raise error("it is a folder, a pipe or a device, not a plain file")
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise error(f"it has {size:,} bytes, more than the limit of {limit:,}")
        return file.read(size)


@contextlib.contextmanager
def atomic_write(path: StrPath) -> Iterator[IO[bytes]]:
    """Open a temporary file that replaces `path` when the block succeeds, or else is removed.

    A replaced file's mode is kept and, if this user may set them, its owner and group. OSError if
    the folder cannot be written or the disk is full; `path` is then unchanged, unless it could only
    be written in place.
    """
    path = resolved(path)  # a link stays a link
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is a folder, a device or a pipe, not a file", str(path))
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
        temporary.unlink(missing_ok=True)  # its name is unique


def resolved(path: StrPath) -> Path:
    """Resolve the links of a path, which need not exist; OSError for a link to itself."""
    target = Path(os.path.realpath(path))
    if target.is_symlink():
        raise OSError(errno.ELOOP, "it is a link to itself", str(path))
    return target


def written_in_place(path: Path) -> bool:
    """Return whether a file would be written in place; OSError if it cannot be."""
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
    """Create a file with a unique name in a folder, and lock it."""
    while True:
        path = folder / f"{PREFIX}{secrets.token_hex(8)}{SUFFIX}"
        file = path.open("x+b")
        if not _lock(file, wait=True):
            file.close()
            path.unlink(missing_ok=True)
            path = path.with_suffix(UNLOCKED)
            return path.open("x+b"), path
        if os.path.lexists(path):
            return file, path
        file.close()  # another process removed it between opening and locking


def _lock(file: IO[bytes], *, wait: bool) -> bool:
    """Lock a file until it is closed; return whether that succeeded."""
    if fcntl is None:
        return False
    try:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has locked it, or the file system has no locks
        return False
    return True


def _remove_stale(folder: Path) -> None:
    """Remove temporary files whose writers are dead."""
    for path in folder.glob(f"{PREFIX}*{SUFFIX}"):
        with contextlib.suppress(OSError), path.open("r+b") as file:
            if _lock(file, wait=False) and _is_still(path, file):
                path.unlink()


def _is_still(path: Path, file: IO[bytes]) -> bool:
    """Return whether a path is still that of an open file, neither removed nor reused."""
    opened = os.fstat(file.fileno())
    return opened.st_nlink > 0 and os.path.samestat(opened, path.lstat())


def _copy_mode(path: Path, temporary: Path) -> None:
    """Give a temporary file the mode of the target and, if allowed, its owner."""
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
    """Replace the target by a temporary file, or write the target in place."""
    if os.name == "nt":
        file.close()  # Windows cannot rename an open file
    try:
        temporary.replace(path)
    except OSError as error:
        if os.name == "nt" or error.errno not in NOT_REPLACEABLE or not path.is_file():
            raise
        _write_in_place(path, file)


def _write_in_place(path: Path, content: IO[bytes]) -> None:
    """Overwrite a file, after reserving the space."""
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
    """Reserve space for a file to grow to a size; a full disk leaves it unchanged."""
    old = os.fstat(file.fileno()).st_size
    if size <= old or not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file.fileno(), old, size - old)
    except OSError as error:
        os.ftruncate(file.fileno(), old)
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):  # others: not supported
            raise


def _is_mount_point(path: Path) -> bool:
    """Return whether a file is mounted by itself, as in a container."""
    try:
        table = Path("/proc/self/mountinfo").read_bytes()
    except OSError:
        return os.path.ismount(path)
    points = {line.split()[4] for line in table.splitlines()}
    return re.sub(rb"[ \t\n\\]", lambda m: b"\\%03o" % ord(m[0]), os.fsencode(path)) in points


def _is_kept_by_sticky_bit(path: Path) -> bool:
    """Return whether a file is another user's, in a folder with the sticky bit."""
    folder = path.parent.stat()
    owners = (0, folder.st_uid, path.stat().st_uid)
    return bool(folder.st_mode & stat.S_ISVTX) and os.geteuid() not in owners


def _sync_folder(folder: Path) -> None:
    """Make the renaming durable, where the system can sync a folder."""
    with contextlib.suppress(OSError):  # Windows and some network file systems cannot
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
