"""TrainingConfig: the ``training`` section of a config, and the settings of `fit`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from ..checks import MAX_COUNT, Count, Section, number, one_of
from ..engines import EngineName, Regularization, StepConfig
from ..errors import shown
from ..nn import LOSSES
from .class_weight import ClassWeight
from .early_stopping import EarlyStopping
from .optimizers import SGD, AnyOptimizer, Optimizer
from .schedules import AnySchedule, Constant

MAX_LAYERS = 100  # of a network
BatchSize = Annotated[
    int | Literal["full"],
    number(
        "a whole number from 1 to 1,000,000,000 or 'full'",
        lambda value: value == "full" or (isinstance(value, int) and 1 <= value <= MAX_COUNT),
    ),
]


def _own_optimizer(value: Any, check: ValidatorFunctionWrapHandler) -> Any:
    """Take an optimizer of a class that is not in the table as it is."""
    return value if isinstance(value, Optimizer) else check(value)


class TrainingConfig(Section):
    """How a network learns.

    Attributes
    ----------
    loss
        Loss that is minimized; it must fit the output layer's activation.
    label_smoothing
        Share of each training target that is spread evenly over all classes. Validation and
        evaluation use hard targets.
    class_weight
        How much each class counts in the training loss: the loss of a sample, and so its gradient,
        is multiplied by the weight of its class, and the mean is over the samples. ``balanced`` is
        n / (number of classes · samples of the class), as in scikit-learn. The key of a mapping is
        the name of a class or, where no class has that name, its number from 0; in `fit`, which
        knows no names, the number. A class that is not named has the weight 1. Validation and
        evaluation use no weights.
    l2
        λ of a penalty ``½ λ Σ w²`` on the weights, not the biases. It is part of the gradient, but
        not of the reported loss.
    optimizer
        How a gradient becomes a step.
    schedule
        How the learning rate varies.
    clip_norm
        Greatest length of the whole gradient; a longer one is shortened to it. null (None) for any.
    ema_decay
        Share that each step keeps of a moving average of the parameters, less in the first steps;
        the average is validated and saved. null (None) for the parameters themselves.
    batch_size
        Samples per step: 1 is per-sample SGD, ``full`` is the whole training set.
    epochs
        Times through the training samples, at most 100,000 for a config; null (None) where
        ``iterations`` is given.
    iterations
        Steps to take instead of epochs; the last epoch may be cut short.
    shuffle
        Give each epoch an order of its own.
    replacement
        Draw each sample independently, whatever ``shuffle`` is: in one epoch some come twice, some
        never.
    frozen_layers
        How many of the first layers keep the weights that they start with, such as those of
        ``mnist-nn train --init-from``; their batch normalization and dropout are as in evaluation.
        Fewer than the network has.
    early_stopping
        When to stop sooner; null (None) for never. `fit` leaves it to the caller: see
        `EarlyStopper`.
    engine
        What runs the steps: ``numpy``, ``numba`` (extra ``fast``), or ``auto``, the faster one that
        is installed. What numba's cannot run is NumPy's, with a note. The engines agree to
        rounding errors, not bit for bit.

    Raises
    ------
    pydantic.ValidationError
        A ValueError: if a key is unknown or a value out of range.
    """

    loss: Annotated[str, one_of("loss", LOSSES)] = "cross_entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    class_weight: ClassWeight | None = None
    l2: Annotated[float, Field(ge=0, le=1000)] = 0.0
    optimizer: Annotated[AnyOptimizer, WrapValidator(_own_optimizer)] = SGD()
    schedule: AnySchedule = Constant()
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    ema_decay: Annotated[float, Field(gt=0, lt=1)] | None = None
    batch_size: BatchSize = 32
    epochs: Count | None = 10
    iterations: Count | None = None
    shuffle: bool = True
    replacement: bool = False
    frozen_layers: Annotated[int, Field(ge=0, le=MAX_LAYERS)] = 0
    early_stopping: EarlyStopping | None = None
    engine: EngineName = "auto"

    @property
    def step_config(self) -> StepConfig:
        """What a step is made of, as an engine takes it, without weights of classes."""
        more = Regularization(self.label_smoothing, self.l2, self.clip_norm, self.ema_decay)
        return StepConfig(LOSSES[self.loss], self.optimizer, more)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError(
                "give either epochs or iterations and set the other to null, "
                f"got {shown(self.epochs)} and {shown(self.iterations)}"
            )
        return self
