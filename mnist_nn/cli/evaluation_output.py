"""What ``evaluate`` prints: tables and a summary, or the same facts as JSON."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from rich.cells import cell_len

from ..evaluation import Evaluation
from .guard import styled
from .tables import table

WIDTH = 80  # columns that a confusion matrix may take
MISTAKES = 20  # rows, instead of a matrix that is too wide


class Measured(NamedTuple):
    """The result of a model, or of several together, and how to tell it.

    `title` says what was measured on which samples, `calibrated` how good the probabilities are,
    and `members` is a row for each model that answered together with others: its name and its
    accuracy alone. `facts` are for JSON.
    """

    title: str
    result: Evaluation
    class_names: tuple[str, ...]
    calibrated: Sequence[str]
    facts: dict[str, Any]
    members: Sequence[tuple[str, str]] = ()


def to_json(measured: Measured) -> str:
    """Write a result as a JSON object."""
    result = measured.result
    rows = zip(measured.class_names, result.per_class, strict=True)
    return json.dumps(
        {
            "accuracy": result.accuracy,
            "accuracy_interval": result.interval,
            "loss": result.loss,
            "samples": result.samples,
            "per_class": [{"class": name} | asdict(score) for name, score in rows],
            "confusion_matrix": result.confusion.tolist(),
        }
        | measured.facts
    )


def to_text(measured: Measured) -> str:
    """Lay out a result; the summary comes last, where a terminal still shows it."""
    result = measured.result
    low, high = result.interval
    accuracy = styled(f"{result.accuracy:.2%}", sys.stdout, bold=True)
    members = table(("model", "accuracy alone"), measured.members)
    return "\n".join(
        [
            _tables(result, measured.class_names),
            *([f"{members}\n"] if measured.members else []),
            measured.title,
            *measured.calibrated,
            f"loss      {result.loss:.4f}",
            f"accuracy  {accuracy} (95 % interval {low:.2%} to {high:.2%})",
        ]
    )


def _tables(result: Evaluation, names: tuple[str, ...]) -> str:
    """Lay out the scores of each class and the confusion matrix.

    Where the names make the matrix too wide, its rows and columns have numbers instead; where there
    are too many of these, it is replaced by the most frequent mistakes.
    """
    numbers = tuple(map(str, range(len(names))))
    confusion = _matrix(result, names)
    if not _fits(confusion):
        confusion = _matrix(result, numbers)
        if _fits(confusion):
            names = tuple(f"{number} {name}" for number, name in zip(numbers, names, strict=True))
        else:
            confusion = _most_frequent(result, names)
    scores = [
        (
            name,
            *(f"{share:.2%}" for share in (row.precision, row.recall, row.f1)),
            f"{row.support:,}",
        )
        for name, row in zip(names, result.per_class, strict=True)
    ]
    return f"{table(('class', 'precision', 'recall', 'F1', 'support'), scores)}\n\n{confusion}\n"


def _matrix(result: Evaluation, names: tuple[str, ...]) -> str:
    """Lay out the confusion matrix."""
    counts = [[str(count or ".") for count in row] for row in result.confusion.tolist()]
    rows = [(name, *row) for name, row in zip(names, counts, strict=True)]
    return (
        "confusion matrix: a row for each true class, a column for each predicted one\n"
        f"{table(('', *names), rows)}"
    )


def _fits(text: str) -> bool:
    return max(map(cell_len, text.splitlines())) <= WIDTH


def _most_frequent(result: Evaluation, names: tuple[str, ...]) -> str:
    """Lay out the most frequent mistakes."""
    wrong = result.confusion * (1 - np.eye(len(names), dtype=np.intp))
    order = np.argsort(-wrong, axis=None, kind="stable")[:MISTAKES]
    pairs = [divmod(int(i), len(names)) for i in order]
    rows = [(names[t], names[p], f"{wrong[t, p]:,}") for t, p in pairs if wrong[t, p]]
    return (
        f"the most frequent mistakes (the confusion matrix of {len(names)} classes is in --json)\n"
        f"{table(('true', 'predicted', 'times'), rows)}"
    )
