"""Step config: what a training step is made of."""

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
        """Share of the learning rate by which each step shrinks weights."""

    @property
    def is_plain_sgd(self) -> bool:
        """Whether a step is the gradient times the rate, and nothing else."""

    def start(self, params: FloatArray, n_decaying: int) -> Any:
        """Return its state: its ``slots``, and how many ``steps`` were taken."""

    def step(self, params: FloatArray, grads: FloatArray, state: Any, rate: float) -> None:
        """Move `params` in place; `grads` may be overwritten."""


@dataclass(frozen=True)
class Regularization:
    """What keeps a network from overfitting or diverging, besides dropout layers and weight decay.

    A gradient longer than `clip_norm` is shortened (Pascanu, Mikolov and Bengio, "On the difficulty
    of training recurrent neural networks", 2013). Each step keeps the share `ema_decay` of a moving
    average of the parameters (Polyak and Juditsky, 1992).
    """

    label_smoothing: float = 0.0  # as for `target_rows`, 0 or more and below 1
    l2: float = 0.0  # λ of the penalty on weights, 0 or more: see `penalty`
    clip_norm: float | None = None  # greatest length of the whole gradient, above 0
    ema_decay: float | None = None  # above 0 and below 1

    def ema_decay_at(self, step: int) -> float:
        """Return the share of the average that step number `step`, from 1, keeps.

        It is lower at first, (1 + step) / (10 + step), so that the starting parameters fade soon.
        """
        assert self.ema_decay is not None
        return min(self.ema_decay, (1 + step) / (10 + step))


@dataclass(frozen=True)
class StepConfig:
    """Loss, optimizer, regularization and weights of all samples (n,) of a training step."""

    loss: Loss
    optimizer: OptimizerProtocol
    regularization: Regularization = Regularization()
    sample_weights: FloatArray | None = None

    @property
    def is_plain_sgd(self) -> bool:
        """Whether a step is the gradient times a rate and nothing else.

        Then it is linear in the samples, and their steps can be added up in any order.
        """
        extras = self.regularization
        return self.optimizer.is_plain_sgd and not (
            extras.l2 or extras.clip_norm or extras.ema_decay
        )
