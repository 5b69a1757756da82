"""Charts: a figure with plots, a file name, a title, and a description in words.

Matplotlib is needed here: call `palette.require_matplotlib` first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from ..data import Samples
from . import plots
from .boundary import Plane
from .evaluated_model import EvaluatedModel
from .history import METRICS, Curves, Metric
from .image_grid import drawn_size, thinned
from .metrics import Reliability
from .palette import INK, MODELS, MUTED, style

WIDTH = 4.4  # inches of 72 points: on a phone such a chart's text has about its nominal size
MAX_MISTAKES = 24
MAX_UNITS = 64
LETTERS = 70  # side by side over the pictures of weights
MAX_NAME = 32  # characters of a model's name in a legend
MAX_LABEL = 20  # characters of a class's name
MANY = 16  # classes: of more, charts are drawn smaller, and not all are described in words
WORST = 5  # classes, of many, whose scores are described in words
LARGEST = 11.5  # inches of a confusion matrix


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart, to be written by `render.svg` or `render.png`.

    `name` is that of its file, without a suffix; the title has the number that matters most, the
    description is the alternative text.
    """

    name: str
    title: str
    description: str
    figure: Figure


def new_figure(height: float, width: float = WIDTH) -> Figure:
    """Make a figure of a size in inches, whose parts find their places by themselves."""
    figure = Figure((width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    return figure


def draw_curve(run: Curves, metric: Metric) -> Chart:
    """Draw the loss or the accuracy of one run."""
    with style():
        figure = new_figure(2.8)
        axes = figure.add_subplot()
        plots.plot_curves(axes, [run], metric)
        axes.legend()
    return Chart(metric, f"{metric} by epoch", _describe_curve(run, metric), figure)


def draw_curves(runs: Sequence[Curves]) -> Chart:
    """Draw loss and accuracy of one run or of several, side by side."""
    with style():
        figure = new_figure(3.4, 2 * WIDTH)
        both: Any = figure.subplots(1, 2)
        for axes, metric in zip(both, METRICS, strict=True):
            plots.plot_curves(axes, runs, metric)
        handles = both[0].get_legend_handles_labels() if len(runs) == 1 else _curves_legend(runs)
        figure.legend(*handles, loc="outside lower center", ncols=min(len(handles[0]), 4))
    texts = [f"{run.name}: {_describe_curve(run, metric)}" for run in runs for metric in METRICS]
    return Chart("curves", "Learning curves", " ".join(texts), figure)


def _describe_curve(run: Curves, metric: Metric) -> str:
    form = ".2%" if metric == "accuracy" else ".4f"
    parts = [
        f"{part} {metric} from {values[metric][0]:{form}} to {values[metric][-1]:{form}}"
        for part, values in (("training", run.training), ("validation", run.validation))
        if values
    ]
    n = len(run.epochs)
    kept = f"; the model is of epoch {run.kept:,}" if run.kept else ""
    return f"{n:,} {'epoch' if n == 1 else 'epochs'}: {', '.join(parts)}{kept}."


def _curves_legend(runs: Sequence[Curves]) -> tuple[list[Line2D], list[str]]:
    """Explain the colours and the lines of several runs."""
    handles, labels = _models_legend([run.name for run in runs])
    handles.append(Line2D([], [], color=MUTED, linestyle="--", linewidth=1.1))
    labels.append("training")
    if any(run.validation for run in runs):
        handles.append(Line2D([], [], color=MUTED))
        labels.append("validation")
    if any(run.kept for run in runs):
        ring: dict[str, Any] = {"markerfacecolor": "none", "markeredgecolor": INK, "markersize": 9}
        handles.append(Line2D([], [], linestyle="", marker="o", **ring))
        labels.append("kept")
    return handles, labels


def _models_legend(names: Sequence[str]) -> tuple[list[Line2D], list[str]]:
    """Give each model its colour in a legend."""
    lines = [Line2D([], [], color=colour) for _, colour in zip(names, MODELS, strict=False)]
    return lines, [_short(name) for name in names]


def _short(name: str) -> str:
    """Cut the beginning of a long name; a leading _ would keep it out of a legend."""
    name = "".join(c if c.isprintable() else "?" for c in name)
    name = name if len(name) <= MAX_NAME else f"…{name[1 - MAX_NAME :]}"
    return f" {name}" if name.startswith("_") else name


def _labels(names: Sequence[str], most: int = MAX_LABEL) -> list[str]:
    """Cut the ends of long names of classes."""
    return [name if len(name) <= most else f"{name[: most - 1]}…" for name in names]


def draw_confusion(model: EvaluatedModel) -> Chart:
    """Draw the confusion matrix."""
    matrix, names = model.result.confusion, model.class_names
    n, labels = len(names), _labels(names)
    cell = 0.36 if n <= MANY else min(0.19, LARGEST / n)  # inches
    size = (3.2, 3.6) if n <= 4 else (max(WIDTH, 0.8 + cell * n),) * 2
    room = max(0.0, max(map(len, labels)) - 10) * 0.07
    with style():
        figure = new_figure(size[0] + room, size[1] + room)
        axes = figure.add_subplot()
        if n <= MANY:
            plots.plot_confusion(axes, matrix, labels)
        else:
            plots.plot_large_confusion(axes, matrix, labels, 72 * cell)
    wrong = matrix * (1 - np.eye(len(matrix), dtype=np.intp))
    top = np.argsort(-wrong, axis=None, kind="stable")[:3]
    pairs = [divmod(int(i), len(matrix)) for i in top]
    most = [f"{names[t]} as {names[p]} ({wrong[t, p]:,} times)" for t, p in pairs if wrong[t, p]]
    text = f"{int(np.trace(matrix)):,} of {model.result.samples:,} are predicted correctly."
    if most:
        text += f" The most frequent mistakes: {', '.join(most)}."
    return Chart("confusion", f"{model.result.accuracy:.2%} of {model.where}", text, figure)


def draw_scores(models: Sequence[EvaluatedModel]) -> Chart:
    """Draw all scores of each class of one model, or the F1 of several with the same classes."""
    single = len(models) == 1
    names = models[0].class_names
    with style():
        figure = new_figure(1.2 + (0.36 if len(names) <= MANY else 0.2) * len(names))
        axes = figure.add_subplot()
        if single:
            plots.plot_scores(axes, models[0].result.per_class, _labels(names))
            handles: Any = axes.get_legend_handles_labels()
        else:
            plots.plot_f1(axes, [model.result.per_class for model in models], _labels(names))
            axes.set_xlabel("F1")
            handles = _models_legend([model.name for model in models])
        figure.legend(*handles, loc="outside lower center", ncols=3 if single else 2)
    texts = []
    for model in models:
        rows = list(zip(names, model.result.per_class, strict=True))
        heading = "Precision, recall and F1" if single else f"F1 of {model.name}"
        if len(rows) > MANY:
            rows = sorted(rows, key=lambda row: row[1].f1)[:WORST]
            heading += f", the lowest {WORST} of {len(names)} classes"
        scores = [
            f"{name} {score.precision:.2%}, {score.recall:.2%}, {score.f1:.2%}"
            if single
            else f"{name} {score.f1:.2%}"
            for name, score in rows
        ]
        texts.append(f"{heading}: {('; ' if single else ', ').join(scores)}.")
    title = "Precision, recall and F1 by class" if single else "F1 by class"
    return Chart("classes", title, " ".join(texts), figure)


def draw_calibration(models: Sequence[EvaluatedModel]) -> Chart | None:
    """Draw accuracy by confidence, of one model also before calibration.

    None if no model's outputs are probabilities.
    """
    known = [(model.name, model.reliability) for model in models if model.reliability]
    if not known:
        return None
    reliabilities = [reliability for _, reliability in known]
    before = models[0].reliability_before if len(models) == 1 else None
    title = "Calibration"
    with style():
        figure = new_figure(4.2)
        if len(known) == 1:
            title = f"Expected calibration error {reliabilities[0].error:.2%}"
            upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
            plots.plot_counts(lower, reliabilities[0])
        else:
            upper = lower = figure.add_subplot()
            handles = _models_legend([name for name, _ in known])
            figure.legend(*handles, loc="outside lower center", ncols=2)
        plots.plot_calibration(upper, reliabilities, before)
        lower.set_xlabel("confidence")
    texts = [f"{name}: {_describe_calibration(reliability)}" for name, reliability in known]
    if before:
        texts.append(f"Before calibration the error was {before.error:.2%}.")
    return Chart("calibration", title, " ".join(texts), figure)


def _describe_calibration(reliability: Reliability) -> str:
    columns = reliability.confidence, reliability.accuracy, reliability.counts
    bins = [
        f"confidence {confidence:.1%}, accuracy {accuracy:.1%} ({n:,} samples)"
        for confidence, accuracy, n in zip(*columns, strict=True)
        if n
    ]
    return f"Expected calibration error {reliability.error:.2%}. By bin: {'; '.join(bins)}."


def draw_mistakes(model: EvaluatedModel) -> Chart | None:
    """Draw the images of the most confident mistakes; None without mistakes or images."""
    mistakes = model.worst_mistakes(MAX_MISTAKES)
    if not len(mistakes) or model.image_shape is None:
        return None
    names, predictions = model.class_names, model.predictions
    labels, trues, predicted = _labels(names, 16), model.samples.y, predictions.predicted
    longest = max(map(len, labels))
    between = "\nread as " if longest > 12 else " read as "
    captions = [
        f"{labels[trues[i]]}{between}{labels[predicted[i]]}\n{predictions.confidence_text(i)}"
        for i in mistakes
    ]
    columns = min(4 if longest > 3 else 6, len(mistakes))
    with style():
        cell = 1.6 if longest > 3 else 1.15  # inches
        images = model.samples.x[mistakes].reshape(-1, *model.image_shape)
        rows = math.ceil(len(mistakes) / columns)
        height, width = plots.mistake_size(model.image_shape, captions)
        figure = new_figure(cell * rows * height / width, cell * columns)
        plots.plot_mistakes(figure.add_subplot(), thinned(images), captions, columns)
    description = "; ".join(
        f"{names[trues[i]]} read as {names[predicted[i]]}, {predictions.confidence_text(i)}"
        for i in mistakes
    )
    return Chart("mistakes", "The most confident mistakes", description, figure)


def draw_weights(model: EvaluatedModel) -> Chart | None:
    """Draw the first layer's weights; None if the inputs are not images."""
    if model.image_shape is None:
        return None
    units = model.strongest_units(MAX_UNITS)
    outputs = len(model.network.dense) == 1 and model.network.sizes[-1] > 1
    labels = _labels(model.class_names)
    captions = [labels[unit] for unit in units] if outputs else []
    weights = thinned(model.first_weights(units).reshape(-1, *model.image_shape))
    height, width = drawn_size(model.image_shape)
    columns = math.ceil(math.sqrt(len(units) * height / width * (2 if outputs else 1)))
    rows = math.ceil(len(units) / columns)
    captions = [caption[: LETTERS // columns] for caption in captions]
    if len(set(captions)) < len(captions):  # their beginnings say nothing
        captions = []
    with style():
        figure = new_figure(WIDTH * rows / columns * height / width)
        axes = figure.add_subplot()
        scale = plots.plot_weights(axes, weights, columns, captions)
    n = model.network.sizes[1]
    chosen = f"the {len(units)} of {n:,} units that matter most" if n > len(units) else "each unit"
    text = (
        f"Weights from each pixel to {chosen} in the first layer: positive in orange, negative in "
        f"blue; full colour is ±{scale:.3g}."
    )
    return Chart("weights", f"First layer's weights, full colour ±{scale:.3g}", text, figure)


def draw_boundary(
    model: EvaluatedModel,
    parts: Sequence[Samples],
    field: NDArray[np.float64] | None = None,
    title: str | None = None,
) -> Chart | None:
    """Draw the decision boundary of two inputs and two classes; None for any other network.

    `field` is what `Plane.outputs` returned for another network, to be drawn instead of the
    model's own; the title is otherwise the accuracy.
    """
    if model.network.sizes[0] != 2 or len(model.class_names) != 2:
        return None
    plane = Plane.around(np.concatenate([samples.x for samples in parts]))
    with style():
        figure = new_figure(3.3)
        axes = figure.add_subplot()
        own = plane.outputs(model.network) if field is None else field
        plots.plot_boundary(axes, plane, own, parts, [_short(name) for name in model.class_names])
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    names, fraction = model.class_names, float(np.mean(own > 0.5))
    accuracy = f"{model.result.accuracy:.2%} of {model.where}"
    text = (
        f"{fraction:.0%} of this part of the plane is predicted as {names[1]}, the rest as "
        f"{names[0]}; {accuracy} are on the right side."
    )
    return Chart("boundary", title or f"{accuracy} on the right side", text, figure)
