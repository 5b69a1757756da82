"""``mnist-nn convert``: make a model of weights from another program."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..data import SampleFormat, Samples, dataset_info, load_dataset
from ..errors import ConfigError, DataError
from ..evaluation import evaluate
from ..importing.weights import read_weights
from ..model import Model, check_fits, network_of_weights
from ..outputs import check_output
from ..training import near_chance
from .guard import eprint, print_path
from .options import (
    MAIN_PRESET,
    DataDir,
    Debug,
    Output,
    Overrides,
    complete_config,
    config_paths,
    read_settings,
)

SHIPPED = "mnist-sample"


def convert(
    weights: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="Weights of dense layers: .safetensors, .npz or .onnx."
        ),
    ],
    config: Annotated[
        list[Path] | None,
        typer.Option(
            "--config",
            "-c",
            metavar="CONFIG",
            autocompletion=complete_config,
            help="Name of a preset, or path of a YAML file, with the layers. Repeatable: of "
            "several, later ones win.",
            show_default=MAIN_PRESET,
            rich_help_panel="Config",
        ),
    ] = None,
    set_: Overrides = None,
    data_dir: DataDir = None,
    output: Output = Path("model.pkl"),
    debug: Debug = False,
) -> None:
    """Make a model of weights from another program.

    They are dense layers, made by PyTorch, Keras, scikit-learn or mnist-nn export. The config says
    which: units and activations of the layers, and the dataset that they are for. Arrays are found
    by their shapes and order, those of mnist-nn export by name; what became what is told. Weights
    are taken to read pixels from 0 to 1, unless the file says otherwise.

    The model is measured on the dataset's test samples, or else on those that ship, and its path is
    printed. Files of safetensors and ONNX need the extra export.
    """
    configs = config_paths(None, config)
    settings = read_settings(configs, set_)
    info = dataset_info(settings.data.dataset, data_dir)
    check_fits(settings, info.name, info.format)
    check_output(output, inputs=[*configs, weights])
    file = read_weights(weights)
    try:
        network, notes = network_of_weights(settings, info.format, file.arrays, file.facts)
    except (ConfigError, DataError) as error:
        raise type(error)(f"{weights} cannot be converted: {error}") from error
    for note in [*file.notes, *notes]:
        eprint(note)
    model = Model(config=settings, network=network, format=info.format, history=[])
    model.save(output)
    _measure(model, info.format, data_dir)
    print_path(output)


def _measure(model: Model, samples: SampleFormat, data_dir: Path | None) -> None:
    """Print the accuracy of a model, and warn if it is near chance."""
    try:
        where, some = _samples(model.config.data.dataset, samples, data_dir)
    except (ConfigError, DataError) as error:
        first, *_ = str(error).splitlines()
        eprint(f"note: it could not be measured: {first}")
        return
    with np.errstate(all="ignore"):
        result = evaluate(model.network, some, model.config.training.loss)
    eprint(f"accuracy {result.accuracy:.2%} on {result.samples:,} {where}")
    reads = "pixels from 0 to 1" if samples.image_shape else "the dataset's measurements"
    if near_chance(result.accuracy, some.y):
        eprint(
            "warning: that is near chance; check the order of the layers and their activations, "
            f"and that the weights read {reads}"
        )


def _samples(name: str, samples: SampleFormat, data_dir: Path | None) -> tuple[str, Samples]:
    """Return samples of a dataset, or else of the one that ships, and what they are."""
    try:
        data = load_dataset(name, data_dir)
    except DataError:
        data = load_dataset(SHIPPED)
        if data.info.format != samples:
            raise
    if data.test is None:
        return f"training samples of {data.name}", data.train
    return f"test samples of {data.name}", data.test
