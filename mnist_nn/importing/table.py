"""Reading of a CSV file: one row per sample, one column with the labels, numbers in the others."""

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..data.format import MAX_CLASSES
from ..data.idx import GZIP_MAGIC
from ..errors import DataError, escaped, shown
from ..limits import available_memory
from .source import MakeBar
from .table_layout import Layout, find_layout, is_number, text_of
from .table_numbers import parse_rows, split_labels, whole_numbers

FIRST, BLOCK = 1 << 20, 1 << 17  # bytes that are read at a time; small ones stay in the cache
LONGEST = 1 << 22  # bytes of a row
HEAD = 100  # rows that the layout is found from
BOM = b"\xef\xbb\xbf"  # that some programs put before UTF-8
UTF_16 = (b"\xff\xfe", b"\xfe\xff")


class Table(NamedTuple):
    """A table that was read: numbers (n, m), labels (n,), and how they lay there."""

    x: NDArray[Any]
    y: NDArray[Any]
    layout: Layout
    notes: list[str]


def read_table(
    path: Path,
    label: str | None,
    make_bar: MakeBar,
    like: Layout | None = None,
    n_inputs: int | None = None,
) -> Table:
    """Read a CSV file, packed or not; DataError names what is wrong, and its row.

    `label` is the name of the label's column, or its number from 1. The layout must be that of
    `like`, the training samples', if that is given; the labels are in the same column then. With
    `n_inputs` it has no labels, and rows of as many numbers.
    """
    with _opened(path) as (packed, file), make_bar(path.stat().st_size >> 20, "MB") as bar:
        layout: Layout | None = None
        blocks: list[NDArray[Any]] = []
        labels: list[NDArray[Any]] = []
        size, room = 0, (available_memory() or 1 << 40) // 2
        for first_line, block in _blocks(file):
            if layout is None:
                layout, first_line, block = _begin(first_line, block, label, like, n_inputs)
            numbers, texts = _parse(block, first_line, layout)
            if layout.label is not None:
                labels.append(numbers[:, layout.label].copy() if texts is None else np.array(texts))
                numbers = layout.inputs(numbers)
                size += labels[-1].nbytes
            blocks.append(_small(numbers))
            size += blocks[-1].nbytes
            if size > room:
                raise DataError(f"its rows up to {first_line:,} need more than half of the memory")
            bar.update((packed.tell() >> 20) - bar.n)
    if layout is None:
        raise DataError("it is empty")
    if not layout.labelled:
        return Table(layout.inputs(np.concatenate(blocks)), np.empty(0), layout, [])
    return _finished(np.concatenate(blocks), labels, layout)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[IO[bytes], IO[bytes] | gzip.GzipFile]]:
    """Open a file, and what is packed in it if it is gzip."""
    with path.open("rb") as packed:
        is_packed = packed.read(2) == GZIP_MAGIC
        packed.seek(0)
        try:
            yield packed, gzip.GzipFile(fileobj=packed) if is_packed else packed
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError(f"damaged gzip data: {error}") from error


def _blocks(file: IO[bytes] | gzip.GzipFile) -> Iterator[tuple[int, bytes]]:
    """Yield whole lines, some at a time, and the number of the first of them."""
    line, rest, more = 1, b"", file.read(FIRST)
    if more.startswith(UTF_16) or (more[1:2] == b"\0" and not more[1:99:2].strip(b"\0")):
        raise DataError("it is text in UTF-16; save it as CSV in UTF-8")
    if b"\r" in more and b"\n" not in more:
        raise DataError("its rows end in CR alone, as on old Macs; save it with LF or CRLF")
    more = more.removeprefix(BOM)
    while more:
        content, more = rest + more, file.read(BLOCK)
        end = content.rfind(b"\n") + 1 if more else len(content)
        block, rest = content[:end], content[end:]
        next_line = line + block.count(b"\n")
        if len(rest) > LONGEST:
            raise DataError(
                f"row {next_line:,} is longer than {LONGEST:,} bytes; a row holds the numbers of "
                "one sample"
            )
        if block:
            yield line, block if block.endswith(b"\n") else block + b"\n"
        line = next_line


def _begin(
    first_line: int, block: bytes, label: str | None, like: Layout | None, n_inputs: int | None
) -> tuple[Layout, int, bytes]:
    """Find the layout; return it with the lines after the header."""
    while block.strip() and not block.partition(b"\n")[0].strip():
        first_line, block = first_line + 1, block.partition(b"\n")[2]
    if not block.strip():
        raise DataError("it has no rows")
    head = b"\n".join(block.split(b"\n", HEAD)[:HEAD])
    lines = text_of(head, first_line).replace("\r\n", "\n").split("\n")
    if n_inputs is not None:
        layout = _unlabelled(lines, n_inputs)
    else:
        layout = find_layout(lines, label if like is None else like.label)
    if like is not None:
        _check_columns(layout, like)
        layout = replace(layout, index=like.index)
    if layout.names is None:
        return layout, first_line, block
    return layout, first_line + 1, block.partition(b"\n")[2]


def _unlabelled(lines: list[str], n_inputs: int) -> Layout:
    """Find the layout of a table without labels; refuse other than `n_inputs` numbers in a row."""
    layout = find_layout(lines, None, labelled=False)
    n = layout.n_columns
    if n == n_inputs:
        return replace(layout, index=None)
    if n - (layout.index is not None) == n_inputs:
        return layout
    columns = "column" if n == 1 else "columns"
    got = f"it has {n:,} {columns} where the model reads {n_inputs:,} numbers"
    if layout.index is not None:
        got += f", and {layout.column(layout.index)}, which counts the rows, is left out"
    if n - (layout.index is not None) != n_inputs + 1:
        raise DataError(f"{got}; a row must have the numbers of one sample")
    raise DataError(
        f"{got}: a table to predict has no labels; remove their column, or measure the model on "
        "them: mnist-nn import, then evaluate"
    )


def _check_columns(layout: Layout, like: Layout) -> None:
    """Refuse other columns than the training samples have."""
    n = layout.n_columns
    if n == like.n_columns - 1:
        raise DataError(
            f"it has {n:,} columns where the training samples have {like.n_columns:,}: the labels "
            "are missing, as in Kaggle's test files, and without them nothing can be evaluated\n"
            "leave --test out, and hold out samples instead: --test-split 0.1"
        )
    if n != like.n_columns:
        raise DataError(
            f"it has {n:,} columns, the training samples have {like.n_columns:,}; both must have "
            "the same"
        )
    if None not in (layout.names, like.names) and layout.names != like.names:
        raise DataError("its columns have other names, or another order, than those of training")


def _parse(block: bytes, first_line: int, layout: Layout) -> tuple[NDArray[Any], list[str] | None]:
    """Parse whole lines."""
    if layout.delimiter is not None:
        numbers = whole_numbers(block, layout.n_columns, layout.delimiter, layout.label)
        if numbers is not None:
            return numbers, None
        text_and_numbers = split_labels(block, layout)
        if text_and_numbers is not None:
            return text_and_numbers
    return parse_rows(block, first_line, layout)


def _small(numbers: NDArray[Any]) -> NDArray[Any]:
    """Make bytes of numbers that are all whole numbers from 0 to 255."""
    if numbers.size and numbers.min() >= 0 and numbers.max() <= 255:
        whole = numbers.astype(np.uint8)
        if np.array_equal(whole, numbers):
            return whole
    return numbers


def _finished(numbers: NDArray[Any], labels: list[NDArray[Any]], layout: Layout) -> Table:
    """Take the labels out of the numbers, if they are still among them, and say where they were."""
    column = layout.label
    if column is None:
        column = _likely_label(numbers, layout)
        y, layout = numbers[:, column], replace(layout, label=column)
        numbers = layout.inputs(numbers)
    else:
        are_text = any(part.dtype.kind == "U" for part in labels)
        y = np.concatenate([part.astype(str) if are_text else part for part in labels])
    notes = [f"the labels are those of {layout.column(column)}"]
    if layout.index is not None:
        notes.append(f"{layout.column(layout.index)} counts the rows and was left out")
    if layout.names is None and y.dtype.kind == "U" and np.count_nonzero(y == y[0]) == 1:
        notes.append(f"{shown(str(y[0]))} is in the first row only; if that is a header, remove it")
    names = layout.names or ()
    if sum(map(is_number, names)) > 1:
        first = ", ".join(names[:3])
        notes.append(f"the first row, {escaped(first[:60])}, …, was taken for names of the columns")
    return Table(numbers, y, layout, notes)


def _likely_label(numbers: NDArray[Any], layout: Layout) -> int:
    """Return which column has the labels: the first or the last, if it has consecutive numbers."""
    first, last = 0 if layout.index is None else 1, layout.n_columns - 1
    likely = [i for i in (first, last) if _are_labels(np.unique(numbers[:, i]))]
    if not likely:
        raise DataError(
            "neither its first nor its last column looks like labels, 2 to 256 consecutive whole "
            "numbers; name the column of the labels: --label COLUMN"
        )
    if len(likely) == 2:
        raise DataError(
            f"its first and its last column both look like labels; name one: --label "
            f"{layout.reference(first)} or --label {layout.reference(last)}"
        )
    return likely[0]


def _are_labels(values: NDArray[Any]) -> bool:
    """Return whether distinct values, ascending, are those of labels."""
    consecutive = np.floor(values[0]) + np.arange(len(values))
    return 2 <= len(values) <= MAX_CLASSES and np.array_equal(values, consecutive)
