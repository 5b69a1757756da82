"""Images side by side: samples, and what augmentation makes of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import StrPath, atomic_write
from .palette import require_matplotlib, style

GAP = 9  # dots between images
DPI = 100
SIDE = 84  # dots of an image's side, about
FLATTEST = 8  # times as wide as high, or as high as wide: what is flatter is stretched
THINNEST = 4  # dots of an image's shorter side, at least
HEADING = 75  # dots of the first heading, at least


def tiled(images: NDArray[np.uint8], columns: int, gap: int) -> NDArray[np.uint8]:
    """Lay images of shape (n, height, width, …) out in rows; gaps and empty places are zero."""
    n, height, width, *channels = images.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, height + gap, width + gap, *channels), np.uint8)
    cells[:n, :height, :width] = images
    grid = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    return grid.reshape(rows * (height + gap), -1, *channels)[:-gap, :-gap]


def stretch(image_shape: tuple[int, int]) -> float:
    """Return how many times as high as wide to draw pixels: 1 unless the image is a mere line."""
    ratio = image_shape[0] / image_shape[1]
    return min(max(ratio, 1 / FLATTEST), FLATTEST) / ratio


def drawn_size(image_shape: tuple[int, int]) -> tuple[float, float]:
    """Return the height and width of an image, of which the longer is 1."""
    height, width = image_shape[0] * stretch(image_shape), image_shape[1]
    return height / max(height, width), width / max(height, width)


def thinned(images: NDArray[Any]) -> NDArray[Any]:
    """Leave out rows and columns of large images, of shape (n, height, width)."""
    step = -(-max(images.shape[1:]) // (2 * SIDE))
    return images[:, ::step, ::step]


def in_dots(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Enlarge images of shape (n, height, width) to about `SIDE` dots, or leave pixels out."""
    images = thinned(images)
    height, width = images.shape[1:]
    zoom = max(round(2 * SIDE / (height + width)), -(-THINNEST // min(height, width)))
    return images.repeat(zoom, axis=1).repeat(zoom, axis=2)


def draw_image_grid(
    path: StrPath, before: NDArray[np.uint8], after: NDArray[np.uint8], headings: tuple[str, str]
) -> None:
    """Write a PNG with a row for each image: the original, and several versions of it.

    `before` has shape (n, height, width), `after` (n, m, height, width); the headings are above the
    first column and above the others. ConfigError if matplotlib is missing, OSError if the file
    cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    left = tiled(in_dots(before), 1, GAP)
    right = tiled(in_dots(after.reshape(-1, *after.shape[2:])), after.shape[1], GAP)
    space, top, edge = 3 * GAP, 8 * GAP, 2 * GAP
    start = edge + max(left.shape[1], HEADING) + space
    width, height = start + right.shape[1] + edge, left.shape[0] + top + edge
    with style():
        figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
        for grid, x, heading in ((left, edge, headings[0]), (right, start, headings[1])):
            size = grid.shape[1] / width, grid.shape[0] / height
            axes: Any = figure.add_axes((x / width, edge / height, *size))
            axes.imshow(grid, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
            axes.set_axis_off()
            axes.text(0, -2 * GAP, heading, fontsize=14, ha="left", va="bottom")
        with atomic_write(path) as file:
            figure.savefig(file, format="png")
