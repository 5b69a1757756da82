"""A history says how the epochs of a run went; curves are what one draws of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError

LARGEST = 1e100  # a loss beyond it is not drawn: no axis has room for it

Metric = Literal["loss", "accuracy"]
Loss = Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
Share = Annotated[float, Field(ge=0, le=1)]


class Epoch(BaseModel):
    """What curves need of an epoch's figures."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)

    epoch: Annotated[int, Field(ge=1, le=1_000_000_000)]
    loss: Loss
    accuracy: Share
    validation_loss: Loss | None = None
    validation_accuracy: Share | None = None


@dataclass(frozen=True, eq=False)
class Curves:
    """How a run went; every array is of shape (n_epochs,), and there is at least one epoch.

    Attributes
    ----------
    name
        Of the run.
    epochs
        Their numbers, from 1.
    training, validation
        ``loss`` and ``accuracy``; the latter is empty where no samples were held out.
    kept
        The epoch whose parameters the model has, if early stopping chose one.
    """

    name: str
    epochs: NDArray[np.intp]
    training: dict[Metric, NDArray[np.float64]]
    validation: dict[Metric, NDArray[np.float64]]
    kept: int | None = None


def curves_of(name: str, history: Sequence[Any], kept: int | None = None) -> Curves:
    """Check a history, and make curves of it.

    Parameters
    ----------
    name
        Of the run.
    history
        A dict per epoch, at least one, with the keys of a model's history.
    kept
        As `Curves` has it.

    Returns
    -------
    Curves

    Raises
    ------
    ValueError
        If a figure is missing, of another type or out of range; it says of which epoch.
    """
    rows = [_checked(number, entry) for number, entry in enumerate(history, 1)]
    figures: tuple[Metric, ...] = ("loss", "accuracy")

    def column(key: str) -> NDArray[np.float64]:
        return np.array([getattr(row, key) for row in rows], np.float64)  # None becomes NaN

    held_out = any(row.validation_loss is not None for row in rows)
    return Curves(
        name,
        np.array([row.epoch for row in rows], np.intp),
        {key: column(key) for key in figures},
        {key: column(f"validation_{key}") for key in figures} if held_out else {},
        kept,
    )


def _checked(number: int, entry: Any) -> Epoch:
    try:
        return Epoch.model_validate(entry)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        what = f"{key}: {first['msg']}" if key else "it is no mapping of figures"
        raise ValueError(f"entry {number} is not an epoch's figures: {what}") from error
