"""Early stopping ends a run that has stopped getting better."""

import math
from typing import Annotated, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ..nn import Network
from .report import Report


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


class EarlyStopper:
    """Watches a run.

    Parameters
    ----------
    settings
        When to stop.
    network
        The one that is being trained.

    Attributes
    ----------
    best_epoch
        The best so far; 0 before the first.
    """

    def __init__(self, settings: EarlyStopping, network: Network) -> None:
        self.settings, self.network = settings, network
        self.best_epoch, self.best = 0, -math.inf
        self.best_params = network.params.copy()

    def should_stop(self, report: Report) -> bool:
        """Take note of an epoch that is over, and say whether it should be the last.

        Parameters
        ----------
        report
            Of the epoch; the network has its parameters.

        Returns
        -------
        bool

        Raises
        ------
        ValueError
            If nothing is held out and a validation figure is to be watched.
        """
        value: float | None = getattr(report, self.settings.monitor)
        if value is None:
            raise ValueError(f"{self.settings.monitor} needs validation samples")
        merit = value if self.settings.monitor.endswith("accuracy") else -value
        if merit > self.best + self.settings.min_delta:
            self.best_epoch, self.best = report.epoch, merit
            self.best_params[...] = self.network.params
        return report.epoch - self.best_epoch >= self.settings.patience

    def restore(self) -> None:
        """Give the network the parameters of its best epoch."""
        self.network.params[...] = self.best_params
