"""Early stopping: end a run when a metric has stopped improving."""

import math
from dataclasses import dataclass as plain_dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field
from pydantic.dataclasses import dataclass

from ..checks import RECORD, Real, Whole
from ..nn import Network
from ..nn.arrays import FloatArray
from .epoch import EpochMetrics


@dataclass(frozen=True, config=ConfigDict(extra="forbid", allow_inf_nan=False))
class EarlyStopping:
    """When to stop a run early. The names are those of Keras.

    Attributes
    ----------
    monitor
        Metric that should improve: a loss should fall, an accuracy should rise.
    patience
        Number of epochs without improvement after which to stop.
    min_delta
        Least change that counts as an improvement.
    restore_best_weights
        End with the parameters of the best epoch instead of the last.
    """

    monitor: Literal["validation_loss", "validation_accuracy", "loss", "accuracy"] = (
        "validation_loss"
    )
    patience: Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)] = 10
    min_delta: Annotated[float, Field(ge=0, strict=True)] = 0.0
    restore_best_weights: Annotated[bool, Field(strict=True)] = True


@plain_dataclass(frozen=True, eq=False)
class Best:
    """Best epoch so far: its number from 1, the monitored value, the parameters (n_params,)."""

    __pydantic_config__: ClassVar = RECORD

    epoch: Whole
    value: Real
    params: FloatArray


class EarlyStopper:
    """Watches a run, and remembers its best epoch.

    Parameters
    ----------
    settings
        When to stop.
    network
        Network that is being trained.
    best
        Best epoch of a run that is resumed; None at the beginning.
    """

    def __init__(self, settings: EarlyStopping, network: Network, best: Best | None = None) -> None:
        self.settings, self.network, self.best = settings, network, best

    def watch(self, metrics: EpochMetrics) -> None:
        """Compare an epoch that is over, whose parameters the network has, with the best.

        Raises
        ------
        ValueError
            If a validation metric is monitored and no samples are held out.
        """
        value: float | None = getattr(metrics, self.settings.monitor)
        if value is None:
            raise ValueError(f"{self.settings.monitor} needs validation samples")
        sign = 1 if self.settings.monitor.endswith("accuracy") else -1
        gain = math.inf if self.best is None else sign * (value - self.best.value)
        if gain > self.settings.min_delta:
            self.best = Best(metrics.epoch, value, self.network.params.copy())

    def is_over(self, epochs: int) -> bool:
        """Return whether a run should stop after so many epochs."""
        return self.best is not None and epochs - self.best.epoch >= self.settings.patience

    def restore(self) -> None:
        """Give the network the parameters of its best epoch."""
        if self.best is not None:
            self.network.params[...] = self.best.params
