"""What ``predict`` prints: one picture's classes, a row for each of many, or JSON."""

import contextlib
import json
import os
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import typer
from rich.cells import cell_len
from tqdm import tqdm

from ..errors import escaped
from .guard import eprint
from .tables import Columns, table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CANDIDATES = 3  # in the table of several pictures: the answer and two others


class Predictions:
    """Prints what a model takes pictures for, as soon as it is known.

    `kind` is ``probability`` or ``output``. With `many` there is a row for each picture instead of
    all classes of a single one; with `show` the rows follow when all pictures are drawn; with
    `as_json` there is one array in the end and nothing before.
    """

    def __init__(
        self,
        images: Sequence[str],
        classes: Sequence[str],
        kind: str,
        *,
        many: bool,
        show: bool,
        as_json: bool,
    ) -> None:
        self.kind, self.many, self.show, self.as_json = kind, many, show, as_json
        self.read = 0  # pictures, those that could not be read included
        self.failed = False
        self._kept: list[str] = []  # what is to be printed in the end
        self._headed = False
        number = len(self._worded(-1.2345e-100 if kind == "output" else 1.0))
        name = max(map(cell_len, classes))
        self._columns = Columns(
            ("file", "class", kind, "second", kind, "third", kind)[: 1 + 2 * len(classes)],
            (max(cell_len(escaped(image)) for image in images), *(name, number) * CANDIDATES)[
                : 1 + 2 * len(classes)
            ],
        )
        self._bar = tqdm(
            total=len(images),
            bar_format="{percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} pictures, {remaining} left",
            leave=False,
            dynamic_ncols=True,
            file=sys.stderr,
            disable=None if many else True,  # None: no bar unless standard error is a terminal
        )

    def add(self, row: dict[str, Any], prepared: "NDArray[np.float64]") -> None:
        """Take a picture that was read: its row of the answer, and what the model saw."""
        self._draw(row["file"], prepared)
        if self.as_json:
            self._kept.append(json.dumps(row))
            return
        text = self._row(row) if self.many else self._classes(row)
        if self.show:
            self._kept.append(text)
        else:
            self._print(text)

    def add_error(self, image: str, error: str) -> None:
        """Take a picture that could not be read, and report it."""
        self.failed = True
        with tqdm.external_write_mode(file=sys.stderr):
            eprint(f"error: {error}")
        if self.as_json:
            self._kept.append(json.dumps({"file": image, "error": error}))

    def count(self) -> None:
        """Move the bar by one picture."""
        self.read += 1
        with contextlib.suppress(OSError):
            self._bar.update()

    def finish(self) -> None:
        """Print what was kept for the end."""
        if self.as_json:
            self._print(f"[{', '.join(self._kept)}]")
        elif self._kept:
            self._print("\n".join(self._kept))

    def close(self) -> None:
        """Remove the bar."""
        with contextlib.suppress(OSError):
            self._bar.close()

    def _print(self, text: str) -> None:
        with tqdm.external_write_mode(file=sys.stdout):
            typer.echo(text)

    def _draw(self, image: str, prepared: "NDArray[np.float64]") -> None:
        """Draw what the model saw, if it is wanted."""
        from ..images import draw_blocks

        if not self.show:
            return
        colours = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
        title = f"{escaped(image)}:\n" if self.many else ""
        shades = colours and "NO_COLOR" not in os.environ
        self._print(title + draw_blocks(prepared, shades=shades) + "\n")

    def _row(self, row: dict[str, Any]) -> str:
        """Lay out the row of one of many pictures, under headings if it is the first."""
        best = list(self._ranked(row))[:CANDIDATES]
        line = self._columns.row([escaped(row["file"]), *(cell for pair in best for cell in pair)])
        headed, self._headed = self._headed, True
        return line if headed else f"{self._columns.head()}\n{line}"

    def _classes(self, row: dict[str, Any]) -> str:
        """Lay out all classes of a single picture."""
        classes = table(("class", self.kind), list(self._ranked(row)))
        return f"{escaped(row['file'])}: {row['class']}\n\n{classes}"

    def _ranked(self, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Put the classes in the order of the model's outputs, the best first."""
        for name, value in sorted(row["outputs"].items(), key=lambda item: -item[1]):
            yield name, self._worded(value)

    def _worded(self, value: float) -> str:
        return f"{value:.2%}" if self.kind == "probability" else f"{value:.4g}"
