"""Metrics say how an epoch went."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class EpochMetrics:
    """How an epoch went, or how it is going.

    Attributes
    ----------
    epoch
        From 1.
    samples
        Seen in this epoch.
    loss, accuracy
        Mean over those samples, each measured just before the step it took part in: with dropout,
        smoothed labels and distorted pictures if there are any, but without the penalty on weights.
    seconds
        Spent on training in this epoch, augmentation included; validation and the caller's own work
        are not counted, nor is the time in which ``mnist-nn train`` is stopped, as by Ctrl-Z.
    learning_rate
        Of the latest step.
    complete
        Whether the epoch is over. Only then is the network validated.
    validation_loss, validation_accuracy
        On the validation samples, as they are; None where there are none.
    """

    epoch: int
    samples: int
    loss: float
    accuracy: float
    seconds: float
    learning_rate: float
    complete: bool = True
    validation_loss: float | None = None
    validation_accuracy: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give all but `complete`, as a history has it."""
        return {name: value for name, value in vars(self).items() if name != "complete"}

    @property
    def monitored_loss(self) -> float:
        """The loss that schedules watch: the validation loss where there is one."""
        return self.loss if self.validation_loss is None else self.validation_loss
