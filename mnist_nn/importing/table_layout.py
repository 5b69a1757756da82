"""Layout of a CSV file, from its first rows: delimiter, header, and where the labels are."""

import csv
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, shown

LABEL_NAMES = ("label", "labels", "class", "target", "species", "variety", "digit")
Y = "y"  # a column's name that may also be that of a coordinate
INDEX_NAMES = ("", "unnamed: 0", "id", "index")  # of a column that counts rows; pandas writes one
MISSING = ("", "na", "n/a", "nan", "null", "?")


@dataclass(frozen=True)
class Layout:
    """Layout of a table.

    Attributes
    ----------
    delimiter
        One character; None for any number of spaces.
    names
        Names of the columns, of a file with a header.
    n_columns
        Number of the columns.
    label
        Index of the column with the labels; None if only all rows can tell.
    index
        Index of a column that counts rows, which is left out.
    labelled
        Whether one of its columns has labels.
    """

    delimiter: str | None
    names: tuple[str, ...] | None
    n_columns: int
    label: int | None
    index: int | None
    labelled: bool = True

    def column(self, i: int) -> str:
        """Describe a column for a message."""
        return f"column {i + 1}" + (f" ({shown(self.names[i])})" if self.names else "")

    def reference(self, i: int) -> str:
        """Return what names a column for --label: its number, or its name if that is a number."""
        return self.names[i] if self.names and self.names[i].isdigit() else str(i + 1)

    def inputs(self, numbers: NDArray[Any]) -> NDArray[Any]:
        """Return the columns (n, m) that are inputs: neither labels nor numbers of rows."""
        return np.delete(numbers, [i for i in (self.label, self.index) if i is not None], axis=1)


def _rows_of(lines: list[str], delimiter: str | None) -> list[list[str]]:
    """Split lines into cells; `csv.Error` if that is not possible."""
    if delimiter is None:
        return [line.split() for line in lines]
    return list(csv.reader(lines, delimiter=delimiter, strict=True))


def text_of(block: bytes, first_line: int) -> str:
    """Decode UTF-8; DataError names the row where it is something else."""
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError as error:
        row = first_line + block.count(b"\n", 0, error.start)
        raise DataError(f"row {row:,} is not text in UTF-8; save the file as UTF-8") from error


def split_lines(
    lines: list[str], first_line: int, delimiter: str | None
) -> list[tuple[int, list[str]]]:
    """Split lines into cells, without blank ones; each with its number in the file."""
    try:
        rows = _rows_of([f"{line}\n" for line in lines], delimiter)
        if len(rows) == len(lines):
            return [(first_line + i, row) for i, row in enumerate(rows) if row]
    except csv.Error:
        pass
    for i, line in enumerate(lines):  # find the one that is wrong
        try:
            _rows_of([line], delimiter)
        except csv.Error as error:
            raise DataError(f"row {first_line + i:,} cannot be read: {error}") from error
    raise DataError(f"a quoted cell after row {first_line:,} has a line break in it; remove it")


def find_delimiter(line: str) -> str | None:
    """Return the delimiter of a line: ``;``, tab or comma, or else spaces."""
    return next((mark for mark in ";\t," if mark in line), None)


def find_layout(lines: list[str], label: str | int | None, *, labelled: bool = True) -> Layout:
    """Find the layout of a table from its first lines, of which at least one is not blank.

    `label` is the name of the label's column, or its number from 1, or, if it is an integer, its
    index, if it is `labelled`.
    """
    delimiter = find_delimiter(lines[0])
    rows = [[cell.strip() for cell in row] for _, row in split_lines(lines, 1, delimiter)]
    rows = _without_empty_end(rows)
    n = len(rows[0])
    if n < 2 and labelled:
        raise DataError(
            "row 1 has one cell; a row has the numbers of a sample and its label, separated by "
            "comma, semicolon, tab or spaces"
        )
    names = tuple(rows[0]) if _is_header(rows) else None
    data = [row for row in rows[1 if names else 0 :] if len(row) == n]
    if not data:
        got = f": row 2 has {len(rows[1]):,} cells, the first {n:,}" if rows[1:] else ""
        raise DataError(f"there is no row of numbers in it{got}")
    index = _index_column(names)
    column = _label_column(names, index, data, n, label) if labelled else None
    return Layout(delimiter, names, n, column, index, labelled)


def is_number(cell: str) -> bool:
    """Return whether a cell is a number, or missing."""
    try:
        float(cell)
    except ValueError:
        return cell.lower() in MISSING
    return True


def _is_header(rows: list[list[str]]) -> bool:
    """Return whether the first row names the columns.

    It does if it has text that is usual there, or where the second row has a number, and that does
    not recur below; or if its numbers only count the columns.
    """
    first, others = rows[0], rows[1:]
    if not others:
        return any(map(_is_label_name, first)) or not any(map(is_number, first))
    texts = [i for i, cell in enumerate(first) if not is_number(cell)]
    unique = [i for i in texts if all(row[i : i + 1] != [first[i]] for row in others)]
    if any(_is_label_name(first[i]) or is_number("".join(others[0][i : i + 1])) for i in unique):
        return True
    counts = [i for i, cell in enumerate(first) if re.fullmatch("[0-9]{1,9}", cell)]
    if len(first) < 3 or len(counts) < 2 or len(counts) + len(unique) + (not first[0]) < len(first):
        return False
    start = int(first[counts[0]])
    return (
        (start == 0 or bool(unique))
        and all(first[i] == str(start + k) for k, i in enumerate(counts))
        and not any(all(row[i : i + 1] == [first[i]] for i in counts) for row in others)
    )


def _is_label_name(cell: str) -> bool:
    """Return whether a column of this name usually has the labels."""
    return cell.lower() in (*LABEL_NAMES, Y)


def _without_empty_end(rows: list[list[str]]) -> list[list[str]]:
    """Leave out a last column that is empty everywhere: rows, or the header, end in a comma."""
    n = len(rows[0])
    if n < 2 or rows[0][-1] or any(row[n - 1 :] not in ([], [""]) for row in rows):
        return rows
    return [row[: n - 1] for row in rows]


def _index_column(names: tuple[str, ...] | None) -> int | None:
    """Return the index of the column that counts rows, which is the first."""
    return 0 if names and names[0].lower() in INDEX_NAMES else None


def _label_column(
    names: tuple[str, ...] | None,
    index: int | None,
    rows: list[list[str]],
    n: int,
    label: str | int | None,
) -> int | None:
    """Return the index of the label's column, if it is named or the only one of text."""
    if isinstance(label, int):
        return label
    if label is not None:
        return _named(names, n, label)
    known = [i for i, name in enumerate(names or ()) if name.lower() in LABEL_NAMES]
    if len(known) > 1:
        which = " and ".join(str(i + 1) for i in known[:2])
        raise DataError(
            f"columns {which} both have names of labels; name the one that is meant with --label, "
            "and remove the other if it tells the class, too"
        )
    texts = [i for i in range(n) if i != index and any(not is_number(row[i]) for row in rows)]
    if not known and len(texts) < 2:
        known = texts or [i for i, name in enumerate(names or ()) if name.lower() == Y]
    if known:
        return known[0]
    if len(texts) > 1:
        which = " and ".join(str(i + 1) for i in texts[:2])
        raise DataError(
            f"columns {which} both hold text; only the labels may be text: name their column with "
            "--label, and remove the other"
        )
    return None


def _named(names: tuple[str, ...] | None, n: int, label: str) -> int:
    """Return the index of a column that is named, or numbered from 1."""
    number = int(label) - 1 if label.isascii() and label.isdigit() and len(label) < 10 else -1
    if names and label in names:
        if 0 <= number < n and not is_number(names[number]):
            raise DataError(
                f"--label {label} is the name of column {names.index(label) + 1}, and the number "
                f"of column {label}, {shown(names[number])}; rename one of them"
            )
        return names.index(label)
    if 0 <= number < n:
        return number
    known = f"a name, such as {shown(names[0])}, or " if names else ""
    raise DataError(
        f"there is no column {shown(label)}; --label is {known}a number from 1 to {n:,}"
    )
