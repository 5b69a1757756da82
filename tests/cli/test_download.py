"""The command; `tests/data/test_download.py` has the mirrors that misbehave."""

import socket
import threading
from collections.abc import Callable
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder; under ``/html/`` and ``/half/`` badly."""

    def log_message(self, *arguments: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        if self.path.startswith("/html/"):
            self.answer(b"<!doctype html>moved")
        elif self.path.startswith("/half/"):
            assert self.directory is not None
            blob = (Path(self.directory) / self.path.split("/")[-1]).read_bytes()
            self.answer(blob[: len(blob) // 2], length=len(blob))
        else:
            super().do_GET()

    def answer(self, body: bytes, length: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length or len(body)))
        self.end_headers()
        self.wfile.write(body)


def dead_mirror() -> str:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{s.getsockname()[1]}/"


def test_the_real_mnist_over_http_with_three_bad_mirrors(
    run: Run, mnist_files: Path, tmp_path: Path
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=mnist_files)) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        mirrors = [dead_mirror(), f"{base}/html", f"{base}/half", f"{base}/"]
        options = [option for mirror in mirrors for option in ("--mirror", mirror)]
        first = run("download", "--data-dir", tmp_path / "d", *options)
        server.shutdown()
    assert first.exit_code == 0, first.stderr
    assert first.stdout == f"{tmp_path / 'd' / 'mnist.npz'}\n"
    assert first.stderr.count("trying the next mirror") == 3
    assert "was downloaded, and every file has the right SHA-256" in first.stderr

    again = run("download", "--data-dir", tmp_path / "d", *options)  # the server is gone
    assert again.exit_code == 0
    assert "already there" in again.stderr


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
        (("--from", ".", "--mirror", "http://host/"), 2, "--from and --mirror: take the files"),
        (("--from", "none"), 1, "there is no folder none"),
        (("--from", "."), 1, ". has neither train-images-idx3-ubyte.gz nor"),
    ],
)
def test_what_cannot_be_done_is_refused(
    arguments: tuple, code: int, complaint: str, run: Run
) -> None:
    result = run("download", *arguments)
    assert result.exit_code == code
    assert complaint in result.stderr
