"""A table as plain text: the same on a terminal, however narrow, in a pipe and in a file."""

from collections.abc import Sequence

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from ..errors import escaped

WIDE = 100_000  # columns: nothing is ever cut to fit


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay rows out under headings, the first column to the left, the others to the right."""
    grid = Table(box=SIMPLE, padding=(0, 1, 0, 0), pad_edge=False)
    for i, heading in enumerate(headings):
        grid.add_column(heading, justify="right" if i else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*map(escaped, row))
    console = Console(width=WIDE, color_system=None, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        console.print(grid)
    lines = (line.rstrip() for line in captured.get().splitlines())
    return "\n".join(line for line in lines if line)
