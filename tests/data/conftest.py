"""The tiny source, and a real server on the loopback that can misbehave in every way but one."""

import contextlib
import functools
import gzip
import hashlib
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

from mnist_nn.data import DATASETS, Samples, idx
from mnist_nn.data.record import DataFile, DatasetInfo

ENDLESS = 400_000_000  # bytes that an endless answer has: far more than any reader may take
WEB_PAGE = b"<!doctype html><title>This mirror has moved</title>"


@pytest.fixture(scope="session")
def tiny(digits: Samples) -> tuple[DatasetInfo, dict[str, bytes]]:
    """A source of 20 training and 10 test digits, and its ``.gz`` files by name."""
    images = digits.x.reshape(-1, 28, 28)
    arrays = {
        "x_train": ("train-images-idx3-ubyte", images[:20]),
        "y_train": ("train-labels-idx1-ubyte", digits.y[:20]),
        "x_test": ("t10k-images-idx3-ubyte", images[20:30]),
        "y_test": ("t10k-labels-idx1-ubyte", digits.y[20:30]),
    }
    files, blobs = [], {}
    for key, (name, array) in arrays.items():
        payload = idx.header(array.shape) + array.tobytes()
        blobs[f"{name}.gz"] = gzip.compress(payload)
        files.append(DataFile(key, name, array.shape, hashlib.sha256(payload).hexdigest()))
    return replace(DATASETS["mnist"], name="tiny", files=tuple(files)), blobs


@functools.cache
def bomb() -> bytes:
    """100 MB of nothing, in some 400 KB."""
    return gzip.compress(bytes(100_000_000), 1)


class Mirror(ThreadingHTTPServer):
    """Serves ``/<behaviour>/<file>``; remembers what it was asked and how much it could send."""

    daemon_threads = True

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = files
        self.asked: list[str] = []
        self.passwords: list[str | None] = []
        self.sent = 0
        self.over = threading.Event()

    def url(self, behaviour: str, scheme: str = "http") -> str:
        return f"{scheme}://127.0.0.1:{self.server_port}/{behaviour}"

    @contextlib.contextmanager
    def serving(self) -> Iterator["Mirror"]:
        with self:
            threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
            yield self
            self.over.set()
            self.shutdown()


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        self.server.passwords.append(self.headers["Authorization"])
        _, behaviour, name = urlsplit(self.path).path.split("/")
        blob = self.server.files.get(name, b"")
        with contextlib.suppress(OSError):  # the client may have had enough
            if behaviour == "good" or (behaviour == "flaky" and self.asked() > 1):
                self.answer(blob)
            elif not (self.answers_wrongly(behaviour, blob) or self.packs(behaviour, blob)):
                self.dawdles(behaviour)

    def do_CONNECT(self) -> None:
        """Refuse, as a proxy."""
        self.server.asked.append(self.path)
        self.answer(status=int(self.path.partition(".")[0]))

    def asked(self) -> int:
        return self.server.asked.count(self.path)

    def answer(self, body: bytes = b"", status: int = 200, **headers: str) -> None:
        """Send an answer; of a length as announced unless `headers` say something else."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answers_wrongly(self, behaviour: str, blob: bytes) -> bool:
        half = blob[: len(blob) // 2]
        match behaviour:
            case "html":
                self.answer(WEB_PAGE, Content_Type="text/html")
            case "empty":
                self.answer()
            case "half":
                self.answer(half)
            case "other":
                self.answer(blob[:-8] + bytes(8))  # its checksum and its length are wrong
            case "more":
                self.answer(blob + blob)
            case "truncated":
                self.answer(half, Content_Length=str(len(blob)))
            case "overstated":
                self.answer(blob, Content_Length=str(len(blob) + 1))
            case "understated":
                self.answer(blob, Content_Length=str(len(blob) - 1))
            case "absurd" | "negative":
                self.answer(blob, Content_Length="9" * 5000 if behaviour == "absurd" else "-1")
            case "403" | "404" | "407" | "500" | "503":
                self.answer(status=int(behaviour))
            case "flaky":
                self.answer(status=503)
            case "rude":
                self.wfile.write(b"HTTP/1.1 404 \x1b[2J" + b"gone " * 1000 + b"\r\n\r\n")
            case "nonsense":
                self.wfile.write(b"\x00\x01\x02 this is no HTTP\r\n\r\n")
            case "mute":
                pass
            case "talkative":
                self.answer(blob, status=200, **{f"X_{n}": "much" for n in range(200)})
            case "file":
                self.answer(status=302, Location="file:///etc/passwd")
            case "lost":
                self.answer(status=302, Location="http://[::1/")
            case "circle":
                self.answer(status=302, Location=self.path)
            case moved if moved.startswith("moved-"):  # to another port
                self.answer(status=302, Location=f"http://127.0.0.1:{moved[6:]}/good/{self.name()}")
            case _:
                return False
        return True

    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def packs(self, behaviour: str, blob: bytes) -> bool:
        """Wrap the file as HTTP layers do, for better or worse."""
        match behaviour:
            case "encoded":
                self.answer(blob, Content_Encoding="gzip")
            case "doubled":
                self.answer(gzip.compress(blob), Content_Encoding="gzip")
            case "unpacked":
                self.answer(gzip.decompress(blob))
            case "bomb":
                self.answer(bomb(), Content_Encoding="gzip")
            case "deflated":
                self.answer(b"\x78\x9c" + blob, Content_Encoding="deflate")
            case "chunked" | "half-chunked":
                self.start("Transfer-Encoding: chunked")
                self.wfile.write(f"{len(blob):x}\r\n".encode() + blob[: len(blob) // 2])
                if behaviour == "chunked":
                    self.wfile.write(blob[len(blob) // 2 :] + b"\r\n0\r\n\r\n")
            case _:
                return False
        return True

    def start(self, *headers: str, status: str = "200 OK") -> None:
        self.wfile.write("\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode())

    def dawdles(self, behaviour: str) -> None:
        """Never come to an end."""
        match behaviour:
            case "endless":
                self.start()
                self.flood()
            case "endless-redirect":
                self.start(f"Location: /good/{self.name()}", status="302 Found")
                self.flood()
            case "endless-error":
                self.start(status="500 Out of Order")
                self.flood()
            case "endless-chunk-size":
                self.start("Transfer-Encoding: chunked")
                self.flood(b"0")
            case "endless-header":
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
                self.flood(b"x")
            case "dripping-headers":
                self.drip(b"HTTP/1.1 200 OK\r\nX-Long: ", b"x")
            case "dripping-body":
                self.start()
                self.drip(b"", b"x")
            case "stalled":
                self.start("Content-Length: 1000")
                self.server.over.wait()
            case "continuing":
                self.drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n")
            case "silent":
                self.server.over.wait()

    def flood(self, byte: bytes = b"\0") -> None:
        block = byte * (1 << 16)
        for _ in range(ENDLESS // len(block)):
            self.wfile.write(block)
            self.server.sent += len(block)

    def drip(self, start: bytes, drop: bytes) -> None:
        """Send a drop too often for any one wait to run into a time-out."""
        self.wfile.write(start)
        while not self.server.over.is_set():
            self.wfile.write(drop)
            time.sleep(0.02)


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of this machine's ways to the network; no waiting before a mirror is asked again."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("mnist_nn.data.download.PAUSES", (0, 0, 0))


@pytest.fixture
def mirror(tiny: tuple[DatasetInfo, dict[str, bytes]]) -> Iterator[Mirror]:
    with Mirror(tiny[1]).serving() as server:
        yield server


@pytest.fixture
def other_mirror(tiny: tuple[DatasetInfo, dict[str, bytes]]) -> Iterator[Mirror]:
    """A second one: another port, so another host to a client."""
    with Mirror(tiny[1]).serving() as server:
        yield server


@pytest.fixture
def dead() -> str:
    """The address of a mirror without a listener."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}"
