"""Predictor: what the command ``predict`` does with each picture and each table."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from .crops import CropsFolder
from .explain import write_explanation
from .models import AnyModel
from .picture_reading import PictureReader, Reading, name_of
from .prediction_output import PredictionOutput
from .predictions import predict_digits, predict_samples
from .table_rows import TableRows


class Predictor:
    """Reads pictures and tables, and prints what the model says of them."""

    def __init__(
        self,
        trained: AnyModel,
        output: PredictionOutput,
        layout: str | None,
        min_probability: float | None,
        crops: Path | None,
        explain: Path | None,
    ) -> None:
        self._trained, self._output, self._layout = trained, output, layout
        self._min_probability, self._explain = min_probability, explain
        self._crops = CropsFolder(crops) if crops else None
        self._reader = PictureReader(trained.format, layout)

    def picture(self, path: str) -> None:
        """Predict one picture, or each of its digits."""
        reading = self._reader.read(path)
        self._output.draw(path, reading.samples)
        if self._layout:
            record = predict_digits(self._trained, reading, path, self._min_probability)
            if self._crops:
                self._crops.write(reading, record)
        else:
            [record] = self._records([path], reading.samples)
            if reading.picture:
                record["n_digits"] = len(reading.digits)
                if len(reading.digits) > 1 and self._min_probability != 0:
                    record["known"] = False  # no single answer is right
        if self._explain:
            write_explanation(self._explain, reading, record)
        for note in _notes(path, reading, self._layout):
            self._output.note(note)
        self._output.add([record])

    def table(self, rows: TableRows) -> None:
        """Predict the rows of a table."""
        for names, x in rows.batches():
            for name, sample in zip(names, x, strict=True):
                self._output.draw(name, sample[None])
            self._output.add(self._records(names, x))

    def _records(self, files: list[str], x: NDArray[Any]) -> list[dict[str, Any]]:
        """Predict samples (n, …), each of a file."""
        records = predict_samples(self._trained, x, files, self._min_probability)
        return [{"file": file, **record} for file, record in zip(files, records, strict=True)]


def _notes(path: str, reading: Reading, layout: str | None) -> Iterator[str]:
    """Say what may not be read as it was meant: several digits, and digits that touch."""
    name, n, n_rows = name_of(path), len(reading.digits), len(reading.rows)
    if layout is None and n > 1:
        where, option = ("a row", "--line") if n_rows == 1 else (f"{n_rows} rows", "--grid")
        yield f"{name} holds {n} digits in {where}; read them with {option}"
    touching = [str(i) for i, digit in enumerate(reading.digits, 1) if digit.touching]
    if not touching:
        return
    if n == 1:
        yield f"{name} is as wide as two digits that touch; leave gaps between digits"
    else:
        which = "digit" if len(touching) == 1 else "digits"
        yield (
            f"{name}: {which} {', '.join(touching)} of {n} may be two that touch; "
            "leave gaps between digits"
        )
