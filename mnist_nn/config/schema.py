"""The schema says which keys a config has, what each may be, and what it is unless given.

`docs/configuration.md` is the same list for readers.
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from ..augmentation import Augmentation
from ..data import DATASETS
from ..engines import EngineName, Regularization
from ..errors import hint, shown
from ..nn import ACTIVATIONS, INITIALIZERS, LOSSES
from ..training import SGD, Constant, EarlyStopping, Optimizer, Schedule

MAX_UNITS = 100_000
MAX_LAYERS = 100
MAX_COUNT = 1_000_000_000
SEED_LIMIT = 2**63


def _one_of(what: str, known: Iterable[str]) -> AfterValidator:
    """Admit only the names in a table."""

    def check(name: str) -> str:
        if name not in known:
            raise ValueError(f"unknown {what} '{name[:100]}' {hint(name, known)}")
        return name

    return AfterValidator(check)


def _number(rule: str, good: Callable[[Any], bool]) -> BeforeValidator:
    """Admit values of more than one kind under one rule, so that an error states it once."""

    def check(value: Any) -> Any:
        if isinstance(value, bool) or not good(value):
            raise ValueError(f"must be {rule}, got {shown(value)}")
        return value

    return BeforeValidator(check)


Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
BatchSize = Annotated[
    int | Literal["full"],
    _number(
        "a whole number from 1 to 1,000,000,000 or 'full'",
        lambda value: value == "full" or (isinstance(value, int) and 1 <= value <= MAX_COUNT),
    ),
]
HeldOut = Annotated[
    int | float,
    _number(
        "a count (a whole number, 0 for none) or a fraction between 0 and 1",
        lambda value: (
            (isinstance(value, int) and value >= 0) or (isinstance(value, float) and 0 < value < 1)
        ),
    ),
]


class Section(BaseModel):
    """A mapping of known keys to values of exactly the given types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


class DataConfig(Section):
    """What to learn from."""

    dataset: Annotated[str, _one_of("dataset", DATASETS)] = "mnist"
    validation: HeldOut = 0
    augmentation: Augmentation = Augmentation()


class LayerConfig(Section):
    """One dense layer."""

    units: Annotated[int, Field(ge=1, le=MAX_UNITS)]
    activation: Annotated[str, _one_of("activation", ACTIVATIONS)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0


class InitializerConfig(Section):
    """Where the weights start."""

    name: Annotated[str, _one_of("initializer", INITIALIZERS)] = "glorot_uniform"
    scale: Annotated[float, Field(gt=0, le=1000)] | None = None
    biases: bool = False
    legacy_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None


class NetworkConfig(Section):
    """The network."""

    layers: Annotated[list[LayerConfig], Field(min_length=1, max_length=MAX_LAYERS)] = [
        LayerConfig(units=128, activation="sigmoid"),
        LayerConfig(units=64, activation="sigmoid"),
        LayerConfig(units=10, activation="softmax"),
    ]
    bias: bool = True
    initializer: InitializerConfig = InitializerConfig()
    dtype: Literal["float32", "float64"] = "float32"


class TrainingConfig(Section):
    """How the network learns."""

    loss: Annotated[str, _one_of("loss", LOSSES)] = "cross_entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    l2: Annotated[float, Field(ge=0, le=1000)] = 0.0
    optimizer: Optimizer = SGD()
    schedule: Schedule = Constant()
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
    def regularization(self) -> Regularization:
        """Label smoothing, the penalty, clipping and averaging in one."""
        return Regularization(self.label_smoothing, self.l2, self.clip_norm, self.ema_decay)

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.epochs is None) == (self.iterations is None):
            raise ValueError(
                "give either epochs or iterations and set the other to null, "
                f"got {shown(self.epochs)} and {shown(self.iterations)}"
            )
        return self


class Config(Section):
    """A whole config."""

    seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 0
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        for i, layer in enumerate(self.network.layers):
            if ACTIVATIONS[layer.activation].pullback is None:
                raise ValueError(
                    f"network.layers.{i}.activation: '{layer.activation}' cannot be trained, its "
                    "derivative is zero wherever it exists; use sigmoid, tanh or relu"
                )
        last = len(self.network.layers) - 1
        if self.network.layers[last].dropout:
            raise ValueError(
                f"network.layers.{last}.dropout: the last layer's outputs are the answer and "
                "cannot be dropped; set it to 0"
            )
        try:
            LOSSES[self.training.loss].check(self.network.layers[-1].activation)
        except ValueError as error:
            raise ValueError(f"training.loss: {error}") from error
        return self

    @model_validator(mode="after")
    def _can_be_watched(self) -> Self:
        stopping = self.training.early_stopping
        if stopping and stopping.monitor.startswith("validation") and not self.data.validation:
            raise ValueError(
                f"training.early_stopping.monitor: {stopping.monitor} needs validation samples; "
                "hold some out with data.validation, such as 5000 or 0.1"
            )
        return self
