"""Plain text tables: the same on a terminal, in a pipe and in a file."""

from collections.abc import Sequence

from rich.cells import cell_len

from ..errors import escaped

GAP = "  "  # between columns


class Columns:
    """Columns of at least the given widths in terminal cells, to print a table row by row.

    The first column is aligned to the left, the others to the right.
    """

    def __init__(self, headings: Sequence[str], widths: Sequence[int]) -> None:
        self.headings = headings
        self.widths = [max(cell_len(h), w) for h, w in zip(headings, widths, strict=True)]

    def head(self) -> str:
        """Lay out the headings and the line under them."""
        rule = "─" * (sum(self.widths) + len(GAP) * (len(self.widths) - 1))
        return f"{self.row(self.headings)}\n {rule}"

    def row(self, cells: Sequence[str]) -> str:
        """Lay out one row; a cell that is too wide moves those after it."""
        parts, cells = [], [escaped(cell) for cell in cells]
        for i, (cell, width) in enumerate(zip(cells, self.widths, strict=True)):
            space = " " * (width - cell_len(cell))
            parts.append(space + cell if i else f" {cell}{space}")
        return GAP.join(parts).rstrip()


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out rows under headings, in columns as wide as their widest cell."""
    rows = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(map(cell_len, cells), default=0) for cells in zip(*rows, strict=True)]
    columns = Columns(headings, widths or [0] * len(headings))
    return "\n".join([columns.head(), *map(columns.row, rows)])
