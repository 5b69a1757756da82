"""Output of ``predict``: the classes of one image, a row for each of many samples, or JSON."""

import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from rich.cells import cell_len
from tqdm import tqdm

from ..errors import escaped
from ..images import draw_blocks
from .bars import progress_bar
from .guard import eprint, shows_colours, styled
from .tables import Columns, table

MOST = 30  # classes of a single image: the most likely ones
CANDIDATES = 3  # classes in a row of the table: the most likely ones


class PredictionOutput:
    """Prints predictions, as soon as they are added.

    `samples` are the names of all: of images, and of rows of tables. `kind` is ``probability`` or
    ``output``. With `many` each sample is a row of one table, otherwise the classes of the single
    image are printed. `unit` is what the progress bar counts. With `show` the rows follow
    after all drawings; with `as_json` everything is printed at the end, as one array.
    """

    def __init__(
        self,
        samples: Sequence[str],
        classes: Sequence[str],
        kind: str,
        *,
        many: bool,
        unit: str,
        show: bool,
        as_json: bool,
    ) -> None:
        self.kind, self.many, self.show, self.as_json = kind, many, show, as_json
        self.read = 0  # samples, unreadable ones included
        self.failed = False
        self._kept: list[str] = []  # to be printed at the end
        self._has_head = False
        number = len(self._format(-1.2345e-100 if kind == "output" else 1.0))
        name = max(map(cell_len, classes))
        self._columns = Columns(
            ("file", "class", kind, "second", kind, "third", kind)[: 1 + 2 * len(classes)],
            (max(cell_len(escaped(sample)) for sample in samples), *(name, number) * CANDIDATES)[
                : 1 + 2 * len(classes)
            ],
        )
        self._bar = progress_bar(len(samples), unit)

    def add(self, rows: Sequence[dict[str, Any]], samples: NDArray[Any]) -> None:
        """Print predictions, at once, and with `show` the pixels that the model saw."""
        for row, sample in zip(rows, samples, strict=True):
            self._draw(row["file"], sample)
        if self.as_json:
            self._kept += map(json.dumps, rows)
            return
        texts = map(self._row if self.many else self._classes, rows)
        if self.show:
            self._kept += texts
        else:
            self._print("\n".join(texts))

    def add_error(self, image: str, error: str) -> None:
        """Report an image that could not be read."""
        self.failed = True
        with tqdm.external_write_mode(file=sys.stderr):
            eprint(f"error: {error}")
        if self.as_json:
            self._kept.append(json.dumps({"file": image, "error": error}))

    def count(self, n: int) -> None:
        """Advance the bar by some samples."""
        self.read += n
        with contextlib.suppress(OSError):
            self._bar.update(n)

    def finish(self) -> None:
        """Print what was kept to the end."""
        if self.as_json:
            self._print(f"[{', '.join(self._kept)}]")
        elif self._kept:
            self._print("\n".join(self._kept))

    def close(self) -> None:
        """Remove the bar."""
        with contextlib.suppress(OSError):
            self._bar.clear()  # printing shows it, even before its delay, after which close() would
            self._bar.close()

    def _print(self, text: str) -> None:
        with tqdm.external_write_mode(file=sys.stdout):
            typer.echo(text)

    def _draw(self, image: str, pixels: NDArray[Any]) -> None:
        """Draw the pixels that the model saw, bytes or floats of 0 to 1, with `show`."""
        if self.show:
            title = f"{escaped(image)}:\n" if self.many else ""
            strength = pixels / 255 if pixels.dtype == np.uint8 else pixels
            self._print(title + draw_blocks(strength, shades=shows_colours(sys.stdout)) + "\n")

    def _row(self, row: dict[str, Any]) -> str:
        """Lay out the row of one of many images, under headings if it is the first."""
        best = list(self._ranked(row))[:CANDIDATES]
        line = self._columns.row([escaped(row["file"]), *(cell for pair in best for cell in pair)])
        has_head, self._has_head = self._has_head, True
        return line if has_head else f"{self._columns.head()}\n{line}"

    def _classes(self, row: dict[str, Any]) -> str:
        """Lay out the classes of a single image."""
        ranked = list(self._ranked(row))
        classes = table(("class", self.kind), ranked[:MOST])
        more = f"\n and {len(ranked) - MOST} more" if len(ranked) > MOST else ""
        answer = styled(row["class"], sys.stdout, bold=True)
        return f"{escaped(row['file'])}: {answer}\n\n{classes}{more}"

    def _ranked(self, row: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """Yield the classes and their formatted outputs, the largest first."""
        for name, value in sorted(row["outputs"].items(), key=lambda item: -item[1]):
            yield name, self._format(value)

    def _format(self, value: float) -> str:
        return f"{value:.2%}" if self.kind == "probability" else f"{value:.4g}"
