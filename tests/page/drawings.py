"""Drawings for the page, pages of networks, and what Python makes of both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from mnist_nn.data import Preparation, SampleFormat, Samples
from mnist_nn.images import center
from mnist_nn.nn import Network
from mnist_nn.page import draw_page

from .strokes import Stroke, smooth, strokes_of

Open = Callable[..., Any]
DIGITS = tuple("0123456789")
MNIST = Preparation("mnist")
SEVEN: list[Stroke] = [[(0.3, 0.25), (0.5, 0.25), (0.7, 0.25), (0.6, 0.5), (0.45, 0.8)]]
CROSSBAR: list[Stroke] = [[(0.4, 0.5), (0.7, 0.5)]]
CLOSE = 1e-4  # of the page's probabilities to Python's


def few(samples: Samples, n: int) -> list[tuple[list[Stroke], str]]:
    """Strokes of n digits of each class, and what they are."""
    first = [int(i) for label in range(10) for i in np.flatnonzero(samples.y == label)[:n]]
    return [
        ([smooth(s) for s in strokes_of(samples.x[i].reshape(28, 28))], str(samples.y[i]))
        for i in first
    ]


def prepared(page: Any) -> np.ndarray:
    """What Python makes of the pixels on the page's paper, for the network: (1, 784)."""
    return center(1 - page.picture() / 255).reshape(1, 784)


def in_python(network: Network, page: Any) -> np.ndarray:
    """What the network makes of them in Python."""
    outputs: np.ndarray = network.predict(prepared(page))[0]
    return outputs


def sized(strokes: list[Stroke], size: float, middle: tuple[float, float]) -> list[Stroke]:
    """Make a drawing of the whole paper smaller, and put its middle there."""
    return [
        [(middle[0] + size * (x - 0.5), middle[1] + size * (y - 0.5)) for x, y in stroke]
        for stroke in strokes
    ]


def made(tmp_path: Path, network: Network, names: tuple[str, ...] = DIGITS) -> Path:
    """Write the page of a network that reads images prepared as MNIST's."""
    return written(tmp_path, network, SampleFormat((28, 28), names, preparation=MNIST))


def written(tmp_path: Path, network: Network, samples: SampleFormat) -> Path:
    path = tmp_path / "page.html"
    path.write_bytes(draw_page(network, samples, "made here"))
    return path
