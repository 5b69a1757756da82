"""Output of ``predict``: text as soon as there is some, or one JSON array; and a progress bar."""

import contextlib
import json
import shutil
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import typer
from numpy.typing import NDArray
from tqdm import tqdm

from ..errors import escaped
from ..images import draw_blocks
from ..images.blocks import WIDEST
from .bars import progress_bar
from .guard import eprint, shows_colours
from .prediction_layout import Layout

GAP = 2  # columns of the terminal between drawings


class PredictionOutput:
    """Prints records of predictions, as soon as they are added.

    `total` is how many the progress bar counts, and `unit` what they are. With `show` the text
    follows after all drawings, which have titles if there are `many`; with `as_json` everything is
    printed at the end, as one array.
    """

    def __init__(
        self, layout: Layout, total: int, unit: str, *, many: bool, show: bool, as_json: bool
    ) -> None:
        self.many, self.show, self.as_json = many, show, as_json
        self.read = 0  # samples, unreadable ones included
        self.failed = False
        self._layout = layout
        self._kept: list[str] = []  # to be printed at the end
        self._bar = progress_bar(total, unit)

    def add(self, records: Sequence[dict[str, Any]]) -> None:
        """Print records of predictions, and count them."""
        if self.as_json:
            self._kept += map(json.dumps, records)
        elif self.show:
            self._kept += map(self._layout.text, records)
        else:
            self._print("\n".join(map(self._layout.text, records)))
        self.count(len(records))

    def draw(self, name: str, samples: NDArray[Any]) -> None:
        """Draw samples (n, h, w) as the model sees them, bytes or floats of 0 to 1, with `show`."""
        if not self.show:
            return
        title = f"{escaped(name)}:\n" if self.many else ""
        strength = samples / 255 if samples.dtype == np.uint8 else samples
        columns = min(shutil.get_terminal_size().columns, WIDEST)
        fit = max(1, (columns + GAP) // (samples.shape[2] + GAP))
        drawings = [
            draw_blocks(_side_by_side(strength[i : i + fit]), shades=shows_colours(sys.stdout))
            for i in range(0, len(strength), fit)
        ]
        self._print(title + "\n\n".join(drawings) + "\n")

    def note(self, text: str) -> None:
        """Print a note on standard error."""
        with tqdm.external_write_mode(file=sys.stderr):
            eprint(f"note: {text}")

    def add_error(self, name: str, error: str) -> None:
        """Report an image that could not be read."""
        self.failed = True
        with tqdm.external_write_mode(file=sys.stderr):
            eprint(f"error: {error}")
        if self.as_json:
            self._kept.append(json.dumps({"file": name, "error": error}))

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


def _side_by_side(images: NDArray[Any]) -> NDArray[Any]:
    """Put images (n, h, w) beside each other."""
    gaps = [(0, GAP)] * (len(images) - 1) + [(0, 0)]
    return np.hstack([np.pad(x, ((0, 0), gap)) for x, gap in zip(images, gaps, strict=True)])
