"""Early stopping ends a run that has stopped getting better."""

import math
from dataclasses import dataclass as plain_dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ..nn import Network
from ..nn.arrays import FloatArray
from .epoch import EpochMetrics


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class EarlyStopping:
    """When to stop; the names are Keras's.

    Attributes
    ----------
    monitor
        What should get better: a loss should fall, an accuracy should rise.
    patience
        Epochs, 1 or more, that may pass without a better one.
    min_delta
        By how much one must be better to count, 0 or more.
    restore_best_weights
        Whether the run ends with the parameters of its best epoch instead of the last.
    """

    monitor: Literal["validation_loss", "validation_accuracy", "loss", "accuracy"] = (
        "validation_loss"
    )
    patience: Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)] = 10
    min_delta: Annotated[float, Field(ge=0, strict=True)] = 0.0
    restore_best_weights: Annotated[bool, Field(strict=True)] = True


@plain_dataclass(frozen=True, eq=False)
class Best:
    """The best epoch so far.

    Attributes
    ----------
    epoch
        From 1.
    value
        What was watched, in that epoch.
    params
        The network's parameters then, of shape (n_params,).
    """

    epoch: int
    value: float
    params: FloatArray


class EarlyStopper:
    """Watches a run.

    Parameters
    ----------
    settings
        When to stop.
    network
        The one that is being trained.
    best
        The best epoch of a run that goes on; None at the beginning.

    Attributes
    ----------
    best
        The best so far; None before the first.
    """

    def __init__(self, settings: EarlyStopping, network: Network, best: Best | None = None) -> None:
        self.settings, self.network, self.best = settings, network, best

    def watch(self, metrics: EpochMetrics) -> None:
        """Take note of an epoch that is over.

        Parameters
        ----------
        metrics
            Of the epoch; the network has its parameters.

        Raises
        ------
        ValueError
            If nothing is held out and a validation figure is to be watched.
        """
        value: float | None = getattr(metrics, self.settings.monitor)
        if value is None:
            raise ValueError(f"{self.settings.monitor} needs validation samples")
        sign = 1 if self.settings.monitor.endswith("accuracy") else -1
        gain = math.inf if self.best is None else sign * (value - self.best.value)
        if gain > self.settings.min_delta:
            self.best = Best(metrics.epoch, value, self.network.params.copy())

    def is_over(self, epochs: int) -> bool:
        """Say whether a run that has done so many epochs should do no more."""
        return self.best is not None and epochs - self.best.epoch >= self.settings.patience

    def restore(self) -> None:
        """Give the network the parameters of its best epoch."""
        if self.best is not None:
            self.network.params[...] = self.best.params
