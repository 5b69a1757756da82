"""A report is one HTML file with all that is known of a model: no network, no programs in it."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from string import Template

from ..data import Samples
from . import charts
from .charts import MAX_MISTAKES, Chart
from .evaluated_model import EvaluatedModel
from .render import image_png, svg

Facts = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from.

    Attributes
    ----------
    facts
        Pairs of a name and a value: versions, hashes, seed and so on.
    config
        As YAML.
    """

    facts: Facts
    config: str


def write_report(model: EvaluatedModel, parts: Sequence[Samples], provenance: Provenance) -> bytes:
    """Write the report of a model as an HTML file; the same for the same model."""
    result, (low, high) = model.result, model.result.interval
    wrong = result.samples - round(result.accuracy * result.samples)
    calibration = model.calibration
    tiles = [
        ("accuracy", f"{result.accuracy:.2%}", f"95 % interval {low:.2%} to {high:.2%}"),
        ("mistakes", f"{wrong:,}", f"of {result.samples:,} samples"),
        ("loss", f"{result.loss:.4f}", "mean over the samples"),
    ]
    if calibration:
        error = f"{calibration.error:.2%}"
        tiles.append(("calibration error", error, "between sure and right"))
    sections = [_training(model), _boundary(model, parts), _confusion(model)]
    sections += [_mistakes(model), _calibration(model), _weights(model)]
    page = Template(_text("report.html")).substitute(
        title=escape(model.name),
        style=_text("report.css"),
        where=escape(model.where),
        tiles="\n".join(map(_tile, tiles)),
        sections="\n".join(filter(None, sections)),
        facts=_facts(provenance.facts),
        config=escape(provenance.config),
    )
    return page.encode("utf-8", "replace")  # a file's name need not be text


def _text(name: str) -> str:
    return (files(__package__) / name).read_text("utf-8")


def _tile(tile: tuple[str, str, str]) -> str:
    name, value, more = map(escape, tile)
    return f"<div><dt>{name}</dt><dd><strong>{value}</strong> <span>{more}</span></dd></div>"


def _facts(facts: Facts) -> str:
    return "\n".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in facts)


def _section(heading: str, note: str, *content: str, wide: bool = False) -> str:
    kind = "card wide" if wide else "card"
    body = "\n".join(content)
    return (
        f'<section class="{kind}">\n<h2>{escape(heading)}</h2>\n<p>{escape(note)}</p>\n'
        f"{body}\n</section>"
    )


def _training(model: EvaluatedModel) -> str:
    run = model.curves
    if run is None:
        return _section("Training", "The model has no history of its training.", wide=True)
    kept = f" Early stopping kept epoch {run.kept:,}." if run.kept else ""
    pair = "".join(svg(charts.draw_curve(run, figure), themed=True) for figure in run.training)
    n = len(run.epochs)
    note = f"{n:,} {'epoch' if n == 1 else 'epochs'} of training.{kept}"
    return _section("Learning curves", note, f'<div class="pair">{pair}</div>', wide=True)


def _chart(heading: str, note: str, chart: Chart | None, *more: str) -> str:
    """Make a section of a chart, if there is one."""
    return _section(heading, note, svg(chart, themed=True), *more) if chart else ""


def _boundary(model: EvaluatedModel, parts: Sequence[Samples]) -> str:
    note = "What it takes each point of the plane for. Samples it did not learn from are larger."
    return _chart("Decision boundary", note, charts.draw_boundary(model, parts))


def _confusion(model: EvaluatedModel) -> str:
    note = "Right in blue, mistakes in orange, each the stronger the more there are."
    matrix = _chart("Confusion matrix", note, charts.draw_confusion(model))
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
        "Precision: of those predicted as it. Recall: of those that are. F1: between the two. "
        "The axis does not begin at 0."
    )
    return f"{matrix}\n{_chart('By class', note, charts.draw_scores([model]), table)}"


def _mistakes(model: EvaluatedModel) -> str:
    """Show the mistakes that it was surest of: as images, or as numbers where there are none."""
    heading = "The mistakes it was surest of"
    mistakes = model.worst_mistakes(MAX_MISTAKES)
    if not len(mistakes):
        return _section(heading, f"There is none in {model.where}.", wide=True)
    names, found, items = model.class_names, model.predictions, []
    for i in mistakes:
        true, predicted = names[model.samples.y[i]], names[found.predicted[i]]
        said = f"{true} read as {predicted}, {found.confidence_text(i)}"
        shown = f"({', '.join(f'{value:.3g}' for value in model.samples.x[i])})"
        if model.image_shape:
            image = model.samples.x[i].reshape(model.image_shape)
            blob = base64.b64encode(image_png(image)).decode()
            shown = f'<img alt="{escape(said)}" src="data:image/png;base64,{blob}">'
        items.append(
            f"<figure>{shown}<figcaption><b>{escape(true)}</b> read as <b>{escape(predicted)}</b>"
            f"<span>{escape(found.confidence_text(i))}</span><span>no. {i}</span>"
            "</figcaption></figure>"
        )
    note = "What each is, what it was read as, how sure the network was, and its number, from 0."
    kind = "mistakes" if model.image_shape else "mistakes numbers"
    return _section(heading, note, f'<div class="{kind}">{"".join(items)}</div>', wide=True)


def _calibration(model: EvaluatedModel) -> str:
    chart = charts.draw_calibration([model])
    if chart is None or model.calibration is None:
        activation = model.network.output.name
        note = f"The outputs of its last layer ({activation}) are no probabilities."
        return _section("Calibration", note)
    note = (
        "Is it right as often as it is sure? On the dotted line it would be. Bars: 95 % intervals. "
        f"Expected calibration error: {model.calibration.error:.2%}."
    )
    return _chart("Calibration", note, chart)


def _weights(model: EvaluatedModel) -> str:
    chart = charts.draw_weights(model)
    return _chart("First layer’s weights", chart.description if chart else "", chart)
