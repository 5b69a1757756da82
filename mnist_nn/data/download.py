"""Download of a dataset's files from its mirrors, each verified by SHA-256.

`download` is a generator that yields events as they happen, for a progress bar or a log. No file
gets its final name before its payload is verified.
"""

import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Literal

from ..errors import DataError
from ..files import StrPath, atomic_write, read_bounded
from . import idx
from .cache import write_cache
from .folder import read_folder, verified
from .packed import find_packed, is_packed
from .record import DataFile, DatasetInfo, PackedFile
from .store import write_dataset
from .transfer import TransferError, check_environment, public, receive

PAUSES = (0.0, 1.0, 2.0)  # seconds before a mirror is tried again
TIMEOUT = (10.0, 30.0)  # seconds to connect, and for an answer and each 16 KiB of it


@dataclass(frozen=True)
class Received:
    """Bytes of a file have arrived: `done` of `total`, which is None if the server sent no size."""

    name: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Failed:
    """A mirror could not deliver a file; the next one is tried."""

    url: str
    reason: str


@dataclass(frozen=True)
class CacheReady:
    """The cache is complete at `path`; `how` is what was done for it."""

    path: Path
    how: Literal["verified", "rebuilt", "downloaded"]


Event = Received | Failed | CacheReady
RemoteFile = DataFile | PackedFile


def download(
    info: DatasetInfo,
    folder: StrPath,
    *,
    mirrors: Sequence[str] = (),
    force: bool = False,
    timeout: tuple[float, float] = TIMEOUT,
) -> Generator[Event, None, None]:
    """Create the cache ``<name>.npz`` of a dataset in a folder, fetching what is missing.

    A cache that verifies is kept; without one, files in ``<name>/`` that verify are used; the
    others are fetched (all of them with `force`), from `mirrors` before the dataset's own. A file
    is streamed to the disk; while it is verified, memory holds it (at most 1 MiB larger than its
    payload) and its payload, for a moment twice.

    `timeout` has the seconds to connect; and, after these, for an answer to begin and for each
    16 KiB of it. DataError if every mirror failed for a file, each with its reason, or nothing can
    be written; ConfigError if the environment's proxy or certificates cannot be used.
    """
    folder = Path(folder)
    path = folder / f"{info.name}.npz"
    files = folder / (info.packed.folder if info.packed else info.name)
    if not force and all(_succeeds(info.read, folder, part) for part in info.parts):
        yield CacheReady(path, "verified")
        return
    fetched = force or not _succeeds(_find, files, info)
    try:
        files.mkdir(parents=True, exist_ok=True)
        if fetched:
            yield from _fetch_all(info, files, [*mirrors, *info.mirrors], force, timeout)
        _find(files, info)(path)
    except OSError as error:
        raise unwritable(folder, error) from error
    yield CacheReady(path, "downloaded" if fetched else "rebuilt")


def _find(origin: Path, info: DatasetInfo) -> Callable[[Path], None]:
    """Find and verify all files of a dataset; return a function that writes its cache."""
    if info.packed is None:
        return partial(write_cache, arrays=read_folder(origin, info))
    paths, read = find_packed(origin, info.packed), info.packed.read

    def write(path: Path) -> None:
        parts = {part: read(paths, part) for part in info.parts}
        write_dataset(path, info.format, parts, source=list(paths), licence=info.licence)

    return write


def _succeeds(read: Callable[..., object], *arguments: object) -> bool:
    """Return whether data can be read and verified."""
    try:
        read(*arguments)
    except (OSError, DataError):
        return False
    return True


def unwritable(folder: Path, error: OSError) -> DataError:
    """Return the error for a data folder that cannot be written."""
    return DataError(
        f"cannot write to {folder}: {error.strerror or error}\n"
        "choose another folder with --data-dir or MNIST_NN_DATA_DIR"
    )


def import_folder(info: DatasetInfo, origin: StrPath, folder: StrPath) -> CacheReady:
    """Create the cache in a folder from local files, found in `origin` by their content.

    DataError if a file is missing or wrong, or the cache cannot be written.
    """
    write, path = _find(Path(origin), info), Path(folder) / f"{info.name}.npz"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path)
    except OSError as error:
        raise unwritable(path.parent, error) from error
    return CacheReady(path, "rebuilt")


def _fetch_all(
    info: DatasetInfo, files: Path, mirrors: list[str], force: bool, timeout: tuple[float, float]
) -> Iterator[Event]:
    """Fetch every file that is missing or wrong, trying the mirror that last delivered first."""
    for file in info.packed.files if info.packed else info.files:
        path = files / (file.name if isinstance(file, PackedFile) else f"{file.name}.gz")
        if not force and _is_there(path, file):
            continue
        failures: list[Failed] = []
        for mirror in list(mirrors):
            url = file_address(mirror, path.name)
            check_environment(url)
            try:
                yield from _fetch_with_retries(url, path, file, timeout)
            except DataError as error:  # an OSError is local: another mirror would not help
                failures.append(Failed(public(url), str(error)))
                yield failures[-1]
            else:
                mirrors.remove(mirror)
                mirrors.insert(0, mirror)
                break
        else:
            raise _all_failed(info, path.name, failures)


def file_address(mirror: str, name: str) -> str:
    """Return the address of a mirror's file; a query, such as a token, stays at its end."""
    base, mark, query = mirror.partition("?")
    return f"{base.rstrip('/')}/{name}{mark}{query}"


def _is_there(path: Path, file: RemoteFile) -> bool:
    """Return whether a file was fetched before, and verifies."""
    if isinstance(file, PackedFile):
        return is_packed(path, file)
    try:
        verified(file, read_bounded(path, file.size + idx.GZIP_SLACK, DataError))
    except (OSError, DataError):
        return False
    return True


def _fetch_with_retries(
    url: str, path: Path, file: RemoteFile, timeout: tuple[float, float]
) -> Iterator[Received]:
    """Fetch one file from one mirror, trying again after errors that may be temporary."""
    for pause in PAUSES:
        try:
            yield from _fetch(url, path, file, timeout)
            return
        except TransferError as error:
            if not error.temporary:
                raise
        time.sleep(pause)
    yield from _fetch(url, path, file, timeout)


def _fetch(
    url: str, path: Path, file: RemoteFile, timeout: tuple[float, float]
) -> Iterator[Received]:
    """Stream one file to a temporary one, which replaces the target once it is verified."""
    with closing(receive(url, timeout)) as chunks, atomic_write(path) as target:
        done, limit = 0, file.size + (0 if isinstance(file, PackedFile) else idx.GZIP_SLACK)
        for content, total in chunks:
            done += target.write(content)
            if done > limit:
                raise DataError(f"the answer is longer than {done:,} bytes")
            yield Received(file.name, done, total)
        if isinstance(file, PackedFile):
            file.verify(target)
        else:
            _verify(target, file)


def _verify(target: IO[bytes], file: DataFile) -> None:
    """Verify what has arrived, and restore its gzip if an HTTP layer unpacked or doubled it."""
    target.seek(0)
    packed = target.read()
    content = idx.decompress(packed, file.size + idx.GZIP_SLACK)
    verified(file, content)
    if content is packed:
        content = idx.compress(packed)
    elif not content.startswith(idx.GZIP_MAGIC):
        return
    target.seek(0)
    target.truncate()
    target.write(content)


def _all_failed(info: DatasetInfo, name: str, failures: list[Failed]) -> DataError:
    """Return the error that lists why each mirror failed, and what to do."""
    lines = [f"{name} could not be downloaded from any of {len(failures)} mirrors:"]
    lines += [f"  {failure.url}: {failure.reason}" for failure in failures]
    lines.append(
        f"have the files already? mnist-nn download --dataset {info.name} --from DIR; "
        "to start without them, train with --set data.dataset=mnist-sample"
    )
    return DataError("\n".join(lines))
