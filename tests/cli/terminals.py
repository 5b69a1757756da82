"""A terminal for commands to write to."""

import contextlib
import os
import threading
from collections.abc import Iterator
from typing import TextIO

import pytest


class Screen:
    """What was written to a terminal; whole once the terminal is closed."""

    def __init__(self) -> None:
        self.content = b""

    @property
    def text(self) -> str:
        return self.content.decode()

    def read(self, descriptor: int) -> None:
        """Read until the other end is closed, which Linux reports as an error."""
        with contextlib.suppress(OSError):
            while chunk := os.read(descriptor, 1 << 16):
                self.content += chunk


@contextlib.contextmanager
def terminal(rows: int = 24, columns: int = 80) -> Iterator[tuple[Screen, TextIO]]:
    """Open a terminal: its screen, and the file to write to and then close."""
    pty, termios = pytest.importorskip("pty"), pytest.importorskip("termios")
    reading, writing = pty.openpty()
    termios.tcsetwinsize(writing, (rows, columns))
    screen = Screen()
    reader = threading.Thread(target=screen.read, args=(reading,))
    reader.start()
    with open(writing, "w", encoding="utf-8", closefd=True) as end:  # noqa: PTH123
        yield screen, end
    reader.join()
    os.close(reading)
