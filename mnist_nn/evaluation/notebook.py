"""How results show themselves in a notebook: tables and curves, in a light or a dark theme.

There are no scripts and no styles but colours; text takes the colour that it has around it.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .history import Curves, Metric, curves_of

if TYPE_CHECKING:
    from .metrics import Evaluation

BLUE, ORANGE = "44, 123, 229", "230, 126, 34"  # red, green, blue: seen on white and on black
MANY = 20  # classes: of more, each one is a row, and confusions are left out
WIDTH, HEIGHT, MARGIN, TOP = 340, 140, 46, 26  # of a chart


def evaluation_html(result: "Evaluation") -> str:
    """Write the accuracy, and a table with the scores and the confusions of each class."""
    low, high = result.interval
    class_names = result.class_names or tuple(map(str, range(len(result.confusion))))
    confused = class_names if len(class_names) <= MANY else ()
    head = "".join(f"<th>{escape(name)}</th>" for name in confused)
    rows: list[str] = []
    for name, counts, score in zip(class_names, result.confusion, result.per_class, strict=True):
        scores = "".join(f"<td>{v:.2%}</td>" for v in (score.precision, score.recall, score.f1))
        cells = "".join(_cell(counts, i, len(rows)) for i in range(len(confused)))
        rows.append(f"<tr><th>{escape(name)}</th>{cells}{scores}<td>{score.support:,}</td></tr>")
    note = "; each row counts what the samples of a class were taken for" if confused else ""
    return (
        f"<p><b>{result.accuracy:.2%}</b> of {result.samples:,} samples are right, 95 % interval "
        f"{low:.2%} to {high:.2%}; mean loss {result.loss:.4f}{note}</p>"
        f"<table><thead><tr><th>class</th>{head}<th>precision</th><th>recall</th><th>F1</th>"
        f"<th>samples</th></tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(counts: NDArray[np.intp], column: int, row: int) -> str:
    """Write a count, the stronger in colour the larger its share of its row."""
    share = counts[column] / max(counts.sum(), 1)
    if not share:
        return "<td></td>"
    colour, strength = (BLUE, 0.5 * share) if column == row else (ORANGE, min(0.1 + 4 * share, 0.7))
    return f'<td style="background: rgba({colour}, {strength:.2f})">{counts[column]:,}</td>'


def curves_html(history: Sequence[Any]) -> str:
    """Draw how loss and accuracy went, epoch by epoch; nothing if the history cannot be drawn."""
    try:
        curves = curves_of("", history)
    except ValueError:
        return ""
    if not history:
        return ""
    return _chart(curves, "loss", ".3f") + _chart(curves, "accuracy", ".1%")


def _chart(curves: Curves, metric: Metric, form: str) -> str:
    """Draw a metric as SVG: training in blue, validation in orange, the last values above."""
    lines = [("training", curves.training[metric], BLUE)]
    if metric in curves.validation:
        lines.append(("validation", curves.validation[metric], ORANGE))
    values = np.concatenate([line for _, line, _ in lines])
    low, high = np.nanmin(values), np.nanmax(values)
    drawn, names, said = [], "", []
    for name, line, colour in lines:
        points = " ".join(_points(line, low, high))
        drawn.append(f'<polyline fill="none" stroke="rgb({colour})" points="{points}"/>')
        last = f"{name} {line[-1]:{form}}"
        names += f'<tspan fill="rgb({colour})" dx="8">{last}</tspan>'
        said.append(last)
    right, bottom, n = WIDTH - MARGIN, HEIGHT - TOP, len(curves.epochs)
    return (
        f'<svg role="img" aria-label="{metric}: {", ".join(said)}" width="{WIDTH}" '
        f'height="{HEIGHT}" font-size="11" fill="currentColor" stroke-width="2">'
        f'<text x="{MARGIN}" y="14">{metric}{names}</text>{"".join(drawn)}'
        f'<path d="M{MARGIN},{bottom}H{right}" stroke="currentColor" stroke-width="1"/>'
        f'<text x="{right}" y="{bottom + 16}" text-anchor="end">epoch {n:,}</text>'
        f'<text x="{right + 3}" y="{TOP + 4}">{high:{form}}</text>'
        f'<text x="{right + 3}" y="{bottom}">{low:{form}}</text></svg>'
    )


def _points(line: NDArray[np.float64], low: float, high: float) -> Iterator[str]:
    """Place some of a line's values in a chart whose values are from low to high."""
    n = len(line)
    for i in np.unique(np.linspace(0, n - 1, min(n, WIDTH)).round().astype(int)):
        x = MARGIN + (WIDTH - 2 * MARGIN) * (i / max(n - 1, 1))
        y = TOP + (HEIGHT - 2 * TOP) * ((high - line[i]) / ((high - low) or 1))
        if np.isfinite(y):
            yield f"{x:.1f},{y:.1f}"
