"""``mnist-nn convert``: make a model of weights from another program."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from ..config import Config
from ..data import Dataset, SampleFormat, Samples, dataset_info, load_dataset
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
    _measure(model, settings, info.format, data_dir)
    print_path(output)


def _measure(model: Model, config: Config, samples: SampleFormat, data_dir: Path | None) -> None:
    """Print the accuracy of a model, and warn if it is near chance."""
    found, reason = _test_samples(config.data.dataset, samples, data_dir)
    if found is None:
        eprint(f"note: it could not be measured: {reason}")
        return
    name, test = found
    with np.errstate(all="ignore"):
        result = evaluate(model.network, test, config.training.loss)
    eprint(f"accuracy {result.accuracy:.2%} on {result.samples:,} test samples of {name}")
    if near_chance(result.accuracy, test.y):
        eprint(
            "warning: that is near chance; check the order of the layers and their activations, "
            "and that the weights read pixels from 0 to 1"
        )


def _test_samples(
    name: str, samples: SampleFormat, data_dir: Path | None
) -> tuple[tuple[str, Samples] | None, str]:
    """Return the test samples of a dataset, or of the one that ships, or why there are none."""
    reason = f"{name} has no test samples"
    for candidate in dict.fromkeys((name, SHIPPED)):
        try:
            data: Dataset = load_dataset(candidate, data_dir)
            fits = candidate == name or data.info.format == samples
            if fits and data.test is not None:
                return (candidate, data.test), ""
        except (ConfigError, DataError) as error:
            reason = str(error).partition("\n")[0]
    return None, reason
