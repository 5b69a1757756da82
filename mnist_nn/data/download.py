"""A download fetches a dataset's files from its mirrors, and verifies each of them.

`download` is a generator: it yields what happens as it happens, so that whoever asked can draw a
bar or write a log. Nothing reaches its final name before its payload is verified.
"""

import time
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

from ..errors import DataError
from ..files import StrPath, atomic_write, read_bounded
from . import idx
from .cache import read_cache, write_cache
from .folder import read_folder, verified
from .record import DataFile, DatasetInfo
from .transfer import TransferError, check_environment, public, receive

PAUSES = (0.0, 1.0, 2.0)  # seconds before a mirror is asked again
TIMEOUT = (10.0, 30.0)  # seconds to connect, and for an answer and each 16 KiB of it


@dataclass(frozen=True)
class Received:
    """Some bytes of a file have arrived: `done` of `total`, which is None where unannounced."""

    name: str
    done: int
    total: int | None


@dataclass(frozen=True)
class Failed:
    """A mirror could not deliver a file; the next one is asked."""

    url: str
    reason: str


@dataclass(frozen=True)
class CacheReady:
    """The cache is complete at `path`; `how` says whether it was there or what was done."""

    path: Path
    how: Literal["verified", "rebuilt", "downloaded"]


Event = Received | Failed | CacheReady


def download(
    info: DatasetInfo,
    folder: StrPath,
    *,
    mirrors: Sequence[str] = (),
    force: bool = False,
    timeout: tuple[float, float] = TIMEOUT,
) -> Generator[Event, None, None]:
    """Bring a data set's cache into being, from the nearest place that has it.

    A cache that verifies is kept; without one, files that verify are made into one; what is missing
    is fetched. A file is streamed to the disk; while it is verified, memory holds it as it came, at
    most 1 MiB larger than its payload, and the payload, for a moment twice.

    Parameters
    ----------
    info
        Which data set.
    folder
        Where its cache ``<name>.npz`` and its files ``<name>/*.gz`` go.
    mirrors
        Base addresses to try before the dataset's own.
    force
        Fetch everything again.
    timeout
        Seconds to connect; and, after these, for an answer to begin and for each 16 KiB of it.

    Yields
    ------
    Received, Failed or CacheReady

    Raises
    ------
    DataError
        If every mirror failed for a file, each with its reason; or nothing can be written.
    ConfigError
        If the environment's proxy or certificates cannot be used.
    """
    folder = Path(folder)
    path, files = folder / f"{info.name}.npz", folder / info.name
    action = "fetch" if force else download_action(info, folder)
    if action == "keep":
        yield CacheReady(path, "verified")
        return
    try:
        files.mkdir(parents=True, exist_ok=True)
        if action == "fetch":
            yield from _fetch_all(info, files, [*mirrors, *info.mirrors], force, timeout)
        write_cache(path, read_folder(files, info))
    except OSError as error:
        raise unwritable(folder, error) from error
    yield CacheReady(path, "downloaded" if action == "fetch" else "rebuilt")


def unwritable(folder: Path, error: OSError) -> DataError:
    """Say that a data folder cannot be used."""
    return DataError(
        f"cannot write to {folder}: {error.strerror or error}\n"
        "choose another folder with --data-dir or MNIST_NN_DATA_DIR"
    )


def download_action(info: DatasetInfo, folder: Path) -> Literal["keep", "rebuild", "fetch"]:
    """Decide, by what stands in the folder and verifies, what there is to do."""
    try:
        read_cache(folder / f"{info.name}.npz", info)
        return "keep"
    except (OSError, DataError):
        pass
    try:
        read_folder(folder / info.name, info)
        return "rebuild"
    except (OSError, DataError):
        return "fetch"


def import_folder(info: DatasetInfo, origin: StrPath, folder: StrPath) -> CacheReady:
    """Build the cache of files that a person has already.

    Parameters
    ----------
    info
        Which data set.
    origin
        A folder with its files, or an ``.npz`` of them; see `read_folder`.
    folder
        Where the cache goes.

    Raises
    ------
    DataError
        If a file is missing or wrong, or the cache cannot be written.
    """
    arrays, folder = read_folder(Path(origin), info), Path(folder)
    path = folder / f"{info.name}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_cache(path, arrays)
    except OSError as error:
        raise unwritable(folder, error) from error
    return CacheReady(path, "rebuilt")


def _fetch_all(
    info: DatasetInfo, files: Path, mirrors: list[str], force: bool, timeout: tuple[float, float]
) -> Iterator[Event]:
    """Fetch every file that is not there and right, asking the mirror that last delivered first."""
    for file in info.files:
        if not force and _is_complete(files, file):
            continue
        failures: list[Failed] = []
        for mirror in list(mirrors):
            url = file_address(mirror, f"{file.name}.gz")
            check_environment(url)
            try:
                yield from _fetch_patiently(url, files / f"{file.name}.gz", file, timeout)
            except DataError as error:  # an OSError is this side's, and no other mirror's chance
                failures.append(Failed(public(url), str(error)))
                yield failures[-1]
            else:
                mirrors.remove(mirror)
                mirrors.insert(0, mirror)
                break
        else:
            raise _all_failed(info, file, failures)


def file_address(mirror: str, name: str) -> str:
    """Return the address of a mirror's file; a query, such as a token, stays at its end."""
    base, mark, query = mirror.partition("?")
    return f"{base.rstrip('/')}/{name}{mark}{query}"


def _is_complete(files: Path, file: DataFile) -> bool:
    """Tell whether a file was fetched before and is whole."""
    try:
        limit = file.size + idx.GZIP_SLACK
        verified(file, read_bounded(files / f"{file.name}.gz", limit, DataError))
    except (OSError, DataError):
        return False
    return True


def _fetch_patiently(
    url: str, path: Path, file: DataFile, timeout: tuple[float, float]
) -> Iterator[Received]:
    """Fetch one file from one mirror, asking again where that may help."""
    for pause in PAUSES:
        try:
            yield from _fetch(url, path, file, timeout)
            return
        except TransferError as error:
            if not error.passing:
                raise
        time.sleep(pause)
    yield from _fetch(url, path, file, timeout)


def _fetch(
    url: str, path: Path, file: DataFile, timeout: tuple[float, float]
) -> Iterator[Received]:
    """Stream one file beside its target and move it there once its payload is proved right."""
    with closing(receive(url, timeout)) as chunks, atomic_write(path) as target:
        done = 0
        for content, total in chunks:
            done += target.write(content)
            if done > file.size + idx.GZIP_SLACK:
                raise DataError(f"the answer goes on past {done:,} bytes")
            yield Received(file.name, done, total)
        _settle(target, file)


def _settle(target: IO[bytes], file: DataFile) -> None:
    """Verify what has arrived; mend what an HTTP layer did to its gzip: took it off, or doubled."""
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


def _all_failed(info: DatasetInfo, file: DataFile, failures: list[Failed]) -> DataError:
    """List what each mirror did wrong, and the two ways out."""
    lines = [f"{file.name}.gz could not be downloaded from any of {len(failures)} mirrors:"]
    lines += [f"  {failure.url}: {failure.reason}" for failure in failures]
    lines.append(
        f"have the files already? mnist-nn download --dataset {info.name} --from DIR; "
        "to start without them, train with --set data.dataset=mnist-sample"
    )
    return DataError("\n".join(lines))
