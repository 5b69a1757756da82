"""Chart that explains an answer: the picture, its ink, what the network sees, the probabilities.

Matplotlib is needed here: call `palette.require_matplotlib` first.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from .charts import WIDTH, Chart, new_figure
from .palette import BLUE, INK, LINE, MUTED, ORANGE, style

MOST = 12  # samples that are drawn: of more, those with the least probable answers
COLUMNS = 6  # samples side by side
CLASSES = 10  # of a sample, the most likely ones
LONGEST, LONG = 20, 7  # characters of a class's name: alone, and over one sample of several
VISIBLE = 0.005  # probability that gets a number
WIDE = 1.8  # times as wide as high: the ink is drawn below the picture, not beside it
TITLE = 0.35  # inches: height of the title over an image
MIDDLE = 4.0  # inches: the greatest height of the picture

Box = tuple[int, int, int, int]  # top, bottom, left, right


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample of a picture: what the network sees, and what it says of that.

    `image` has shape (h, w), 0 (paper) to 1; `answer` is the class, or ``?`` if it is not `known`.
    """

    image: NDArray[Any]
    outputs: Mapping[str, float]
    answer: str
    known: bool


def draw_explanation(
    title: str,
    pixels: NDArray[np.floating],
    ink: NDArray[np.floating],
    boxes: Sequence[tuple[Box, bool]],
    samples: Sequence[Sample],
) -> Chart:
    """Draw how the samples of a picture were read.

    `pixels` has shape (h, w, 3), 0 to 1; `ink` (h, w), 0 (none) to 1. `boxes` of digits are drawn
    in both, in another colour where the answer is not known.
    """
    with style():
        if len(samples) == 1:
            figure = _draw_one(pixels, ink, samples[0])
        else:
            figure = _draw_several(pixels, ink, _chosen(samples), len(samples))
        for axes in figure.axes[:2]:
            for box, known in boxes:
                _frame(axes, box, BLUE if known else ORANGE)
    answers = [
        f"{sample.answer} at {max(sample.outputs.values()):.2%}" for sample in samples[:MOST]
    ]
    description = f"The picture, its ink, and what the network sees: {', '.join(answers)}."
    return Chart("explanation", title, description, figure)


def _draw_one(pixels: NDArray[Any], ink: NDArray[Any], sample: Sample) -> Figure:
    """Draw the picture, the ink, the sample and its probabilities in two rows of two."""
    ratio = ink.shape[0] / ink.shape[1]
    top = min(WIDTH * ratio, MIDDLE)
    figure = new_figure(top + 0.75 * WIDTH + 0.8, 2 * WIDTH)
    grid = figure.add_gridspec(2, 2, height_ratios=(top, 0.75 * WIDTH))
    _draw_picture(figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[0, 1]), pixels, ink)
    _draw_sample(figure.add_subplot(grid[1, 0]), sample, "what the network sees")
    axes = figure.add_subplot(grid[1, 1])
    names, values = _likeliest(sample)
    bars = axes.barh(range(len(names)), values, color=_colours(sample, values), height=0.7)
    for bar, value in zip(bars, values, strict=True):
        if value >= VISIBLE:
            y = bar.get_y() + bar.get_height() / 2
            axes.text(value + 0.015, y, f"{value:.1%}", va="center_baseline", fontsize=8)
    axes.set(xlim=(0, 1.15), ylim=(len(names) - 0.4, -0.6), title="probability")
    axes.set_xticks([])
    axes.set_yticks(range(len(names)), [name[:LONGEST] for name in names])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["bottom"].set_visible(False)
    return figure


def _draw_several(
    pixels: NDArray[Any], ink: NDArray[Any], samples: Sequence[Sample], n: int
) -> Figure:
    """Draw the picture and its ink, and below them some samples, each over its probabilities."""
    ratio = ink.shape[0] / ink.shape[1]
    below = ratio < 1 / WIDE
    top = 2 * (2 * WIDTH * ratio + TITLE) if below else min(WIDTH * ratio, MIDDLE)
    rows = -(-len(samples) // COLUMNS)
    cell = 2 * WIDTH / COLUMNS
    figure = new_figure(top + 1.75 * cell * rows + 1.2, 2 * WIDTH)
    outer = figure.add_gridspec(2, 1, height_ratios=(top, 1.75 * cell * rows))
    inner = outer[0].subgridspec(nrows=2 if below else 1, ncols=1 if below else 2)
    first, second = (figure.add_subplot(inner[i]) for i in range(2))
    _draw_picture(first, second, pixels, ink)
    cells = outer[1].subgridspec(2 * rows, COLUMNS, height_ratios=(1, 0.6) * rows)
    for i, sample in enumerate(samples):
        row, column = divmod(i, COLUMNS)
        axes = figure.add_subplot(cells[2 * row, column])
        _draw_sample(axes, sample, f"{sample.answer[:LONG]}  {max(sample.outputs.values()):.1%}")
        _draw_bars(figure.add_subplot(cells[2 * row + 1, column]), sample)
    if len(samples) < n:
        figure.supxlabel(
            f"the {len(samples)} least probable answers of {n}",
            x=0.02,
            ha="left",
            fontsize=9,
            color=MUTED,
        )
    return figure


def _chosen(samples: Sequence[Sample]) -> Sequence[Sample]:
    """Choose the samples to draw: all, or those with the least probable answers, in order."""
    if len(samples) <= MOST:
        return samples
    order = np.argsort([max(sample.outputs.values()) for sample in samples], kind="stable")
    return [samples[i] for i in sorted(order[:MOST])]


def _draw_picture(first: Axes, second: Axes, pixels: NDArray[Any], ink: NDArray[Any]) -> None:
    first.imshow(np.clip(pixels, 0, 1), interpolation="antialiased")
    second.imshow(1 - ink, cmap="gray", vmin=0, vmax=1, interpolation="antialiased")
    for axes, title in ((first, "picture"), (second, "its ink")):
        axes.set_title(title)
        _bare(axes)


def _draw_sample(axes: Axes, sample: Sample, title: str) -> None:
    axes.imshow(1 - sample.image, cmap="gray", vmin=0, vmax=1, interpolation="none")
    axes.set_title(title, color=INK if sample.known else ORANGE)
    _bare(axes)


def _bare(axes: Axes) -> None:
    """Draw a thin frame around an image, and no numbers."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set(visible=True, color=LINE, linewidth=0.8)


def _draw_bars(axes: Axes, sample: Sample) -> None:
    """Draw the probabilities of the classes, in the order of the classes if there are few."""
    names, values = _likeliest(sample)
    axes.bar(range(len(names)), values, color=_colours(sample, values), width=0.75)
    axes.set(xlim=(-0.7, len(names) - 0.3), ylim=(0, 1))
    axes.set_xticks(range(len(names)), [name[:3] for name in names], fontsize=7)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, labelcolor=INK, pad=2)
    axes.spines["left"].set_visible(False)


def _likeliest(sample: Sample) -> tuple[list[str], list[float]]:
    """Return the names of the likeliest classes, in the order of all classes, and their outputs."""
    ranked = sorted(sample.outputs, key=lambda name: -sample.outputs[name])[:CLASSES]
    names = [name for name in sample.outputs if name in ranked]
    return names, [sample.outputs[name] for name in names]


def _colours(sample: Sample, values: Sequence[float]) -> list[str]:
    """Return the colours of bars: the answer stands out."""
    best = BLUE if sample.known else ORANGE
    return [best if value == max(values) else MUTED for value in values]


def _frame(axes: Axes, box: Box, colour: str) -> None:
    """Draw the frame of a digit in the picture."""
    top, bottom, left, right = box
    frame = Rectangle(
        (left - 0.5, top - 0.5),
        width=right - left,
        height=bottom - top,
        fill=False,
        edgecolor=colour,
        linewidth=1.2,
    )
    axes.add_patch(frame)
