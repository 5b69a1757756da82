"""A chart is a figure with plots on it, a name for its file, and the same in words.

Matplotlib is needed here: ask `palette.require_matplotlib` first.
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
from . import alt_text, pictures, plots
from .boundary import Plane
from .calibration import Calibration
from .evaluated_model import EvaluatedModel
from .history import Curves, Metric
from .palette import INK, MODELS, MUTED, style

WIDTH = 4.4  # inches of 72 points: on a phone such a chart's text is about its nominal size
MAX_MISTAKES = 24
MAX_UNITS = 64
LONGEST = 32  # characters of a model's name in a legend


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart.

    Attributes
    ----------
    name
        Of its file, without an ending.
    title
        What it shows, and the number that matters most.
    description
        The same in words, with the numbers that matter.
    figure
        To be written with `render.svg` or `render.png`.
    """

    name: str
    title: str
    description: str
    figure: Figure


def _figure(height: float, width: float = WIDTH) -> Figure:
    sheet = Figure((width, height), layout="constrained")
    sheet.get_layout_engine().set(w_pad=0.08, h_pad=0.08)  # type: ignore[union-attr, call-arg]
    return sheet


def draw_curve(run: Curves, figure: Metric) -> Chart:
    """Draw one run's loss or accuracy."""
    with style():
        sheet = _figure(2.8)
        axes = sheet.add_subplot()
        plots.plot_curves(axes, [run], figure)
        axes.legend()
    return Chart(figure, f"{figure} by epoch", alt_text.of_curves(run, figure), sheet)


def draw_curves(runs: Sequence[Curves]) -> Chart:
    """Draw the loss and the accuracy of one run or of several, side by side."""
    with style():
        sheet = _figure(3.4, 2 * WIDTH)
        both: Any = sheet.subplots(1, 2)
        for axes, figure in zip(both, runs[0].training, strict=True):
            plots.plot_curves(axes, runs, figure)
        handles = both[0].get_legend_handles_labels() if len(runs) == 1 else _key(runs)
        sheet.legend(*handles, loc="outside lower center", ncols=min(len(handles[0]), 4))
    said = [
        f"{run.name}: {alt_text.of_curves(run, figure)}" for run in runs for figure in run.training
    ]
    return Chart("curves", "Learning curves", " ".join(said), sheet)


def _key(runs: Sequence[Curves]) -> tuple[list[Line2D], list[str]]:
    """Explain the colours and the lines of several runs."""
    handles, labels = _colours([run.name for run in runs])
    held_out = any(run.validation for run in runs)
    handles.append(Line2D([], [], color=MUTED, linestyle="--", linewidth=1.1))
    labels.append("training")
    if held_out:
        handles.append(Line2D([], [], color=MUTED))
        labels.append("validation")
    if any(run.kept for run in runs):
        ring = {"markerfacecolor": "none", "markeredgecolor": INK, "markersize": 9}
        handles.append(Line2D([], [], linestyle="", marker="o", **ring))  # type: ignore[arg-type]
        labels.append("kept")
    return handles, labels


def _colours(names: Sequence[str]) -> tuple[list[Line2D], list[str]]:
    """Give each model its colour in a legend."""
    lines = [Line2D([], [], color=colour) for _, colour in zip(names, MODELS, strict=False)]
    return lines, [_short(name) for name in names]


def _short(name: str) -> str:
    """Cut a name, which may be a path, at its beginning; matplotlib hides what begins with _."""
    name = "".join(c if c.isprintable() else "?" for c in name)
    name = name if len(name) <= LONGEST else f"…{name[1 - LONGEST :]}"
    return f" {name}" if name.startswith("_") else name


def draw_confusion(model: EvaluatedModel) -> Chart:
    """Draw the confusion matrix."""
    with style():
        n = len(model.class_names)
        sheet = _figure(WIDTH if n > 4 else 3.2, WIDTH if n > 4 else 3.6)
        plots.plot_confusion(sheet.add_subplot(), model.result.confusion, model.class_names)
    return Chart(
        "confusion",
        f"{model.result.accuracy:.2%} of {model.where}",
        alt_text.of_confusion(model),
        sheet,
    )


def draw_scores(models: Sequence[EvaluatedModel]) -> Chart:
    """Draw each class's scores: of one model all three, of several, of the same classes, F1."""
    names = models[0].class_names
    with style():
        sheet = _figure(1.2 + 0.36 * len(names))
        axes = sheet.add_subplot()
        if len(models) == 1:
            plots.plot_scores(axes, models[0].result.per_class, names)
            handles: Any = axes.get_legend_handles_labels()
        else:
            plots.plot_f1(axes, [model.result.per_class for model in models], names)
            axes.set_xlabel("F1")
            handles = _colours([model.name for model in models])
        sheet.legend(*handles, loc="outside lower center", ncols=3 if len(models) == 1 else 2)
    said = alt_text.of_scores(models[0]) if len(models) == 1 else alt_text.of_f1(models)
    title = "Precision, recall and F1 by class" if len(models) == 1 else "F1 by class"
    return Chart("classes", title, said, sheet)


def draw_calibration(models: Sequence[EvaluatedModel]) -> Chart | None:
    """Draw how far models can be believed; None if nobody claims to be sure of anything."""
    known: list[tuple[EvaluatedModel, Calibration]] = [
        (model, model.calibration) for model in models if model.calibration
    ]
    if not known:
        return None
    calibrations = [calibration for _, calibration in known]
    with style():
        sheet = _figure(4.2)
        if len(known) == 1:
            upper, lower = sheet.subplots(2, 1, sharex=True, height_ratios=[3, 1])
            plots.plot_counts(lower, calibrations[0])
        else:
            upper = lower = sheet.add_subplot()
            handles = _colours([model.name for model, _ in known])
            sheet.legend(*handles, loc="outside lower center", ncols=2)
        plots.plot_calibration(upper, calibrations)
        lower.set_xlabel("how sure it is")
    said = [f"{model.name}: {alt_text.of_calibration(own)}" for model, own in known]
    title = "Calibration"
    if len(known) == 1:
        title = f"Expected calibration error {calibrations[0].error:.2%}"
    return Chart("calibration", title, " ".join(said), sheet)


def draw_mistakes(model: EvaluatedModel) -> Chart | None:
    """Draw the mistakes that a reader of images was surest of; None if there is none."""
    mistakes = model.worst_mistakes(MAX_MISTAKES)
    if not len(mistakes) or model.image_shape is None:
        return None
    names, found = model.class_names, model.predictions
    captions = [
        f"{names[model.samples.y[i]]} read as {names[found.predicted[i]]}\n"
        f"{found.confidence_text(i)}"
        for i in mistakes
    ]
    long = max(map(len, names)) > 3
    columns = min(4 if long else 6, len(mistakes))
    with style():
        cell = 1.6 if long else 1.15  # inches
        sheet = _figure(cell * 1.28 * math.ceil(len(mistakes) / columns), cell * columns)
        shown = model.samples.x[mistakes].reshape(-1, *model.image_shape)
        pictures.plot_mistakes(sheet.add_subplot(), shown, captions, columns)
    said = alt_text.of_mistakes(model, list(mistakes))
    return Chart("mistakes", "The mistakes it was surest of", said, sheet)


def draw_weights(model: EvaluatedModel) -> Chart | None:
    """Draw the first layer's weights of a reader of images; None of any other."""
    if model.image_shape is None:
        return None
    units = model.strongest_units(MAX_UNITS)
    outputs = len(model.network.dense) == 1 and model.network.sizes[-1] > 1
    captions = [model.class_names[unit] for unit in units] if outputs else []
    columns = 5 if outputs else math.ceil(math.sqrt(len(units)))
    rows = math.ceil(len(units) / columns)
    with style():
        sheet = _figure(WIDTH * rows / columns)
        axes = sheet.add_subplot()
        weights = model.first_weights(units).reshape(-1, *model.image_shape)
        scale = pictures.plot_weights(axes, weights, columns, captions)
    n = model.network.sizes[1]
    chosen = f"the {len(units)} of {n:,} units that matter most" if n > len(units) else "each unit"
    said = (
        f"The weights from each pixel to {chosen} in the first layer. "
        f"Orange speaks for a unit, blue against it; full colour is ±{scale:.3g}."
    )
    return Chart("weights", f"First layer's weights, full colour ±{scale:.3g}", said, sheet)


def draw_boundary(
    model: EvaluatedModel,
    parts: Sequence[Samples],
    field: NDArray[np.float64] | None = None,
    title: str | None = None,
) -> Chart | None:
    """Draw where a reader of two numbers changes its mind; None of any other.

    `field` is what `Plane.read` gave for another network, to be drawn instead of the model's own;
    the title is otherwise how many samples are on their own side.
    """
    if model.network.sizes[0] != 2 or len(model.class_names) != 2:
        return None
    plane = Plane.around(np.concatenate([samples.x for samples in parts]))
    with style():
        sheet = _figure(3.3)
        axes = sheet.add_subplot()
        own = plane.read(model.network) if field is None else field
        pictures.plot_boundary(axes, plane, own, parts, model.class_names)
        sheet.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    names, share = model.class_names, float(np.mean(own > 0.5))
    said = (
        f"It takes {share:.0%} of this part of the plane for {names[1]} and the rest for "
        f"{names[0]}; {model.result.accuracy:.2%} of {model.where} are on their own side."
    )
    title = title or f"{model.result.accuracy:.2%} of {model.where} on their own side"
    return Chart("boundary", title, said, sheet)
