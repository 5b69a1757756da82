"""Schema of a config: its keys, their ranges and their defaults.

`docs/configuration.md` is the same list for readers.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from ..augmentation import Augmentation
from ..checks import Section, number, one_of
from ..data import NAME_RULE, is_name
from ..nn import ACTIVATIONS, INITIALIZERS, LOSSES, Layer, block
from ..training import MAX_LAYERS, TrainingConfig

SEED_LIMIT = 2**63

HeldOut = Annotated[
    int | float,
    number(
        "a count (a whole number, 0 for none) or a fraction between 0 and 1",
        lambda value: (
            (isinstance(value, int) and value >= 0) or (isinstance(value, float) and 0 < value < 1)
        ),
    ),
]


class DataConfig(Section):
    """The training data.

    Attributes
    ----------
    dataset
        Name of the dataset: one that ``mnist-nn datasets`` lists, or the name of an imported one.
    validation
        Training samples to hold out and measure after each epoch, each class in proportion. At the
        end probabilities are calibrated on them, and 100 or more also say when to answer ``?``.
    augmentation
        How training distorts images.
    """

    dataset: Annotated[str, number(NAME_RULE, is_name)] = "mnist"
    validation: HeldOut = 0
    augmentation: Augmentation = Augmentation()


class LayerConfig(Section):
    """One dense layer, with its activation.

    Attributes
    ----------
    units
        Outputs of the layer; the last one has a unit per class, or a single one for two classes.
    activation
        Function of the sums. ``step`` cannot be trained.
    dropout
        Share of the layer's outputs that are set to 0 at each step of training, in steps of
        1/65536; the others are scaled up, and evaluation uses them all. Not for the last layer.
    batch_norm
        Normalize the sums over each batch before the activation (Ioffe and Szegedy, 2015; momentum
        0.99 and ε 0.001, as in Keras). Evaluation uses running averages, which are saved with the
        model. Needs a ``batch_size`` of 2 or more; the NumPy engine runs it.
    """

    units: Annotated[int, Field(ge=1, le=100_000)]
    activation: Annotated[str, one_of("activation", ACTIVATIONS)]
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0
    batch_norm: bool = False


MAIN_NETWORK = [
    LayerConfig(units=128, activation="sigmoid"),
    LayerConfig(units=64, activation="sigmoid"),
    LayerConfig(units=10, activation="softmax"),
]


class InitializerConfig(Section):
    """The initial weights.

    Attributes
    ----------
    name
        Distribution of the weights.
    scale
        Factor on the spread of the weights; null for the initializer's own.
    biases
        Draw the biases like the weights instead of starting them at 0.
    legacy_seed
        Draw the weights from NumPy's legacy generator with this seed, as the reference write-ups
        do, instead of from ``seed``.
    """

    name: Annotated[str, one_of("initializer", INITIALIZERS)] = "glorot_uniform"
    scale: Annotated[float, Field(gt=0, le=1000)] | None = None
    biases: bool = False
    legacy_seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None


class NetworkConfig(Section):
    """The network.

    Attributes
    ----------
    layers
        Layers from the first hidden one to the output, 1 to 100.
    bias
        Whether each unit adds a bias; under batch normalization, which has its own, none does.
    initializer
        Where the weights start.
    dtype
        Type of parameters and arithmetic.
    """

    layers: Annotated[list[LayerConfig], Field(min_length=1, max_length=MAX_LAYERS)] = MAIN_NETWORK
    bias: bool = True
    initializer: InitializerConfig = InitializerConfig()
    dtype: Literal["float32", "float64"] = "float32"

    def build_layers(self) -> list[Layer]:
        """Return the layers that the entries stand for."""
        entries = [entry.model_dump() for entry in self.layers]
        return [layer for entry in entries for layer in block(**entry, bias=self.bias)]


class Config(Section):
    """A whole config.

    Attributes
    ----------
    seed
        Seed of every random stream: weights, order of samples, validation split, dropout and
        distortions.
    data, network, training
        Its sections.
    """

    seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 0
    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    training: TrainingConfig = TrainingConfig()

    @model_validator(mode="after")
    def _can_be_trained(self) -> Self:
        for i, layer in enumerate(self.network.layers):
            if not ACTIVATIONS[layer.activation].trainable:
                raise ValueError(
                    f"network.layers.{i}.activation: '{layer.activation}' cannot be trained, its "
                    "derivative is zero wherever it exists; use sigmoid, tanh or relu"
                )
        last = len(self.network.layers) - 1
        if self.training.frozen_layers > last:
            raise ValueError(
                f"training.frozen_layers: must be below the number of layers, {last + 1}, or none "
                f"would be trained, got {self.training.frozen_layers}"
            )
        if self.network.layers[last].dropout:
            raise ValueError(
                f"network.layers.{last}.dropout: the last layer's outputs are the answer and "
                "cannot be dropped; set it to 0"
            )
        try:
            LOSSES[self.training.loss].check(self.network.layers[-1].activation)
        except ValueError as error:
            raise ValueError(f"training.loss: {error}") from error
        if self.training.batch_size == 1 and any(entry.batch_norm for entry in self.network.layers):
            raise ValueError(
                "training.batch_size: batch normalization needs 2 or more, as a single sample has "
                "no variance"
            )
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
