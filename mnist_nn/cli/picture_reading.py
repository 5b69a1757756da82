"""Reading of pictures for ``predict``: a picture becomes a sample, or one for each digit."""

import sys
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data import SampleFormat
from ..errors import DataError, escaped
from ..images import (
    MAX_BYTES,
    Digit,
    Picture,
    center,
    decode_picture,
    find_digits,
    make_sample,
    picture_ink,
    read_content,
)

STDIN = "-"


def name_of(path: str) -> str:
    """Name a picture in messages."""
    return "standard input" if path == STDIN else escaped(path)


class Reading(NamedTuple):
    """What was read of a picture.

    `samples` has shape (n, height, width). The rest is known only of a picture that is prepared as
    MNIST's digits were: its pixels, the ink in it, and the digits in rows.
    """

    samples: NDArray[Any]
    picture: Picture | None = None
    ink: NDArray[np.float64] | None = None
    rows: tuple[tuple[Digit, ...], ...] = ()

    @property
    def digits(self) -> list[Digit]:
        """All digits, row by row."""
        return [digit for row in self.rows for digit in row]


class PictureReader:
    """Reads pictures and makes samples of them, such as a model reads.

    `layout` is ``line`` or ``grid`` for a sample of each digit: those of a line are one row, from
    the left. With None there is one sample for all that is in the picture.
    """

    def __init__(self, samples: SampleFormat, layout: str | None) -> None:
        self._format, self._layout = samples, layout

    def read(self, path: str) -> Reading:
        """Read one picture; DataError, which names it, if that cannot be done."""
        name = name_of(path)
        try:
            content = self._stdin if path == STDIN else read_content(path, name)
            return self._make_samples(content, name)
        except ValueError as error:
            raise DataError(f"{name} cannot be read: {error}") from None
        except MemoryError:
            raise DataError(f"{name} needs more memory than there is; make it smaller") from None
        except OSError as error:
            raise DataError(f"{name}: {error.strerror or error}") from None

    @cached_property
    def _stdin(self) -> bytes:
        """Standard input, which can be read only once, but may be named several times."""
        return sys.stdin.buffer.read(MAX_BYTES + 1) if sys.stdin else b""

    def _make_samples(self, content: bytes, name: str) -> Reading:
        shape, preparation = self._format.image_shape, self._format.preparation
        assert shape is not None
        assert preparation is not None
        if preparation.method != "mnist":
            return Reading(make_sample(content, name, shape, invert=preparation.invert)[None])
        picture = decode_picture(content, name)
        ink = picture_ink(picture.pixels)
        rows = find_digits(ink)
        if self._layout and not rows:
            raise ValueError("it is blank: no digit in it stands out")
        if self._layout == "line":
            rows = [sorted((digit for row in rows for digit in row), key=lambda d: d.box.left)]
        inks = (digit.ink for row in rows for digit in row) if self._layout else iter([ink])
        return Reading(np.stack(list(map(center, inks))), picture, ink, tuple(map(tuple, rows)))
