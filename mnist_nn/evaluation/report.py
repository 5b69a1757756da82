"""Report of a model as one HTML file; it loads nothing and runs no scripts."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

from ..data import Samples
from . import charts
from .charts import Chart
from .evaluated_model import EvaluatedModel
from .history import METRICS
from .image_grid import drawn_size, thinned
from .metrics import Reliability
from .render import image_png, svg

MAX_VALUES = 16  # of a sample that is no image
IMAGE_SIDE = 84  # pixels of the screen: three times 28

Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Provenance:
    """Origin of a model: names and values (versions, hashes, seed, …), and its config as YAML."""

    facts: Facts
    config: str


def write_report(model: EvaluatedModel, parts: Sequence[Samples], provenance: Provenance) -> bytes:
    """Return the report of a model as HTML; the same for the same model."""
    result, (low, high) = model.result, model.result.interval
    wrong = result.samples - round(result.accuracy * result.samples)
    tiles = [
        ("accuracy", f"{result.accuracy:.2%}", f"95 % interval {low:.2%} to {high:.2%}"),
        ("mistakes", f"{wrong:,}", f"of {result.samples:,} samples"),
        ("loss", f"{result.loss:.4f}", "mean over the samples"),
    ]
    if model.reliability:
        note = "between confidence and accuracy"
        if model.reliability_before:
            note += f", {model.reliability_before.error:.2%} before calibration"
        tiles.append(("calibration error", f"{model.reliability.error:.2%}", note))
    sections = [
        _training(model),
        _boundary(model, parts),
        _confusion(model),
        _scores(model),
        _mistakes(model),
        _calibration(model),
        _weights(model),
    ]
    page = Template(_text("report.html")).substitute(
        title=escape(model.name),
        style=_text("report.css"),
        where=escape(model.where),
        tiles="\n".join(map(_tile, tiles)),
        sections="\n".join(filter(None, sections)),
        facts=_facts(provenance.facts),
        config=escape(provenance.config),
    )
    return page.encode("utf-8", "replace")  # the name of a file need not be text


def _text(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


def _tile(tile: tuple[str, str, str]) -> str:
    name, value, note = map(escape, tile)
    return f"<div><dt>{name}</dt><dd><strong>{value}</strong> <span>{note}</span></dd></div>"


def _facts(facts: Facts) -> str:
    return "\n".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)


def _section(heading: str, note: str, *content: str, wide: bool = False) -> str:
    kind = "card wide" if wide else "card"
    body = "\n".join(content)
    return (
        f'<section class="{kind}">\n<h2>{escape(heading)}</h2>\n<p>{escape(note)}</p>\n'
        f"{body}\n</section>"
    )


def _chart(heading: str, note: str, chart: Chart | None, *more: str, wide: bool = False) -> str:
    """Make a section of a chart, if there is one."""
    return _section(heading, note, svg(chart, themed=True), *more, wide=wide) if chart else ""


def _training(model: EvaluatedModel) -> str:
    run = model.curves
    if run is None:
        return _section("Training", "The model has no training history.", wide=True)
    kept = f" Early stopping kept epoch {run.kept:,}." if run.kept else ""
    pair = "".join(svg(charts.draw_curve(run, metric), themed=True) for metric in METRICS)
    n = len(run.epochs)
    note = f"{n:,} {'epoch' if n == 1 else 'epochs'} of training.{kept}"
    return _section("Learning curves", note, f'<div class="pair">{pair}</div>', wide=True)


def _boundary(model: EvaluatedModel, parts: Sequence[Samples]) -> str:
    note = "Predicted class of each point of the plane. Samples outside of training are larger."
    return _chart("Decision boundary", note, charts.draw_boundary(model, parts))


def _confusion(model: EvaluatedModel) -> str:
    note = "Correct predictions in blue, mistakes in orange; the more there are, the stronger."
    many = len(model.class_names) > charts.MANY
    return _chart("Confusion matrix", note, charts.draw_confusion(model), wide=many)


def _scores(model: EvaluatedModel) -> str:
    """Show precision, recall and F1 by class, as a chart and as a table."""
    rows = "".join(
        f"<tr><th scope=row>{escape(name)}</th><td>{score.precision:.2%}</td>"
        f"<td>{score.recall:.2%}</td><td>{score.f1:.2%}</td><td>{score.support:,}</td></tr>"
        for name, score in zip(model.class_names, model.result.per_class, strict=True)
    )
    table = (
        "<details><summary>The numbers</summary><div class=scroll><table><thead><tr>"
        "<th scope=col>class</th><th scope=col>precision</th><th scope=col>recall</th>"
        f"<th scope=col>F1</th><th scope=col>support</th></tr></thead><tbody>{rows}</tbody>"
        "</table></div></details>"
    )
    note = (
        "Precision: correct among those predicted as the class. Recall: correct among those of the "
        "class. F1: their harmonic mean. The axis does not begin at 0."
    )
    return _chart("By class", note, charts.draw_scores([model]), table)


def _mistakes(model: EvaluatedModel) -> str:
    """Show the most confident mistakes, as images or, where there are none, as numbers."""
    heading = "Most confident mistakes"
    mistakes = model.worst_mistakes(charts.MAX_MISTAKES)
    if not len(mistakes):
        return _section(heading, f"There are none in {model.where}.", wide=True)
    note = "The true class, the predicted one, the confidence, and the sample's number from 0."
    items = "".join(_mistake(model, int(i)) for i in mistakes)
    kind = "mistakes" if model.image_shape else "mistakes numbers"
    return _section(heading, note, f'<div class="{kind}">{items}</div>', wide=True)


def _mistake(model: EvaluatedModel, i: int) -> str:
    x = model.samples.x[i]
    true = escape(model.class_names[model.samples.y[i]])
    predicted = escape(model.class_names[model.predictions.predicted[i]])
    confidence = escape(model.predictions.confidence_text(i))
    more = ", …" if len(x) > MAX_VALUES else ""
    shown = f"({', '.join(f'{value:.3g}' for value in x[:MAX_VALUES])}{more})"
    if model.image_shape:
        (image,) = thinned(x.reshape(1, *model.image_shape))
        blob = base64.b64encode(image_png(image)).decode()
        height, width = (round(IMAGE_SIDE * side) for side in drawn_size(model.image_shape))
        text = f"{true} read as {predicted}, {confidence}"
        shown = (
            f'<img alt="{text}" width="{width}" height="{height}" '
            f'src="data:image/png;base64,{blob}">'
        )
    return (
        f"<figure>{shown}<figcaption><b>{true}</b> read as <b>{predicted}</b>"
        f"<span>{confidence}</span><span>no. {i}</span></figcaption></figure>"
    )


def _calibration(model: EvaluatedModel) -> str:
    if model.reliability is None:
        activation = model.network.output.name
        note = f"The outputs of the last layer ({activation}) are not probabilities."
        return _section("Calibration", note)
    note = (
        "Accuracy by confidence, with 95 % intervals; a calibrated network is on the dotted line. "
        f"{_effect(model, model.reliability)}"
    )
    return _chart("Calibration", note, charts.draw_calibration([model]))


def _effect(model: EvaluatedModel, after: Reliability) -> str:
    """Say what calibration has changed, and how much of the samples is answered."""
    error = f"Expected calibration error: {after.error:.2%}"
    before, calibration, known = model.reliability_before, model.calibration, model.answers.known
    if before is None or calibration is None:
        return f"{error}. There were no validation samples to calibrate on."
    t = calibration.temperature
    was, now = model.cross_entropy(1), model.cross_entropy(t)
    text = (
        f"{error}, {before.error:.2%} before logits are divided by the temperature {t:.3g}, which "
        f"was fitted on validation samples; cross-entropy: {now:.4f}, {was:.4f} before. "
        f"{known.mean():.2%} of the samples are answered"
    )
    return text + (f", {model.right[known].mean():.2%} of them right." if known.any() else ".")


def _weights(model: EvaluatedModel) -> str:
    chart = charts.draw_weights(model)
    return _chart("First layer’s weights", chart.description if chart else "", chart)
