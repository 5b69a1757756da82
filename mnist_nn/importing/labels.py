"""Labels of any kind become numbers of classes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..data.format import MAX_CLASSES, MAX_NAME
from ..errors import DataError, shown
from ..images import natural

Labels = NDArray[np.uint8]
RULE = "labels are whole numbers or text"


def encode_labels(
    labels: Mapping[str, NDArray[Any]],
    *,
    labels_from: int = 0,
    classes: tuple[str, ...] | None = None,
) -> tuple[tuple[str, ...], dict[str, Labels]]:
    """Return the names of the classes, and the labels of each part as their numbers.

    Without `classes` the names are the distinct labels of the part ``train``: in numeric order if
    all are numbers, else in natural order. DataError for labels that are no whole numbers or text,
    or of no class.
    """
    _check_names(classes or ())
    values = {part: _whole_or_text(part, array) for part, array in labels.items()}
    train = values["train"]
    if any(other.dtype.kind != train.dtype.kind for other in values.values()):
        raise DataError("the labels are numbers in one part and text in the other")
    if train.dtype.kind == "i":
        values = {part: array - labels_from for part, array in values.items()}
    elif labels_from:
        raise DataError("--labels-from: the labels are text; leave it out")
    if train.dtype.kind == "i" and classes is not None:
        return classes, {
            part: _numbered(part, array, classes, labels_from) for part, array in values.items()
        }
    known = _distinct(values["train"], labels_from) if classes is None else list(classes)
    names = tuple(map(str, known))
    _check_names(names)
    return names, {part: _found(part, array, known) for part, array in values.items()}


def _whole_or_text(part: str, labels: NDArray[Any]) -> NDArray[Any]:
    """Return labels as int64, or as text if one of them is no number."""
    labels = np.asarray(labels)
    if labels.dtype.kind == "U":
        try:
            labels = labels.astype(np.float64)
        except ValueError:
            return np.char.strip(labels)
    if labels.dtype.kind not in "buif":
        raise DataError(f"the labels are {labels.dtype}; {RULE}")
    is_right = (labels == np.floor(labels)) & (labels > -(2**53)) & (labels < 2**53)
    wrong = np.flatnonzero(~is_right)
    if len(wrong):
        raise DataError(
            f"label {wrong[0] + 1:,} of {part} is {labels[wrong[0]]:g}; {RULE}: this program tells "
            "classes apart, it predicts no quantities"
        )
    return labels.astype(np.int64)


def _distinct(labels: NDArray[Any], labels_from: int) -> list[Any]:
    """Return the distinct labels in order."""
    values = np.unique(labels).tolist()
    if len(values) > MAX_CLASSES:
        raise DataError(
            f"there are {len(values):,} different labels, {shown(values[0])} to "
            f"{shown(values[-1])}; at most {MAX_CLASSES} classes can be told apart"
        )
    if len(values) < 2:
        raise DataError(f"there is one class only, {shown(values[0])}; there must be at least 2")
    if labels_from and values[0] < 0:
        raise DataError(f"--labels-from {labels_from}: there is a label {values[0] + labels_from}")
    return values if labels.dtype.kind == "i" else sorted(values, key=natural)


def _check_names(names: tuple[str, ...]) -> None:
    for name in names:
        if not name or len(name) > MAX_NAME or not name.isprintable():
            raise DataError(
                f"{shown(name)} cannot be the name of a class: it has 1 to {MAX_NAME} characters "
                "that can be printed"
            )


def _numbered(
    part: str, labels: NDArray[Any], classes: tuple[str, ...], labels_from: int
) -> Labels:
    """Return labels that are the numbers of named classes."""
    wrong = np.flatnonzero((labels < 0) | (labels >= len(classes)))
    if len(wrong):
        label = labels[wrong[0]] + labels_from
        last = labels_from + len(classes) - 1
        raise DataError(
            f"--classes has {len(classes)} names, for the labels {labels_from} to {last}, but "
            f"label {wrong[0] + 1:,} of {part} is {label}; do the labels count from 1? then "
            "--labels-from 1"
        )
    return labels.astype(np.uint8)


def _found(part: str, labels: NDArray[Any], known: list[Any]) -> Labels:
    """Return the numbers of the classes that labels name."""
    values, inverse = np.unique(labels, return_inverse=True)
    number = {name: i for i, name in enumerate(known)}
    for value in values.tolist():
        if value not in number:
            whose = "training has no such label" if part == "test" else "--classes does not name it"
            raise DataError(f"there is a label {shown(value)} in {part}: {whose}")
    return np.array([number[value] for value in values.tolist()], np.uint8)[inverse]
