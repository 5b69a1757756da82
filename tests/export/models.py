"""Models to export: made in a moment, with random weights and statistics."""

from dataclasses import replace
from typing import Any

import numpy as np

from mnist_nn.config import Config
from mnist_nn.data import DATASETS, SampleFormat, Samples
from mnist_nn.evaluation.calibration import Calibration
from mnist_nn.model import Model, build_network
from mnist_nn.nn import ACTIVATIONS, InputNormalization

TRAINABLE = [name for name, function in ACTIVATIONS.items() if function.trainable]
LARGE = {"variance": 10}  # the rest is about 1


def layer(activation: str, units: int = 10, **options: Any) -> dict[str, Any]:
    """Return a layer entry of a config."""
    return {"units": units, "activation": activation, **options}


def random_model(
    *layers: dict[str, Any],
    dataset: str = "mnist-sample",
    samples: SampleFormat | None = None,
    temperature: float | None = None,
    loss: str = "cross_entropy",
    rotation: float = 0.0,
    **network: Any,
) -> Model:
    """Make a model of a config's layer entries for a dataset, or for samples of another format."""
    config = Config.model_validate(
        {
            "data": {"dataset": dataset, "augmentation": {"rotation": rotation}},
            "network": {"layers": list(layers), **network},
            "training": {"loss": loss},
        }
    )
    samples = samples or DATASETS[dataset].format
    rng = np.random.default_rng(0)
    made = build_network(config, samples, rng)
    for name, array in made.named_parameters().items():
        kind = name.partition(".")[2]
        if kind != "weights":
            array[...] = LARGE.get(kind, 1) * rng.uniform(0.5, 1.5, array.shape)
    calibration = Calibration(temperature) if temperature else None
    return Model(config, made, samples, [], calibration=calibration)


def standardized(dataset: str, samples: Samples) -> SampleFormat:
    """Return the format of a dataset, with inputs standardized on samples."""
    plain = DATASETS[dataset].format
    normalization = InputNormalization.standardize(samples.x * plain.input_scale)
    return replace(plain, normalization=normalization)
