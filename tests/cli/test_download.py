"""The command; `tests/data/test_faults.py` has the mirrors that misbehave in every other way."""

import importlib.util
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
PATIENCE = 600  # seconds, after which something hangs that should not


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; under ``/html/`` and others badly."""

    together = threading.Barrier(2)
    over: threading.Event

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        assert self.directory is not None
        _, *behaviour, name = self.path.split("/")
        match behaviour:
            case ["html"]:
                self.answer(b"<!doctype html>moved")
            case ["half"]:
                blob = (Path(self.directory) / name).read_bytes()
                self.answer(blob[: len(blob) // 2], length=len(blob))
            case ["rude"]:
                self.send_response(404, "\x1b[2J" + 1000 * "gone")
                self.end_headers()
            case ["stalled"]:
                self.answer(bytes(100_000), length=1_000_000)
                self.over.wait()
            case ["together"]:  # two clients at a time
                self.together.wait(PATIENCE)
                self.path = f"/{name}"
                super().do_GET()
            case _:
                super().do_GET()

    def answer(self, body: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(ThreadingHTTPServer):
    daemon_threads = True


@pytest.fixture(autouse=True)
def direct(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine; no waiting before a mirror is asked again."""
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setattr("mnist_nn.data.download.PAUSES", (0, 0, 0))


@pytest.fixture
def base(mnist_files: Path) -> Iterator[str]:
    """The address of a server of the real files."""
    with Server(("127.0.0.1", 0), partial(Quiet, directory=str(mnist_files))) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        Quiet.over = threading.Event()
        yield f"http://127.0.0.1:{server.server_port}"
        Quiet.over.set()
        server.shutdown()


def start(folder: Path, mirror: str) -> subprocess.Popen[str]:
    """Download in a process of its own."""
    command = ("download", "--data-dir", str(folder), "--mirror", mirror)
    return subprocess.Popen(
        [sys.executable, "-m", "mnist_nn", *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def size(path: Path) -> int:
    """The size of a file that may be gone by now."""
    return path.stat().st_size if path.exists() else 0


def dead_mirror() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/"


def test_the_real_mnist_over_http_with_bad_mirrors(
    run: Run, base: str, mnist_files: Path, tmp_path: Path
) -> None:
    secret = base.replace("//", "//user:p@ss:word@")
    mirrors = [dead_mirror(), f"{secret}/html", f"{base}/half", f"{base}/rude", base]
    options = [option for mirror in mirrors for option in ("--mirror", mirror)]
    first = run("download", "--data-dir", tmp_path / "d", *options)
    assert first.exit_code == 0, first.stderr
    assert first.stdout == f"{tmp_path / 'd' / 'mnist.npz'}\n"
    assert first.stderr.count("trying the next mirror") == 4
    assert "was downloaded, and every file has the right SHA-256" in first.stderr
    assert f"{base}/html/train-images-idx3-ubyte.gz: not IDX data" in first.stderr
    assert "ss:word" not in first.stderr
    assert "HTTP 404 \\x1b[2Jgonegone" in first.stderr
    assert max(map(len, first.stderr.splitlines())) < 400

    again = run("download", "--data-dir", tmp_path / "d")  # its own mirrors are not asked
    assert again.exit_code == 0
    assert "already there" in again.stderr


def test_two_processes_at_once_both_end_well(base: str, tmp_path: Path) -> None:
    both = [start(tmp_path, f"{base}/together") for _ in range(2)]
    for process in both:
        stdout, stderr = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, stderr
        assert stdout == f"{tmp_path / 'mnist.npz'}\n"
        assert "trying the next mirror" not in stderr
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send")
def test_an_interrupted_download_leaves_nothing_behind(base: str, tmp_path: Path) -> None:
    process = start(tmp_path, f"{base}/stalled")
    while process.poll() is None and not any(map(size, tmp_path.rglob("*.part"))):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130, stderr
    assert stderr == "\ninterrupted\n"
    assert not list((tmp_path / "mnist").iterdir())


def test_files_are_taken_from_a_folder(run: Run, mnist_files: Path, tmp_path: Path) -> None:
    result = run("download", "--from", mnist_files, "--data-dir", tmp_path / "d")
    assert result.exit_code == 0
    assert (tmp_path / "d" / "mnist.npz").exists()


def test_mnist_is_not_fashion_mnist(run: Run, mnist_files: Path) -> None:
    result = run("download", "--dataset", "fashion-mnist", "--from", mnist_files)
    assert result.exit_code == 1
    assert "the SHA-256 of its payload is not the pinned c59f468a2f67" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("--dataset", "mnis"), 2, "cannot download 'mnis' (did you mean 'mnist'?)"),
        (("--mirror", "ftp://host/"), 2, "--mirror ftp://host/: must be an address"),
        (("--mirror", "ftp://u:word@host/"), 2, "--mirror host/: must be an address"),
        (("--mirror", "http://u:wo/rd@host/"), 2, "--mirror host/: must be an address"),
        (("--mirror", "http:///mnist/"), 2, "--mirror http:///mnist/: must be an address"),
        (("--from", ".", "--mirror", "http://host/"), 2, "--from and --mirror cannot be combined"),
        (("--from", "none"), 1, "there is no folder none"),
        (("--from", "."), 1, ". has no train-images-idx3-ubyte with the right SHA-256"),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: tuple[Any, ...], code: int, complaint: str, run: Run
) -> None:
    result = run("download", *arguments)
    assert result.exit_code == code
    assert complaint in result.stderr


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        (
            "ALL_PROXY",
            "socks5://u:word@127.0.0.1:9",
            "needs PySocks: pip install 'requests[socks]'",
        ),
        ("https_proxy", "host:3128", "not the address of a proxy; write it like http://host:3128"),
        ("https_proxy", "http://host:port", "not the address of a proxy"),
        ("REQUESTS_CA_BUNDLE", "none.pem", "there is no none.pem"),
    ],
    ids=["SOCKS", "proxy without scheme", "proxy without port", "certificates"],
)
def test_a_variable_that_cannot_be_used_is_named_once(
    variable: str, value: str, complaint: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "socks" in value and importlib.util.find_spec("socks"):
        pytest.skip("PySocks is installed")
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv(variable, value)
    result = run("download")
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {variable}: ")
    assert complaint in result.stderr
    assert result.stderr.count("\n") == 1
    assert "word" not in result.stderr


def test_a_data_folder_that_is_a_file_is_named_with_the_remedy(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("download", "--data-dir", tmp_path / "file")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: cannot write to {tmp_path / 'file'}: ")
    assert "--data-dir" in result.stderr
