"""A plot is what numbers look like: one function for each kind, on axes that it is given."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .calibration import Calibration
from .history import Curves, Metric
from .metrics import ClassScore, wilson_interval
from .palette import BLUE, GREEN, INK, LINE, MODELS, MUTED, ORANGE, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis

FEW = 30  # epochs that get a dot each
LOG_SPAN = 30  # a loss that falls to less than a part of so many is drawn on a log axis
SCORES = (("precision", BLUE, "o"), ("recall", ORANGE, "D"), ("f1", GREEN, "|"))


def plot_curves(axes: "Axes", runs: Sequence[Curves], figure: Metric) -> None:
    """Draw how a figure went from epoch to epoch.

    Of one run, training and validation have a colour each. Of several, each has one, and training
    is dashed. A ring marks the epoch that early stopping chose.
    """
    single = len(runs) == 1
    for run, colour in zip(runs, MODELS, strict=False):
        small = 3 if len(run.epochs) <= FEW else 0
        training, validation = run.training[figure], run.validation.get(figure)
        axes.plot(
            *(run.epochs, training, "-" if single else "--"),
            marker="o",
            markersize=small,
            color=colour,
            linewidth=1.6 if single else 1.1,
            label="training",
        )
        if validation is not None:
            own = ORANGE if single else colour
            axes.plot(
                *(run.epochs, validation, "-"),
                marker="o",
                markersize=small,
                color=own,
                label="validation",
            )
        _mark_kept(axes, run, training if validation is None else validation)
    _scale_curves(axes, runs, figure)


def _mark_kept(axes: "Axes", run: Curves, values: NDArray[np.float64]) -> None:
    place = np.flatnonzero(run.epochs == run.kept)
    if run.kept is not None and len(place):
        axes.plot(
            *([run.kept], values[place[:1]], "o"),
            markersize=9,
            markerfacecolor="none",
            markeredgecolor=INK,
            markeredgewidth=1.3,
            label=f"kept: epoch {run.kept:,}",
            zorder=5,
        )


def _scale_curves(axes: "Axes", runs: Sequence[Curves], figure: Metric) -> None:
    """Choose axes that suit the numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

    parts = [part[figure] for run in runs for part in (run.training, run.validation) if part]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    low, high = values.min(), values.max()
    axes.set_title(figure)
    axes.set_xlabel("epoch")
    axes.grid(axis="y")
    first, last = (int(limit([limit(run.epochs) for run in runs])) for limit in (np.min, np.max))
    if first == last:
        axes.set_xlim(first - 1, last + 1)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    if figure == "accuracy":
        _ticks(axes.yaxis, 6, share=True)
        bottom, top = axes.get_ylim()
        axes.set_ylim(max(bottom, -0.02), min(top, 1.02 - 0.02 * bottom))  # no more than all
    elif low > 0 and high / low > LOG_SPAN:
        axes.set_yscale("log")
        axes.set_title("loss, on a logarithmic axis")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 1e4 else (1,)))
        axes.yaxis.set_minor_locator(NullLocator())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
    else:
        _ticks(axes.yaxis, 6)


def _ticks(axis: "Axis", n: int, *, share: bool = False) -> None:
    """Put at most so many round numbers on an axis, as percentages if they are shares."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    axis.set_major_locator(MaxNLocator(n, steps=[1, 2, 5, 10]))
    if share:
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.6g}%"))


def plot_confusion(axes: "Axes", confusion: NDArray[np.intp], class_names: Sequence[str]) -> None:
    """Draw a confusion matrix as a heat map: what is right in blue, mistakes in orange.

    Each on a scale of its own, for otherwise the mistakes of a good network could not be seen: the
    most frequent mistake is as orange as it gets.
    """
    from matplotlib.patches import Rectangle

    n = len(confusion)
    mistakes = confusion * (1 - np.eye(n, dtype=np.intp))
    most_right, most_wrong = (max(int(part.max()), 1) for part in (np.diag(confusion), mistakes))
    for true, predicted in np.ndindex(n, n):
        count, right = confusion[true, predicted], true == predicted
        share = count / (most_right if right else most_wrong)
        axes.add_patch(
            Rectangle(
                *((predicted - 0.47, true - 0.47), 0.94, 0.94),
                facecolor=((BLUE if right else ORANGE) if count else LINE),
                alpha=0.12 + 0.5 * share if count else 0.3,
                linewidth=0,
            )
        )
        if count:
            axes.text(
                *(predicted, true, f"{count}"),
                ha="center",
                va="center_baseline",
                fontsize=8 if n > 5 else 10,
            )
    axes.set(xlim=(-0.5, n - 0.5), ylim=(n - 0.5, -0.5), aspect="equal")
    long = max(map(len, class_names)) > 3 and n > 3
    axes.set_xticks(
        range(n), class_names, rotation=45 if long else 0, ha="right" if long else "center"
    )
    if long:
        for label in axes.get_xticklabels():
            label.set_rotation_mode("anchor")
    axes.set_yticks(range(n), class_names)
    axes.tick_params(length=0, labelcolor=INK)
    axes.set(xlabel="predicted", ylabel="true")
    axes.spines[:].set_visible(False)


def plot_scores(axes: "Axes", scores: Sequence[ClassScore], class_names: Sequence[str]) -> None:
    """Draw each class's F1 on a bar from the lower of precision and recall to the higher."""
    rows = np.arange(len(scores))
    ends = np.array([(score.precision, score.recall) for score in scores])
    low, high = ends.min(axis=1), ends.max(axis=1)
    axes.barh(rows, high - low, left=low, height=0.32, color=LINE)
    for key, colour, marker in SCORES:
        axes.plot(
            *([getattr(score, key) for score in scores], rows, marker),
            color=colour,
            markersize=11 if marker == "|" else 5.5,
            markeredgewidth=2.2 if marker == "|" else 0.8,
            markeredgecolor=colour if marker == "|" else PAPER,
            label="F1" if key == "f1" else key,
            zorder=2 if marker == "|" else 3,
        )
    _scale_scores(axes, float(low.min()), class_names)


def plot_f1(
    axes: "Axes", scores: Sequence[Sequence[ClassScore]], class_names: Sequence[str]
) -> None:
    """Draw the F1 of each class, a dot for each of several models."""
    values = np.array([[score.f1 for score in model] for model in scores])
    rows = np.arange(len(class_names))
    low, high = values.min(axis=0), values.max(axis=0)
    axes.barh(rows, high - low, left=low, height=0.16, color=LINE)
    for row, colour in zip(values, MODELS, strict=False):
        axes.plot(row, rows, "o", color=colour, markersize=6, markeredgecolor=PAPER)
    _scale_scores(axes, float(low.min()), class_names)


def _scale_scores(axes: "Axes", lowest: float, class_names: Sequence[str]) -> None:
    span = max(1 - lowest, 0.01)
    axes.set_xlim(max(1 - 1.08 * span, -0.02), 1 + 0.04 * span)
    axes.set_ylim(len(class_names) - 0.4, -0.6)
    axes.set_yticks(range(len(class_names)), class_names)
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    _ticks(axes.xaxis, 5, share=True)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")


def plot_calibration(axes: "Axes", calibrations: Sequence[Calibration]) -> None:
    """Draw a reliability diagram: how often a network is right, by how sure it is.

    Of one network each bin has its 95 % interval; of several it would be in the way.
    """
    axes.plot([0, 1], [0, 1], ":", color=MUTED, linewidth=1.2)
    for calibration, colour in zip(calibrations, MODELS, strict=False):
        filled = calibration.counts > 0
        x, y = calibration.confidence[filled], calibration.accuracy[filled]
        if len(calibrations) == 1:
            pairs = zip(calibration.right[filled], calibration.counts[filled], strict=True)
            ends = np.array([wilson_interval(int(right), int(n)) for right, n in pairs])
            axes.vlines(x, ends[:, 0], ends[:, 1], color=colour, linewidth=5, alpha=0.25)
        axes.plot(x, y, "o-", color=colour, markersize=5)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.04), ylabel="how often it is right")
    for axis in (axes.xaxis, axes.yaxis):
        _ticks(axis, 6, share=True)
    axes.grid()


def plot_counts(axes: "Axes", calibration: Calibration) -> None:
    """Draw how many samples are in each bin, with the number above the bar."""
    edges, counts = calibration.edges, calibration.counts
    axes.bar(edges[:-1], counts, width=0.9 * np.diff(edges), align="edge", color=BLUE, alpha=0.45)
    for edge, width, count in zip(edges, np.diff(edges), counts, strict=False):
        text = f"{count:,}" if count < 10_000 else f"{count / 1000:.0f}k"
        axes.text(edge + 0.45 * width, count, text, ha="center", va="bottom", fontsize=7)
    axes.set_yticks([])
    axes.set_ylabel("samples")
    axes.set_ylim(0, 1.25 * counts.max())
    axes.spines["left"].set_visible(False)
