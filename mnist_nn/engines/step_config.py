"""Step config: what goes into a training step."""

from dataclasses import dataclass
from typing import Any, Protocol

from ..nn import Loss
from ..nn.arrays import FloatArray


class OptimizerProtocol(Protocol):
    """What an engine needs of an optimizer."""

    @property
    def learning_rate(self) -> float:
        """Step per unit of gradient, before any schedule."""

    @property
    def weight_decay(self) -> float:
        """By which share of the learning rate each step shrinks weights."""

    @property
    def is_plain_sgd(self) -> bool:
        """Whether a step is the gradient times the rate, and nothing else."""

    def start(self, params: FloatArray, n_decaying: int) -> Any:
        """Make what it remembers from step to step: its ``slots``, and how many ``steps``."""

    def step(self, params: FloatArray, grads: FloatArray, state: Any, rate: float) -> None:
        """Move `params` in place; `grads` may be overwritten."""


@dataclass(frozen=True)
class Regularization:
    """What keeps a network from learning its samples by heart, or from running away.

    Dropout is not here, but with the layer that it belongs to; weight decay is the optimizer's.

    Attributes
    ----------
    label_smoothing
        As for `target_rows`, 0 or more and below 1.
    l2
        λ of the penalty on weights, 0 or more: see `penalty`.
    clip_norm
        The greatest length, above 0, that the whole gradient may have; a longer one is shortened
        (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks",
        2013). None for any.
    ema_decay
        Keep a moving average of the parameters, of which each step keeps this share, above 0 and
        below 1 (Polyak and Juditsky, 1992). None for no average.
    """

    label_smoothing: float = 0.0
    l2: float = 0.0
    clip_norm: float | None = None
    ema_decay: float | None = None

    def share_kept(self, step: int) -> float:
        """Say how much of the average step number `step`, from 1, keeps.

        Less at first, (1 + step) / (10 + step), lest the starting parameters weigh on it for long.
        """
        assert self.ema_decay is not None
        return min(self.ema_decay, (1 + step) / (10 + step))


@dataclass(frozen=True)
class StepConfig:
    """What a training step is made of.

    Attributes
    ----------
    loss
        What it lowers.
    optimizer
        How it turns a gradient into a step.
    regularization
        What keeps it in bounds.
    """

    loss: Loss
    optimizer: OptimizerProtocol
    regularization: Regularization = Regularization()

    @property
    def is_plain_sgd(self) -> bool:
        """Whether a step is the gradient times a rate and nothing else.

        Then it is linear in the samples, and what they say can be added up in any order.
        """
        extras = self.regularization
        return self.optimizer.is_plain_sgd and not (
            extras.l2 or extras.clip_norm or extras.ema_decay
        )
