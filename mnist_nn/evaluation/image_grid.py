"""Images side by side: samples, and what augmentation makes of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import StrPath, atomic_write
from .palette import require_matplotlib, style

GAP = 3  # pixels between images
ZOOM = 3  # dots per pixel
DPI = 100


def tiled(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Lay images of shape (n, height, width, …) out in rows; gaps and empty places are zero."""
    n, height, width, *channels = images.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, height + GAP, width + GAP, *channels), np.uint8)
    cells[:n, :height, :width] = images
    grid = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    return grid.reshape(rows * (height + GAP), -1, *channels)[:-GAP, :-GAP]


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

    left, right = tiled(before, 1), tiled(after.reshape(-1, *after.shape[2:]), after.shape[1])
    space, top, edge = 3 * GAP, 8 * GAP, 2 * GAP
    width = left.shape[1] + space + right.shape[1] + 2 * edge
    height = left.shape[0] + top + edge
    with style():
        figure = Figure(figsize=(width * ZOOM / DPI, height * ZOOM / DPI), dpi=DPI)
        for grid, start, heading in (
            (left, edge, headings[0]),
            (right, edge + left.shape[1] + space, headings[1]),
        ):
            size = grid.shape[1] / width, grid.shape[0] / height
            axes: Any = figure.add_axes((start / width, edge / height, *size))
            axes.imshow(grid, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
            axes.set_axis_off()
            axes.text(0, -2 * GAP, heading, fontsize=14, ha="left", va="bottom")
        with atomic_write(path) as file:
            figure.savefig(file, format="png")
