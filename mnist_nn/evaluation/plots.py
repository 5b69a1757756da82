"""Plots on given axes, one function for each kind."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.patches import Rectangle
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from ..data import Samples
from .boundary import Plane
from .history import Curves, Metric
from .image_grid import drawn_size, stretch, tiled
from .intervals import wilson_interval
from .metrics import ClassScore, Reliability
from .palette import ABOVE, BELOW, BLUE, GREEN, INK, LINE, MODELS, MUTED, ORANGE, PAPER, diverging

READABLE = 10  # points of a cell that a number fits into


def plot_curves(axes: Axes, runs: Sequence[Curves], metric: Metric) -> None:
    """Plot a metric by epoch.

    Of one run, training and validation have a colour each. Of several runs, each run has one, and
    training is dashed. A ring marks the epoch that early stopping kept.
    """
    single = len(runs) == 1
    dash, width = ("-", 1.6) if single else ("--", 1.1)
    for run, colour in zip(runs, MODELS, strict=False):
        training, validation = run.training[metric], run.validation.get(metric)
        dots: dict[str, Any] = {"marker": "o", "markersize": 3 if len(run.epochs) <= 30 else 0}
        axes.plot(
            run.epochs, training, dash, color=colour, linewidth=width, label="training", **dots
        )
        if validation is not None:
            colour = ORANGE if single else colour
            axes.plot(run.epochs, validation, "-", color=colour, label="validation", **dots)
        _mark_kept(axes, run, training if validation is None else validation)
    _scale_curves(axes, runs, metric)


def _mark_kept(axes: Axes, run: Curves, values: NDArray[np.float64]) -> None:
    index = np.flatnonzero(run.epochs == run.kept)
    if run.kept is not None and len(index):
        ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": INK, "zorder": 5}
        ring |= {"markersize": 9, "markeredgewidth": 1.3, "label": f"kept: epoch {run.kept:,}"}
        axes.plot([run.kept], values[index[:1]], "o", **ring)


def _scale_curves(axes: Axes, runs: Sequence[Curves], metric: Metric) -> None:
    """Choose the scales of both axes; a loss that falls thirtyfold has a logarithmic one."""
    parts = [part[metric] for run in runs for part in (run.training, run.validation) if part]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    axes.set_title(metric)
    axes.set_xlabel("epoch")
    axes.grid(axis="y")
    first = min(int(run.epochs.min()) for run in runs)
    last = max(int(run.epochs.max()) for run in runs)
    if first == last:
        axes.set_xlim(first - 1, last + 1)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    if metric == "accuracy":
        _set_ticks(axes.yaxis, 6, percent=True)
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, -0.02), min(top, 1.02 - 0.02 * bottom))  # nothing is above 1
    elif low > 0 and high / low > 30:
        axes.set_yscale("log")
        axes.set_title("loss, on a logarithmic axis")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1e4 else (1,)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    else:
        _set_ticks(axes.yaxis, 6)


def _set_ticks(axis: Axis, n: int, *, percent: bool = False) -> None:
    """Put at most `n` round numbers on an axis."""
    axis.set_major_locator(MaxNLocator(n, steps=[1, 2, 5, 10]))
    if percent:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))


def plot_confusion(axes: Axes, confusion: NDArray[np.intp], class_names: Sequence[str]) -> None:
    """Plot a confusion matrix: correct predictions in blue, mistakes in orange.

    Each has its own scale, as the mistakes of a good network could not be seen on a common one.
    """
    n = len(confusion)
    mistakes = confusion * (1 - np.eye(n, dtype=np.intp))
    most_right, most_wrong = (max(int(part.max()), 1) for part in (np.diag(confusion), mistakes))
    for true, predicted in np.ndindex(n, n):
        count, right = confusion[true, predicted], true == predicted
        strength = count / (most_right if right else most_wrong)
        cell = Rectangle(
            (predicted - 0.47, true - 0.47),
            width=0.94,
            height=0.94,
            facecolor=(BLUE if right else ORANGE) if count else LINE,
            alpha=0.12 + 0.5 * strength if count else 0.3,
            linewidth=0,
        )
        axes.add_patch(cell)
        if count:
            size = 8 if n > 5 else 10
            axes.text(predicted, true, f"{count}", ha="center", va="center_baseline", fontsize=size)
    axes.set_xticks(range(n), class_names)
    axes.set_yticks(range(n), class_names)
    if max(map(len, class_names)) > 3 and n > 3:  # no room side by side
        for label in axes.get_xticklabels():
            label.set(rotation=45, ha="right", rotation_mode="anchor")
    _frame_confusion(axes, n)


def plot_large_confusion(
    axes: Axes, confusion: NDArray[np.intp], class_names: Sequence[str], cell: float
) -> None:
    """Plot a confusion matrix of many classes as `plot_confusion` does, as a single image.

    `cell` is the side of a cell in points: what does not fit into it is left out, the counts or the
    names of some classes.
    """
    n, wrong = len(confusion), confusion * (1 - np.eye(len(confusion), dtype=np.intp))
    most = np.where(np.eye(n), max(np.diag(confusion).max(), 1), max(wrong.max(), 1))
    image = np.zeros((n, n, 4), np.uint8)
    image[..., :3] = np.where(np.eye(n)[..., None], BELOW, ABOVE)
    image[..., 3] = np.rint(255 * np.where(confusion, 0.12 + 0.6 * confusion / most, 0))
    axes.imshow(image, interpolation="none")
    axes.hlines(np.arange(0, n + 1) - 0.5, -0.5, n - 0.5, color=LINE, linewidth=0.03 * cell)
    axes.vlines(np.arange(0, n + 1) - 0.5, -0.5, n - 0.5, color=LINE, linewidth=0.03 * cell)
    size: dict[str, Any] = {"fontsize": 0.42 * cell, "ha": "center", "va": "center_baseline"}
    for true, predicted in np.argwhere(confusion) if cell >= READABLE else ():
        axes.text(predicted, true, f"{confusion[true, predicted]}", in_layout=False, **size)
    shown = range(0, n, math.ceil(READABLE / cell))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_ticks(
            shown, [class_names[k] for k in shown], fontsize=min(8, 0.7 * max(cell, READABLE))
        )
    if max(map(len, class_names)) > 2:
        axes.tick_params(axis="x", rotation=90)
    _frame_confusion(axes, n)


def _frame_confusion(axes: Axes, n: int) -> None:
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    axes.tick_params(length=0, labelcolor=INK)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)


def plot_scores(axes: Axes, scores: Sequence[ClassScore], class_names: Sequence[str]) -> None:
    """Plot each class's F1 on a bar from the lower of precision and recall to the higher."""
    rows = np.arange(len(scores))
    ends = np.array([(score.precision, score.recall) for score in scores])
    low, high = ends.min(axis=1), ends.max(axis=1)
    axes.barh(rows, high - low, left=low, height=0.32, color=LINE)
    dot: dict[str, Any] = {
        "markersize": 5.5,
        "markeredgewidth": 0.8,
        "markeredgecolor": PAPER,
        "zorder": 3,
    }
    axes.plot(ends[:, 0], rows, "o", color=BLUE, label="precision", **dot)
    axes.plot(ends[:, 1], rows, "D", color=ORANGE, label="recall", **dot)
    f1 = [score.f1 for score in scores]
    axes.plot(f1, rows, "|", color=GREEN, label="F1", markersize=11, markeredgewidth=2.2, zorder=2)
    _scale_scores(axes, float(low.min()), class_names)


def plot_f1(axes: Axes, scores: Sequence[Sequence[ClassScore]], class_names: Sequence[str]) -> None:
    """Plot the F1 of each class, a dot for each of several models."""
    values = np.array([[score.f1 for score in model] for model in scores])
    rows = np.arange(len(class_names))
    low, high = values.min(axis=0), values.max(axis=0)
    axes.barh(rows, high - low, left=low, height=0.16, color=LINE)
    for row, colour in zip(values, MODELS, strict=False):
        axes.plot(row, rows, "o", color=colour, markersize=6, markeredgecolor=PAPER)
    _scale_scores(axes, float(low.min()), class_names)


def _scale_scores(axes: Axes, lowest: float, class_names: Sequence[str]) -> None:
    span = max(1 - lowest, 0.01)
    axes.set_xlim(max(1 - 1.08 * span, -0.02), 1 + 0.04 * span)
    axes.set_ylim(len(class_names) - 0.4, -0.6)
    axes.set_yticks(range(len(class_names)), class_names)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    _set_ticks(axes.xaxis, 5, percent=True)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def plot_calibration(
    axes: Axes, reliabilities: Sequence[Reliability], before: Reliability | None = None
) -> None:
    """Plot accuracy by confidence (a reliability diagram), for one network with 95 % intervals.

    `before` is what that one's was before calibration.
    """
    axes.plot([0, 1], [0, 1], ":", color=MUTED, linewidth=1.2)
    if before:
        filled = before.counts > 0
        x, y = before.confidence[filled], before.accuracy[filled]
        axes.plot(x, y, "s--", color=ORANGE, markersize=4, label="before calibration")
    for reliability, colour in zip(reliabilities, MODELS, strict=False):
        filled = reliability.counts > 0
        x, y = reliability.confidence[filled], reliability.accuracy[filled]
        if len(reliabilities) == 1:
            pairs = zip(reliability.right[filled], reliability.counts[filled], strict=True)
            ends = np.array([wilson_interval(int(right), int(n)) for right, n in pairs])
            axes.vlines(x, ends[:, 0], ends[:, 1], color=colour, linewidth=5, alpha=0.25)
        axes.plot(x, y, "o-", color=colour, markersize=5, label="calibrated" if before else None)
    if before:
        axes.legend()
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), ylabel="accuracy")
    for axis in (axes.xaxis, axes.yaxis):
        _set_ticks(axis, 6, percent=True)
    axes.grid()


def plot_counts(axes: Axes, reliability: Reliability) -> None:
    """Plot how many samples are in each bin, with the number above the bar."""
    edges, counts = reliability.edges, reliability.counts
    widths = np.diff(edges)
    axes.bar(edges[:-1], counts, width=0.9 * widths, align="edge", color=BLUE, alpha=0.45)
    for edge, width, count in zip(edges, widths, counts, strict=False):
        text = f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k"
        axes.text(edge + 0.45 * width, count, text, ha="center", va="bottom", fontsize=7)
    axes.set_yticks([])
    axes.set_ylabel("samples")
    axes.set_ylim(0, 1.25 * counts.max())
    axes.spines["left"].set_visible(False)


def mistake_size(image_shape: tuple[int, int], captions: Sequence[str]) -> tuple[float, float]:
    """Return the height and width of an image's cell, in longer sides of the image."""
    lines = max(caption.count("\n") for caption in captions) + 1
    return drawn_size(image_shape)[0] + 0.3 + 0.15 * lines, 1.25


def plot_mistakes(
    axes: Axes, images: NDArray[np.uint8], captions: Sequence[str], columns: int
) -> None:
    """Draw images of shape (n, height, width) in rows, each with a caption of some lines."""
    height, width = images.shape[1:]
    high, wide = mistake_size((height, width), captions)
    h, w = drawn_size((height, width))
    grey: dict[str, Any] = {"cmap": "gray", "vmin": 0, "vmax": 255, "interpolation": "none"}
    for i, (image, caption) in enumerate(zip(images, captions, strict=True)):
        left, top = i % columns * wide, i // columns * high
        start = left + (1 - w) / 2
        axes.imshow(255 - image, extent=(start, start + w, top + h, top), **grey)
        axes.text(left + 0.5, top + h + 0.06, caption, ha="center", va="top", fontsize=8)
    rows = -(-len(images) // columns)
    axes.set(xlim=(-0.1, columns * wide - 0.15), ylim=(rows * high, 0), aspect="equal")
    axes.set_axis_off()


def plot_weights(
    axes: Axes, weights: NDArray[np.floating], columns: int, captions: Sequence[str] = ()
) -> float:
    """Draw the weights of units, of shape (n, height, width): orange positive, blue negative.

    Return the weight of full colour, the same for all units: the 99.9th percentile.
    """
    scale = float(np.quantile(np.abs(weights), 0.999)) or 1.0
    height, width = weights.shape[1:]
    gap = max(1, round(min(height, width) / 9))
    axes.imshow(
        tiled(diverging(weights, scale), columns, gap),
        interpolation="none",
        aspect=stretch((height, width)),
    )
    for i, caption in enumerate(captions):
        left, top = i % columns * (width + gap), i // columns * (height + gap)
        axes.text(left - 0.5, top - 0.5, caption, ha="left", va="top", fontsize=7, color=MUTED)
    axes.set_axis_off()
    return scale


def plot_boundary(
    axes: Axes,
    plane: Plane,
    field: NDArray[np.float64],
    parts: Sequence[Samples],
    class_names: Sequence[str],
) -> None:
    """Draw the outputs that `Plane.outputs` gave, the boundary, and the samples of two classes.

    The first part, that of training, is faint.
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
        centres = (np.arange(len(field)) + 0.5) / len(field)
        x, y = left + centres * (right - left), bottom + centres * (top - bottom)
        axes.contour(x, y, field, [0.5], colors=[MUTED], linewidths=1.4)
    for number, samples in enumerate(parts):
        for k, (colour, marker) in enumerate(((BLUE, "o"), (ORANGE, "^"))):
            x, y = samples.x[samples.y == k].T
            label = class_names[k] if number == len(parts) - 1 else None
            if number == 0:
                look: dict[str, Any] = {"markersize": 3, "markeredgecolor": "none", "alpha": 0.45}
            else:
                look = {"markersize": 5, "markeredgecolor": PAPER, "markeredgewidth": 0.7}
            axes.plot(x, y, marker, color=colour, label=label, **look)
    axes.set_xlim(plane.extent[:2])
    axes.set_ylim(plane.extent[2:])
    axes.tick_params(length=3)
