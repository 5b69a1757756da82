"""Predictions as records: what ``predict --json`` prints of a sample, and of a picture of many."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError, escaped
from ..model import Committee
from .models import AnyModel
from .picture_reading import Reading

UNKNOWN = "?"  # printed for a class that is not known


def predict_samples(
    trained: AnyModel, x: NDArray[Any], files: Sequence[str], min_probability: float | None
) -> Iterator[dict[str, Any]]:
    """Predict samples (n, …), whose names are for error messages: a record for each."""
    with np.errstate(all="ignore"):  # not finite is an error below
        answers = trained.answers(x, min_probability)
    finite = np.isfinite(answers.outputs).all(axis=1)
    if not finite.all():
        file = escaped(files[int(finite.argmin())])
        raise ModelError(
            f"the model's outputs for {file} are not finite numbers; "
            "unless the sample has huge numbers, train it again, with a smaller learning rate"
        )
    for outputs, known in zip(answers.outputs.tolist(), answers.known.tolist(), strict=True):
        of_classes = dict(zip(trained.format.class_names, outputs, strict=True))
        best = max(of_classes, key=of_classes.__getitem__)
        yield {
            "class": best,
            kind_of(trained): of_classes[best],
            "known": known,
            "outputs": of_classes,
        }


def predict_digits(
    trained: AnyModel, reading: Reading, file: str, min_probability: float | None
) -> dict[str, Any]:
    """Predict the digits of a picture, all at once: one record with a list of them."""
    samples, scale = reading.samples, reading.picture.scale if reading.picture else 1
    predicted = predict_samples(trained, samples, [file] * len(samples), min_probability)
    of_rows = [number for number, row in enumerate(reading.rows, 1) for _ in row]
    digits: list[dict[str, Any]] = []
    for row, digit, record in zip(of_rows, reading.digits, predicted, strict=True):
        sides = {side: round(value * scale) for side, value in digit.box._asdict().items()}
        box = {side: sides[side] for side in ("left", "top", "right", "bottom")}
        digits.append({"row": row, **record, "touching": digit.touching, "box": box})
    kind = kind_of(trained)
    values = [digit[kind] for digit in digits]
    return {
        "file": file,
        "text": text_of(digits),
        kind: math.prod(values) if kind == "probability" else min(values),
        "known": all(digit["known"] for digit in digits),
        "digits": digits,
    }


def text_of(digits: Sequence[dict[str, Any]]) -> str:
    """Write the classes of digits in rows; those that are not known are ``?``."""
    rows: dict[int, list[str]] = {}
    for digit in digits:
        rows.setdefault(digit["row"], []).append(digit["class"] if digit["known"] else UNKNOWN)
    gap = "" if all(len(digit["class"]) == 1 for digit in digits) else " "
    return "\n".join(gap.join(row) for row in rows.values())


def kind_of(trained: AnyModel) -> str:
    """Return what a model's outputs are: ``probability`` or ``output``."""
    known = isinstance(trained, Committee) or trained.network.output.probability
    return "probability" if known else "output"
