"""Learning curves: loss and accuracy of each epoch, checked and ready to be drawn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..checks import Count

Metric = Literal["loss", "accuracy"]
METRICS: tuple[Metric, ...] = ("loss", "accuracy")

Loss = Annotated[float, Field(ge=-1e100, le=1e100)]  # no axis has room for more
Fraction = Annotated[float, Field(ge=0, le=1)]


class _Epoch(BaseModel):
    """What curves need of an epoch's metrics."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False, from_attributes=True)

    epoch: Count
    loss: Loss
    accuracy: Fraction
    validation_loss: Loss | None = None
    validation_accuracy: Fraction | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """Learning curves of a run; every array has shape (n_epochs,), n_epochs at least 1.

    `epochs` are numbered from 1; `validation` is empty if no samples were held out; `kept` is the
    epoch whose parameters the model has, if early stopping chose one.
    """

    name: str
    epochs: NDArray[np.intp]
    training: dict[Metric, NDArray[np.float64]]
    validation: dict[Metric, NDArray[np.float64]]
    kept: int | None = None


def curves_of(name: str, history: Sequence[Any], kept: int | None = None) -> Curves:
    """Make curves of a history: one record or mapping per epoch, at least one.

    They have the fields of `training.EpochMetrics`, as those of a model's history and the lines of
    ``metrics.jsonl`` do. ValueError if a value is missing, of another type or out of range.
    """
    rows = [_checked(number, entry) for number, entry in enumerate(history, 1)]

    def column(key: str) -> NDArray[np.float64]:
        return np.array([getattr(row, key) for row in rows], np.float64)  # None becomes NaN

    held_out = any(row.validation_loss is not None for row in rows)
    return Curves(
        name,
        epochs=np.array([row.epoch for row in rows], np.intp),
        training={metric: column(metric) for metric in METRICS},
        validation={metric: column(f"validation_{metric}") for metric in METRICS if held_out},
        kept=kept,
    )


def _checked(number: int, entry: Any) -> _Epoch:
    try:
        return _Epoch.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        what = f"{key}: {first['msg']}" if key else "it is not a mapping"
        raise ValueError(f"entry {number} is not the metrics of an epoch: {what}") from error
