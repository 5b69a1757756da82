"""A sheet shows images side by side: what a digit looks like, and what training makes of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..files import StrPath, atomic_write
from .palette import require_matplotlib, style

GAP = 3  # pixels between images
ZOOM = 3  # dots per pixel
DPI = 100


def draw_image_grid(
    path: StrPath, before: NDArray[np.uint8], after: NDArray[np.uint8], headings: tuple[str, str]
) -> None:
    """Write a PNG with a row for each image: itself, and what becomes of it.

    Parameters
    ----------
    path
        Where it goes; whatever its name ends with, it is a PNG.
    before
        Images of shape (n, height, width).
    after
        Images of shape (n, m, height, width): m made of each.
    headings
        Above the first column, and above the others.

    Raises
    ------
    ConfigError
        If matplotlib is not installed or cannot be loaded.
    OSError
        If the file cannot be written.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    left, right = _grid(before[:, None]), _grid(after)
    space, top, edge = 3 * GAP, 8 * GAP, 2 * GAP
    width = left.shape[1] + space + right.shape[1] + 2 * edge
    height = left.shape[0] + top + edge
    with style():
        figure = Figure(figsize=(width * ZOOM / DPI, height * ZOOM / DPI), dpi=DPI)
        for image, start, heading in zip(
            (left, right), (edge, edge + left.shape[1] + space), headings, strict=True
        ):
            box = (
                start / width,
                edge / height,
                image.shape[1] / width,
                image.shape[0] / height,
            )
            axes: Any = figure.add_axes(box)
            axes.imshow(image, cmap="gray_r", vmin=0, vmax=255, interpolation="nearest")
            axes.set_axis_off()
            axes.text(0, -2 * GAP, heading, fontsize=14, ha="left", va="bottom")
        with atomic_write(path) as file:
            figure.savefig(file, format="png")


def _grid(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Lay (n, m, height, width) images out as one, with gaps between them."""
    n, m, height, width = images.shape
    grid = np.zeros((n, height + GAP, m, width + GAP), np.uint8)
    grid[:, :height, :, :width] = images.swapaxes(1, 2)
    return grid.reshape(n * (height + GAP), m * (width + GAP))[:-GAP, :-GAP]
