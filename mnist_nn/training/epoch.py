"""Metrics of an epoch of training."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from pydantic import Field

from ..checks import RECORD, Flag, Real, Whole


@dataclass(frozen=True)
class EpochMetrics:
    """Metrics of an epoch that is over or under way.

    The one record of an epoch: `fit` yields it, model files and logs hold it, charts draw it.

    Attributes
    ----------
    epoch
        Number of the epoch, from 1.
    samples
        Samples seen in this epoch.
    loss, accuracy
        Means over those samples, each measured just before the step it took part in: with dropout,
        smoothed labels, weighted classes (in the loss) and distorted images if there are any, but
        without the penalty on weights.
    seconds
        Time spent on training in this epoch, augmentation included; validation and the caller's own
        work are not counted, nor is the time in which ``mnist-nn train`` is suspended (Ctrl-Z).
    learning_rate
        Learning rate of the latest step.
    validation_loss, validation_accuracy
        Means over the validation samples at the end of the epoch; None without such samples.
    complete
        Whether the epoch is over. Only then is the network validated.
    """

    __pydantic_config__: ClassVar = RECORD

    epoch: Whole
    samples: Whole
    loss: Real
    accuracy: Real
    seconds: Real
    learning_rate: Real
    validation_loss: Real | None = None
    validation_accuracy: Real | None = None
    complete: Annotated[Flag, Field(exclude=True)] = True

    def as_dict(self) -> dict[str, Any]:
        """Return all fields but `complete` as a dict."""
        return {name: value for name, value in vars(self).items() if name != "complete"}

    @property
    def monitored_loss(self) -> float:
        """Loss that schedules watch: the validation loss where there is one."""
        return self.loss if self.validation_loss is None else self.validation_loss
