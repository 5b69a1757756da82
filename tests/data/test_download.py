"""Downloads, from a real server on the loopback that can misbehave in every way but one."""

import contextlib
import gzip
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data.cache import read_cache
from mnist_nn.data.download import Failed, Finished, Received, download, import_folder
from mnist_nn.data.sources import Source
from mnist_nn.errors import DataError

Tiny = tuple[Source, dict[str, bytes]]


class Mirror(ThreadingHTTPServer):
    """Serves ``/<behaviour>/<file>`` and remembers what it was asked."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.asked: list[str] = []

    def url(self, behaviour: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{behaviour}"


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        _, behaviour, name = self.path.split("/")
        blob = self.server.files.get(name, b"")
        status, headers, body = 200, {"Content-Length": str(len(blob))}, blob
        if behaviour == "html":
            body = b"<!doctype html><title>This mirror has moved</title>"
            headers = {"Content-Length": str(len(body)), "Content-Type": "text/html"}
        elif behaviour == "truncated":
            body = blob[: len(blob) // 2]
        elif behaviour == "short":  # an honest length, of half of the file
            body = blob[: len(blob) // 2]
            headers = {"Content-Length": str(len(body))}
        elif behaviour == "missing":
            status, headers, body = 404, {"Content-Length": "0"}, b""
        elif behaviour == "flaky" and self.server.asked.count(self.path) == 1:
            status, headers, body = 503, {"Content-Length": "0"}, b""
        elif behaviour == "endless":
            headers, body = {}, bytes(8_000_000)
        elif behaviour == "encoded":
            headers |= {"Content-Encoding": "gzip"}
        elif behaviour == "evil":
            status, headers, body = 302, {"Location": "file:///etc/passwd"}, b""
        elif behaviour == "lost":
            status, headers, body = 302, {"Location": "http://[::1/"}, b""
        elif behaviour == "long":
            headers = {"Content-Length": "9" * 5000}
        self.send_response(status)
        for header in headers.items():
            self.send_header(*header)
        self.end_headers()
        with contextlib.suppress(OSError):  # the client may have had enough
            self.wfile.write(body)


@pytest.fixture
def mirror(tiny: Tiny) -> Iterator[Mirror]:
    with Mirror(tiny[1]) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def dead() -> str:
    """The address of a mirror where nobody listens."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/"


def fetch(source: Source, folder: Path, *mirrors: str, **options: object) -> list:
    return list(download(source, folder, mirrors=mirrors, **options))


def assert_complete(tiny: Tiny, folder: Path) -> None:
    """The cache verifies, the files are the mirror's, and nothing else is left behind."""
    source, blobs = tiny
    read_cache(folder / "tiny.npz", source)
    assert {p.name for p in folder.iterdir()} == {"tiny", "tiny.npz"}
    assert {p.name for p in (folder / "tiny").iterdir()} == set(blobs)


def test_every_bad_mirror_gives_way_to_the_next(
    tiny: Tiny, mirror: Mirror, dead: str, tmp_path: Path
) -> None:
    bad = ("html", "truncated", "short", "missing", "endless", "evil", "lost")
    mirrors = [dead, *map(mirror.url, bad), mirror.url("good")]
    events = fetch(tiny[0], tmp_path, *mirrors)
    reasons = [event.reason for event in events if isinstance(event, Failed)]
    assert reasons[0] == "connection refused or host unreachable"
    assert "a web page instead of the file" in reasons[1]
    assert reasons[2] == "the connection ended in the middle of the file"
    assert reasons[3].startswith("damaged gzip data")
    assert reasons[4] == "HTTP 404 Not Found"
    assert reasons[5].startswith("the answer goes on past")
    assert "file:" in reasons[6]
    assert len(reasons) == 8  # the mirror that delivered is asked first from then on
    assert events[-1] == Finished(tmp_path / "tiny.npz", "downloaded")
    assert_complete(tiny, tmp_path)


def test_progress_adds_up_to_each_file(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    events = fetch(tiny[0], tmp_path, mirror.url("good"))
    last = {event.name: event for event in events if isinstance(event, Received)}
    for name, blob in tiny[1].items():
        received = last[name.removesuffix(".gz")]
        assert received.done == received.total == len(blob)


def test_a_server_error_is_tried_again(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    events = fetch(tiny[0], tmp_path, mirror.url("flaky"))
    assert not [event for event in events if isinstance(event, Failed)]
    assert_complete(tiny, tmp_path)


def test_a_layer_that_takes_the_gzip_off_does_no_harm(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url("encoded"))
    assert_complete(tiny, tmp_path)
    for path in (tmp_path / "tiny").iterdir():
        assert gzip.decompress(path.read_bytes()) == gzip.decompress(tiny[1][path.name])


def test_an_absurd_announced_length_does_no_harm(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    events = fetch(tiny[0], tmp_path, mirror.url("long"))
    assert events[0].total is None
    assert_complete(tiny, tmp_path)


def test_the_second_time_the_network_is_not_touched(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    asked = len(mirror.asked)
    assert fetch(tiny[0], tmp_path, mirror.url("good")) == [
        Finished(tmp_path / "tiny.npz", "verified")
    ]
    assert len(mirror.asked) == asked == 4


def test_force_fetches_everything_again(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    fetch(tiny[0], tmp_path, mirror.url("good"), force=True)
    assert len(mirror.asked) == 8


def test_a_damaged_cache_is_rebuilt_from_the_files(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    (tmp_path / "tiny.npz").write_bytes(b"damaged")
    assert fetch(tiny[0], tmp_path) == [Finished(tmp_path / "tiny.npz", "rebuilt")]
    assert_complete(tiny, tmp_path)


def test_only_a_damaged_file_is_fetched_again(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    fetch(tiny[0], tmp_path, mirror.url("good"))
    (tmp_path / "tiny.npz").unlink()
    path = tmp_path / "tiny" / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-3])
    fetch(tiny[0], tmp_path, mirror.url("good"))
    assert mirror.asked[4:] == ["/good/t10k-labels-idx1-ubyte.gz"]
    assert_complete(tiny, tmp_path)


def test_when_all_mirrors_fail_each_is_named_with_its_reason_and_the_remedies(
    tiny: Tiny, mirror: Mirror, dead: str, tmp_path: Path
) -> None:
    with pytest.raises(DataError) as caught:
        fetch(tiny[0], tmp_path, dead, mirror.url("html"))
    message = str(caught.value)
    assert f"{dead}train-images-idx3-ubyte.gz: connection refused or host unreachable" in message
    assert f"{mirror.url('html')}/train-images-idx3-ubyte.gz: not IDX data" in message
    assert "--from DIR" in message
    assert "mnist-sample" in message
    assert not (tmp_path / "tiny.npz").exists()
    assert not list((tmp_path / "tiny").iterdir())


def test_a_server_that_says_nothing_runs_into_the_time_out(tiny: Tiny, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(DataError, match="no answer within the time-out"):
            fetch(tiny[0], tmp_path, url, timeout=(0.2, 0.2))


def test_a_mirror_without_tls_is_given_up_at_once(
    tiny: Tiny, mirror: Mirror, tmp_path: Path
) -> None:
    secure = mirror.url("good").replace("http://", "https://user:secret@")
    failed, *_ = fetch(tiny[0], tmp_path, secure, mirror.url("good"))
    assert failed.reason == "no TLS connection that can be trusted"
    assert "secret" not in failed.url


def test_two_downloads_at_once_both_end_well(tiny: Tiny, mirror: Mirror, tmp_path: Path) -> None:
    outcomes: list = []
    threads = [
        threading.Thread(
            target=lambda: outcomes.append(fetch(tiny[0], tmp_path, mirror.url("good"))[-1])
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    assert_complete(tiny, tmp_path)


def test_a_folder_of_files_is_imported(tiny: Tiny, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    for name, blob in tiny[1].items():
        (origin / name).write_bytes(blob)
    finished = import_folder(tiny[0], origin, tmp_path / "new" / "folder")
    arrays = read_cache(finished.path, tiny[0])
    assert np.isin(arrays["y_train"], range(10)).all()


def test_a_data_folder_that_cannot_be_made_is_an_error(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataError, match=r"cannot write to .*file"):
        fetch(tiny[0], tmp_path / "file" / "data", "http://127.0.0.1:9/")
