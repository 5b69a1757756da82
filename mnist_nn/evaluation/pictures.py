"""Plots that are made of images: mistakes, weights, and the plane that a boundary divides."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..data import Samples
from .boundary import Plane
from .palette import BLUE, MUTED, ORANGE, PAPER, diverging

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAP = 3  # pixels between images


def tiled(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Lay images of shape (n, height, width, channels) out in rows, zero where there is none."""
    n, height, width, channels = images.shape
    rows = -(-n // columns)
    cells = np.zeros((rows * columns, height + GAP, width + GAP, channels), np.uint8)
    cells[:n, :height, :width] = images
    sheet = cells.reshape(rows, columns, *cells.shape[1:]).swapaxes(1, 2)
    return sheet.reshape(rows * (height + GAP), -1, channels)[:-GAP, :-GAP]


def plot_mistakes(
    axes: "Axes", images: NDArray[np.uint8], captions: Sequence[str], columns: int
) -> None:
    """Draw images of shape (n, height, width) in rows, each with a caption of a line or two."""
    wide, high = 1.25, 1.6  # of a cell, in sides of an image
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left, top = i % columns * wide, i // columns * high
        axes.imshow(
            255 - image,
            cmap="gray",
            vmin=0,
            vmax=255,
            interpolation="none",
            extent=(left, left + 1, top + 1, top),
        )
        axes.text(left + 0.5, top + 1.06, caption, ha="center", va="top", fontsize=8)
    rows = -(-len(images) // columns)
    axes.set(xlim=(-0.1, columns * wide - 0.15), ylim=(rows * high, 0), aspect="equal")
    axes.set_axis_off()


def plot_weights(
    axes: "Axes", weights: NDArray[np.floating], columns: int, captions: Sequence[str] = ()
) -> float:
    """Draw what each of some units looks for: orange speaks for it, blue against it.

    The weights are of shape (n, height, width). Return the one that is as strong as colours get,
    the same for all units: all but a thousandth of the weights are closer to zero.
    """
    scale = float(np.quantile(np.abs(weights), 0.999)) or 1.0
    height, width = weights.shape[1:]
    sheet = tiled(diverging(weights, scale), columns)
    axes.imshow(sheet, interpolation="none")
    for i, caption in enumerate(captions):
        left, top = i % columns * (width + GAP), i // columns * (height + GAP)
        axes.text(left - 0.5, top - 0.5, caption, ha="left", va="top", fontsize=7, color=MUTED)
    axes.set_axis_off()
    return scale


def plot_boundary(
    axes: "Axes",
    plane: Plane,
    field: NDArray[np.float64],
    parts: Sequence[Samples],
    class_names: Sequence[str],
) -> None:
    """Draw which of two classes a network takes each point of a plane for, and the samples.

    Those to learn from, the first part, are faint.
    """
    axes.imshow(
        diverging(field - 0.5, 0.9),
        origin="lower",
        extent=plane.extent,
        interpolation="none",
        aspect="equal",
    )
    if field.min() < 0.5 < field.max():
        left, right, bottom, top = plane.extent
        half_x, half_y = (right - left) / len(field) / 2, (top - bottom) / len(field) / 2
        across = np.linspace(left + half_x, right - half_x, len(field))
        up = np.linspace(bottom + half_y, top - half_y, len(field))
        axes.contour(across, up, field, [0.5], colors=[MUTED], linewidths=1.4)
    for number, samples in enumerate(parts):
        tested = number > 0
        for k, (colour, marker) in enumerate(((BLUE, "o"), (ORANGE, "^"))):
            axes.plot(
                *samples.x[samples.y == k].T,
                marker,
                color=colour,
                markersize=5 if tested else 3,
                markeredgecolor=PAPER if tested else "none",
                markeredgewidth=0.7,
                alpha=1.0 if tested else 0.45,
                label=class_names[k] if number == len(parts) - 1 else None,
            )
    axes.set_xlim(plane.extent[:2])
    axes.set_ylim(plane.extent[2:])
    axes.tick_params(length=3)
