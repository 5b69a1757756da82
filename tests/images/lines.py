"""Lines and sheets of real digits, composed as people write them."""

import cv2
import numpy as np
from numpy.typing import NDArray

from mnist_nn.data import Samples

Grey = NDArray[np.float64]


def glyph(x: NDArray[np.uint8], height: float) -> Grey:
    """Cut out a digit of MNIST, enlarged so that its 20 pixels become so many."""
    ink = x.reshape(28, 28) / 255.0
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    h, w = (max(2, round(side * height / 20)) for side in ink.shape)
    grown: Grey = np.clip(cv2.resize(ink, (w, h), interpolation=cv2.INTER_CUBIC), 0, 1)
    return grown


def compose(
    digits: Samples, rows: int, columns: int, rng: np.random.Generator, *, slope: float = 0.0
) -> tuple[Grey, list[list[int]]]:
    """Compose the ink of a sheet, of digits about 60 pixels high; and their classes by rows."""
    chosen = rng.integers(len(digits.y), size=(rows, columns))
    pitch = 110
    ink = np.zeros(
        (pitch * (rows + 1) + round(abs(slope) * pitch * columns), pitch * (columns + 1))
    )
    for row, column in np.ndindex(rows, columns):
        part = glyph(digits.x[chosen[row, column]], float(rng.uniform(50, 68)))
        middle = (column - (columns - 1) / 2) * pitch
        top = ink.shape[0] / 2 + (row - (rows - 1) / 2) * pitch + slope * middle - part.shape[0] / 2
        left = ink.shape[1] / 2 + middle - part.shape[1] / 2
        y, x = round(top + rng.uniform(-6, 6)), round(left + rng.uniform(-12, 12))
        ink[y : y + part.shape[0], x : x + part.shape[1]] += part
    return np.minimum(ink, 1.0), digits.y[chosen].tolist()


def on_paper(ink: Grey) -> NDArray[np.uint8]:
    """Photograph ink on grey paper, lit from one side: (h, w, 3)."""
    light = np.linspace(0.6, 0.95, ink.shape[1])
    paper = np.array([0.95, 0.94, 0.9])
    pixels = light[:, None] * (paper * (1 - ink[..., None]) + 0.15 * ink[..., None])
    noise = np.random.default_rng(1).normal(0, 0.01, pixels.shape)
    return np.rint(255 * np.clip(pixels + noise, 0, 1)).astype(np.uint8)
