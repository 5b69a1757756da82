"""Layout of predictions as text: a single picture, a row for each of many, or lines of digits."""

import sys
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from rich.cells import cell_len

from ..errors import escaped
from .guard import styled
from .predictions import UNKNOWN
from .tables import Columns, table

MOST = 30  # classes of a single image: the most likely ones
CANDIDATES = 3  # classes in a row of the table: the most likely ones


class Layout(Protocol):
    """Lays records of predictions out as text, in their order."""

    def text(self, record: dict[str, Any]) -> str:
        """Lay out one record."""
        ...


class ClassesLayout:
    """All classes of a single sample; `kind` is ``probability`` or ``output``."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def text(self, record: dict[str, Any]) -> str:
        """Lay out the answer, and a table of the classes."""
        ranked = list(_ranked(record, self._kind))
        classes = table(("class", self._kind), ranked[:MOST])
        more = f"\n and {len(ranked) - MOST} more" if len(ranked) > MOST else ""
        answer = _bold(record["class"] if record["known"] else UNKNOWN)
        return f"{escaped(record['file'])}: {answer}\n\n{classes}{more}"


class RowsLayout:
    """A row for each of many samples, under headings."""

    def __init__(self, samples: Sequence[str], classes: Sequence[str], kind: str) -> None:
        self._kind, self._has_head = kind, False
        number = len(_formatted(-1.2345e-100 if kind == "output" else 1.0, kind))
        name = max(map(cell_len, classes)) + len(UNKNOWN)
        n = 1 + 2 * len(classes)  # columns, if there are so few classes
        self._columns = Columns(
            ("file", "class", kind, "second", kind, "third", kind)[:n],
            (max(cell_len(escaped(sample)) for sample in samples), *(name, number) * CANDIDATES)[
                :n
            ],
        )

    def text(self, record: dict[str, Any]) -> str:
        """Lay out a row, under headings if it is the first; 7? is a 7 that is not known."""
        ranked = [list(pair) for pair in _ranked(record, self._kind)][:CANDIDATES]
        if not record["known"]:
            ranked[0][0] += UNKNOWN
        line = self._columns.row(
            [escaped(record["file"]), *(cell for pair in ranked for cell in pair)]
        )
        has_head, self._has_head = self._has_head, True
        return line if has_head else f"{self._columns.head()}\n{line}"


class DigitsLayout:
    """The text that the digits of a picture make, and of a single picture a table of them."""

    def __init__(self, kind: str, *, many: bool) -> None:
        self._kind, self._many = kind, many

    def text(self, record: dict[str, Any]) -> str:
        """Lay out the digits of a picture, row by row."""
        digits, value = record["digits"], _formatted(record[self._kind], self._kind)
        rows = record["text"].split("\n")
        name = f"{escaped(record['file'])}:"
        if len(rows) == 1:
            head = f"{name} {_bold(rows[0])}  {value}"
        else:
            head = f"{name} {len(digits)} in {len(rows)} rows  {value}"
            head = "\n".join([head, *map(_bold, rows)])
        if self._many:
            return head
        cells = [
            (
                f"{digit['row']}.{number}" if len(rows) > 1 else str(number),
                digit["class"] + ("" if digit["known"] else UNKNOWN),
                _formatted(digit[self._kind], self._kind),
                *map(str, digit["box"].values()),
            )
            for number, digit in _numbered(digits)
        ]
        return f"{head}\n\n{table(('digit', 'class', self._kind, *digits[0]['box']), cells)}"


def _numbered(digits: Sequence[dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Number the digits of each row from 1."""
    number, row = 0, 0
    for digit in digits:
        number = number + 1 if digit["row"] == row else 1
        row = digit["row"]
        yield number, digit


def _ranked(record: dict[str, Any], kind: str) -> Iterator[tuple[str, str]]:
    """Yield the classes and their formatted outputs, the largest first."""
    for name, value in sorted(record["outputs"].items(), key=lambda item: -item[1]):
        yield name, _formatted(value, kind)


def _formatted(value: float, kind: str) -> str:
    return f"{value:.2%}" if kind == "probability" else f"{value:.4g}"


def _bold(answer: str) -> str:
    return styled(escaped(answer), sys.stdout, bold=True)
