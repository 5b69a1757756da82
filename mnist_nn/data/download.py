"""A download fetches a source's files from its mirrors, and believes none of them.

`download` is a generator: it yields what happens as it happens, so that whoever asked can draw a
bar or write a log. Nothing reaches its final name before its payload is verified.
"""

import http.client
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from .. import __version__
from ..errors import DataError
from ..files import replacing
from . import idx
from .cache import read_cache, read_folder, verified, write_cache
from .sources import Source, SourceFile

CHUNK = 1 << 16  # bytes handed on at a time
GZIP_SLACK = 1 << 20  # a .gz is never larger than its payload by more than this
FAILURES = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    DataError,
    http.client.HTTPException,
    ValueError,  # a redirect to something that is no address
)
REASONS: tuple[tuple[type[Exception], str], ...] = (
    (requests.exceptions.ProxyError, "the proxy refused"),
    (requests.exceptions.SSLError, "no TLS connection that can be trusted"),
    (requests.exceptions.ContentDecodingError, "the body is not encoded as its header says"),
    (requests.exceptions.ChunkedEncodingError, "the connection ended in the middle of the file"),
    (urllib3.exceptions.NameResolutionError, "its name cannot be resolved"),
    (urllib3.exceptions.NewConnectionError, "connection refused or host unreachable"),
    (urllib3.exceptions.ConnectTimeoutError, "no connection within the time-out"),
    (requests.exceptions.Timeout, "no answer within the time-out"),
    (urllib3.exceptions.ReadTimeoutError, "no answer within the time-out"),
    (requests.exceptions.ConnectionError, "the connection failed"),
)
TIMEOUT = (10.0, 30.0)  # seconds to connect, and between two arriving bytes


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
class Finished:
    """The cache stands at `path`; `how` it came to: what was there, or what was done."""

    path: Path
    how: Literal["verified", "rebuilt", "downloaded"]


Event = Received | Failed | Finished


def download(
    source: Source,
    folder: Path,
    *,
    mirrors: Sequence[str] = (),
    force: bool = False,
    timeout: tuple[float, float] = TIMEOUT,
) -> Iterator[Event]:
    """Bring a data set's cache into being, from the nearest place that has it.

    A cache that verifies is kept; without one, files that verify are made into one; what is missing
    is fetched.

    Parameters
    ----------
    source
        Which data set.
    folder
        Where its cache ``<name>.npz`` and its files ``<name>/*.gz`` go.
    mirrors
        Base addresses to try before the source's own.
    force
        Fetch everything again.
    timeout
        Seconds to connect, and between two arriving bytes.

    Yields
    ------
    Received, Failed or Finished

    Raises
    ------
    DataError
        If every mirror failed for a file, each with its reason; or nothing can be written.
    """
    path, files = folder / f"{source.name}.npz", folder / source.name
    action = "fetch" if force else download_action(source, folder)
    if action == "keep":
        yield Finished(path, "verified")
        return
    try:
        files.mkdir(parents=True, exist_ok=True)
        if action == "fetch":
            yield from _fetch_all(source, files, [*mirrors, *source.mirrors], force, timeout)
        write_cache(path, read_folder(files, source))
    except OSError as error:
        raise unwritable(folder, error) from error
    yield Finished(path, "downloaded" if action == "fetch" else "rebuilt")


def unwritable(folder: Path, error: OSError) -> DataError:
    """Say that a data folder cannot be used."""
    return DataError(
        f"cannot write to {folder}: {error.strerror or error}\n"
        "choose another folder with --data-dir or MNIST_NN_DATA_DIR"
    )


def download_action(source: Source, folder: Path) -> Literal["keep", "rebuild", "fetch"]:
    """Decide, by what stands in the folder and verifies, what there is to do."""
    try:
        read_cache(folder / f"{source.name}.npz", source)
        return "keep"
    except (OSError, DataError):
        pass
    try:
        read_folder(folder / source.name, source)
        return "rebuild"
    except DataError:
        return "fetch"


def import_folder(source: Source, origin: Path, folder: Path) -> Finished:
    """Build the cache of files that a person has already.

    Parameters
    ----------
    source
        Which data set.
    origin
        A folder with its four files, ``.gz`` or raw.
    folder
        Where the cache goes.

    Raises
    ------
    DataError
        If a file is missing or wrong, or the cache cannot be written.
    """
    arrays = read_folder(origin, source)
    path = folder / f"{source.name}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_cache(path, arrays)
    except OSError as error:
        raise unwritable(folder, error) from error
    return Finished(path, "rebuilt")


def _fetch_all(
    source: Source, files: Path, mirrors: list[str], force: bool, timeout: tuple[float, float]
) -> Iterator[Event]:
    """Fetch every file that is not there and right, asking the mirror that last delivered first."""
    with _session() as session:
        for file in source.files:
            if not force and _stands(files, file):
                continue
            failures: list[Failed] = []
            for mirror in list(mirrors):
                url = f"{mirror.rstrip('/')}/{file.name}.gz"
                try:
                    yield from _fetch(session, url, files / f"{file.name}.gz", file, timeout)
                except FAILURES as error:
                    failures.append(Failed(_public(url), _reason(error)))
                    yield failures[-1]
                else:
                    mirrors.remove(mirror)
                    mirrors.insert(0, mirror)
                    break
            else:
                raise _all_failed(source, file, failures)


def _session() -> requests.Session:
    """Make a session that retries what is worth retrying, waiting longer each time."""
    retry = Retry(
        total=3,
        other=0,  # a TLS failure will not mend itself
        backoff_factor=0.5,
        status_forcelist=(429, 500, 502, 503, 504),
        respect_retry_after_header=False,  # a mirror may not make us wait: there are others
        raise_on_status=False,
    )
    session = requests.Session()
    session.headers["User-Agent"] = f"mnist-nn/{__version__}"
    session.headers["Accept-Encoding"] = "identity"
    for scheme in ("https://", "http://"):
        session.mount(scheme, HTTPAdapter(max_retries=retry))
    return session


def _stands(files: Path, file: SourceFile) -> bool:
    """Tell whether a file was fetched before and is whole."""
    try:
        verified(file, (files / f"{file.name}.gz").read_bytes())
    except (OSError, DataError):
        return False
    return True


def _fetch(
    session: requests.Session,
    url: str,
    path: Path,
    file: SourceFile,
    timeout: tuple[float, float],
) -> Iterator[Received]:
    """Stream one file beside its target and move it there once its payload is proved right."""
    with (
        session.get(url, stream=True, timeout=timeout) as response,
        replacing(path) as target,
    ):
        response.raise_for_status()
        announced = response.headers.get("Content-Length", "")
        total = int(announced) if announced.isdecimal() and len(announced) < 20 else None
        done = 0
        for chunk in response.iter_content(CHUNK):
            done += target.write(chunk)
            if done > file.size + GZIP_SLACK:
                raise DataError(f"the answer goes on past {done:,} bytes")
            yield Received(file.name, done, total)
        _settle(target, file)


def _settle(target: IO[bytes], file: SourceFile) -> None:
    """Verify what has arrived; wrap it again if some HTTP layer took the gzip off."""
    target.seek(0)
    blob = target.read()
    array = verified(file, blob)
    if not blob.startswith(idx.GZIP_MAGIC):
        target.seek(0)
        target.truncate()
        target.write(idx.compress(idx.header(array.shape) + array.tobytes()))


def _public(url: str) -> str:
    """Take a user's name and password out of an address."""
    return re.sub(r"//[^/@]*@", "//", url)


def _reason(error: Exception) -> str:
    """Put a failure in a few words, without the nesting of two libraries."""
    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"HTTP {error.response.status_code} {error.response.reason}"
    cause = error.args[0] if error.args else None  # of requests' errors, urllib3's own
    cause = getattr(cause, "reason", None) or cause
    for kind, words in REASONS:
        if isinstance(error, kind) or isinstance(cause, kind):
            return words
    return " ".join(str(error).split())


def _all_failed(source: Source, file: SourceFile, failures: list[Failed]) -> DataError:
    """List what each mirror did wrong, and the two ways out."""
    lines = [f"{file.name}.gz could not be downloaded from any of {len(failures)} mirrors:"]
    lines += [f"  {failure.url}: {failure.reason}" for failure in failures]
    lines.append(
        f"have the files already? mnist-nn download --dataset {source.name} --from DIR; "
        "to start without them, train with --set data.dataset=mnist-sample"
    )
    return DataError("\n".join(lines))
