"""TrainingConfig: the ``training`` section of a config, and the settings of `fit`."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidatorFunctionWrapHandler, WrapValidator, model_validator

from ..checks import MAX_COUNT, Count, Section, number, one_of
from ..engines import EngineName, Regularization, StepConfig
from ..errors import shown
from ..nn import LOSSES
from .early_stopping import EarlyStopping
from .optimizers import SGD, AnyOptimizer, Optimizer
from .schedules import AnySchedule, Constant

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
        A key of `LOSSES` that fits the network's output.
    label_smoothing
        Share of each target that is spread over all classes, 0 or more and below 1: see
        `target_rows`.
    l2
        λ of a penalty on weights, 0 to 1000: see `penalty`.
    optimizer
        How a gradient becomes a step.
    schedule
        How the learning rate varies.
    clip_norm
        Greatest length of a gradient, above 0; None for any.
    ema_decay
        Share that each step keeps of a moving average of the parameters, above 0 and below 1; None
        for no average.
    batch_size
        Samples per step, 1 or more; ``"full"`` for all of them.
    epochs
        How many times to go through the samples, 1 or more; None where `iterations` is given.
    iterations
        How many steps to take instead; the last epoch may be cut short.
    shuffle
        Whether each epoch has an order of its own; otherwise it is that of the samples.
    replacement
        Draw each sample independently, so that in one epoch some come twice and some never.
    early_stopping
        When to stop sooner, which the caller sees to: see `EarlyStopper`.
    engine
        Which engine runs the steps: ``"numpy"``, ``"numba"`` or, with ``"auto"``, the faster one;
        `choose_engine` says which. They differ in the last digits. What Numba's cannot run, NumPy's
        does.

    Raises
    ------
    pydantic.ValidationError
        A ValueError: if a key is unknown or a value out of range.
    """

    loss: Annotated[str, one_of("loss", LOSSES)] = "cross_entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
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
    early_stopping: EarlyStopping | None = None
    engine: EngineName = "auto"

    @property
    def step_config(self) -> StepConfig:
        """What a step is made of, as an engine takes it."""
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
