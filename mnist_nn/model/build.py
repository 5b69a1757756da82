"""Build the network of a config."""

import numpy as np

from ..augmentation import MAX_SIDE
from ..config import Config
from ..data import SampleFormat
from ..errors import ConfigError
from ..nn import Initializer, Network, ParameterSpec, parameter_spec
from ..training import TrainingConfig, number_classes

MAX_BYTES = 960 << 20  # of parameters: a model file may have 1 GiB, its history included


def build_network(
    config: Config, samples: SampleFormat, rng: np.random.Generator | None
) -> Network:
    """Make the network of a config, for samples of a format.

    `rng` draws the weights, unless the config names a legacy seed; None leaves them zero.
    """
    settings = config.network.initializer
    legacy = settings.legacy_seed if rng is not None else None
    return Network(
        samples.n_inputs,
        config.network.build_layers(),
        rng=rng if legacy is None else np.random.RandomState(legacy),
        initializer=Initializer(settings.name, settings.scale, settings.biases),
        input_scale=samples.input_scale,
        normalization=samples.normalization,
        dtype=config.network.dtype,
    )


def parameters_of(config: Config, n_inputs: int) -> ParameterSpec:
    """Return the parameters of a config's network, without making it."""
    return parameter_spec(n_inputs, config.network.build_layers())


def check_numbers(network: Network) -> None:
    """Refuse parameters with which a network cannot compute; ValueError."""
    if not np.isfinite(network.params).all():
        raise ValueError("a weight is not finite")
    for name, array in network.named_parameters().items():
        if name.endswith(".variance") and (array < 0).any():
            raise ValueError(f"a number of its {name} is negative")


def describe_network(config: Config, n_inputs: int) -> list[str]:
    """Describe the layers of a config's network and count their parameters, a line for each."""
    spec, n_in = parameters_of(config, n_inputs), n_inputs
    rows = [f"network: {n_inputs} inputs"]
    for number, entry in enumerate(config.network.layers, 1):
        size = sum(p.size for p in spec.parameters if p.name.startswith(f"layer_{number}."))
        what = f"{entry.activation} with batch_norm" if entry.batch_norm else entry.activation
        frozen = ", frozen" if number <= config.training.frozen_layers else ""
        rows.append(
            f"  layer {number}: {n_in} -> {entry.units} {what}, {size:,} parameters{frozen}"
        )
        n_in = entry.units
    return [*rows, f"parameters: {spec.size:,}"]


def trained_parameters_of(config: Config, n_inputs: int) -> ParameterSpec:
    """Return the parameters of the layers that are not frozen, which are a network of their own."""
    network, frozen = config.network, config.training.frozen_layers
    if frozen:
        n_inputs = network.layers[frozen - 1].units
    trained = network.model_copy(update={"layers": network.layers[frozen:]})
    return parameter_spec(n_inputs, trained.build_layers())


def training_settings(config: Config, samples: SampleFormat) -> TrainingConfig:
    """Return a config's training section for `fit`, which knows classes by their numbers.

    ConfigError if a class weight is of no class.
    """
    numbered = number_classes(config.training.class_weight, samples.class_names)
    return config.training.model_copy(update={"class_weight": numbered})


def check_fits(config: Config, dataset: str, samples: SampleFormat) -> None:
    """Refuse a config that does not suit its dataset: ConfigError.

    There must be one output per class, or a single one for two classes; only images can be
    distorted; class weights must be of its classes; and a file must have room for the network.
    """
    training_settings(config, samples)
    units, n_classes = config.network.layers[-1].units, len(samples.class_names)
    if units != n_classes and not (units == 1 and n_classes == 2):
        last = len(config.network.layers) - 1
        raise ConfigError(
            f"network.layers.{last}.units: {dataset} has {n_classes} classes, so the last layer "
            f"needs {n_classes} units, got {units}"
        )
    if units == 1 and config.network.layers[-1].activation == "softmax":
        raise ConfigError(
            "network.layers: a softmax over a single unit is always 1; use sigmoid with "
            "training.loss=binary_cross_entropy"
        )
    check_augmentation(config, dataset, samples)
    count = parameters_of(config, samples.n_inputs).size
    size = count * np.dtype(config.network.dtype).itemsize
    if size > MAX_BYTES:
        raise ConfigError(
            f"network.layers: {count:,} parameters of {config.network.dtype} are {size:,} bytes, "
            f"more than the {MAX_BYTES:,} of the largest network; take fewer units"
        )


def check_augmentation(config: Config, dataset: str, samples: SampleFormat) -> None:
    """Refuse to distort what is no image, or too large: ConfigError."""
    if not config.data.augmentation.active:
        return
    shape = samples.image_shape
    if shape is None:
        raise ConfigError(
            f"data.augmentation: {dataset} has no images to distort; leave its numbers at 0"
        )
    if max(shape) > MAX_SIDE:
        raise ConfigError(
            f"data.augmentation: the images of {dataset} are {shape[0]}×{shape[1]} pixels, and "
            f"only those with sides of at most {MAX_SIDE} can be distorted; leave its numbers at 0"
        )
