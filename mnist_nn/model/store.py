"""A model file holds a trained network and where it came from: a pickle of a plain dict.

Builtin values and NumPy arrays only, so that anyone can read it with ``pickle.load``, and
`load_model` can read it without trusting it. `docs/model-file.md` describes every key.
"""

import platform
from dataclasses import dataclass
from pathlib import Path
from pickle import dumps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import __version__
from ..config import Config, check_config
from ..errors import ConfigError, ModelError
from ..files import replacing
from ..nn import Network
from .build import build_network
from .unpickler import PickledArray, read_pickle

FORMAT, VERSION = "mnist-nn model", 1
PROTOCOL = 4  # in-band arrays, readable since Python 3.4
MAX_BYTES = 1 << 30
KEYS = {
    "format": str,
    "version": int,
    "config": dict,
    "input_scale": float,
    "parameters": dict,
    "history": list,
    "dataset": dict,
    "seed": int,
    "versions": dict,
}


@dataclass(frozen=True)
class Model:
    """A trained network and its provenance.

    Attributes
    ----------
    config
        The resolved config it was trained with.
    network
        With the trained parameters.
    history
        One dict per epoch: loss, accuracy and so on.
    dataset
        Name of the dataset it was trained on.
    sha256
        What proves that dataset, array by array.
    versions
        Of mnist-nn, NumPy and Python, at training.
    """

    config: Config
    network: Network
    history: list[dict[str, Any]]
    dataset: str
    sha256: dict[str, str]
    versions: dict[str, str]


def current_versions() -> dict[str, str]:
    """Versions that a model trained now is trained with."""
    return {
        "mnist-nn": __version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }


def save_model(path: Path, model: Model) -> None:
    """Write a model file, whole or not at all.

    Raises
    ------
    ModelError
        If the file cannot be written, or a weight is not finite.
    """
    if not np.isfinite(model.network.params).all():
        raise ModelError(f"{path} was not written: a weight is not finite")
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": model.config.model_dump(mode="json"),
        "input_scale": model.network.input_scale,
        "parameters": {k: v.copy() for k, v in model.network.named_parameters().items()},
        "history": model.history,
        "dataset": {"name": model.dataset, "sha256": model.sha256},
        "seed": model.config.seed,
        "versions": model.versions,
    }
    try:
        with replacing(path) as file:
            file.write(dumps(content, protocol=PROTOCOL))
    except OSError as error:
        raise ModelError(f"cannot write {path}: {error.strerror or error}") from error


def load_model(path: Path) -> Model:
    """Read a model file; nothing in it is ever executed.

    Raises
    ------
    ModelError
        If it cannot be read, is not a model file of this version, or its parts disagree.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ModelError(f"{path} is no model file: {size:,} bytes, more than {MAX_BYTES:,}")
        with path.open("rb") as file:
            content = read_pickle(file)
        return _checked(content)
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error
    except (ModelError, ConfigError) as error:
        raise ModelError(f"{path} is not a usable model file: {error}") from error


def _checked(content: Any) -> Model:
    """Make a model of a file's content, believing none of it."""
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ModelError("it was not written by mnist-nn train")
    if content.get("version") != VERSION:
        raise ModelError(
            f"its format has version {content.get('version')!r}, this program reads {VERSION}"
        )
    for key, kind in KEYS.items():
        if type(content.get(key)) is not kind:
            raise ModelError(f"its '{key}' is missing or no {kind.__name__}")
    config = check_config(content["config"])
    parameters = _arrays(content["parameters"])
    n_inputs = _check_shapes(config, parameters)
    network = build_network(
        config, n_inputs, content["input_scale"], np.random.default_rng(0)
    )  # its fresh weights give way to the file's
    for name, view in network.named_parameters().items():
        view[...] = parameters[name]
    dataset = content["dataset"]
    return Model(
        config,
        network,
        content["history"],
        str(dataset.get("name")),
        dict(dataset.get("sha256", {})),
        content["versions"],
    )


def _arrays(parameters: dict[Any, Any]) -> dict[str, NDArray[Any]]:
    """Take the arrays out of their recorders, all finite."""
    arrays = {}
    for name, value in parameters.items():
        array = value.array if isinstance(value, PickledArray) else None
        if array is None:
            raise ModelError(f"its parameter {name!r} is no array")
        if not np.isfinite(array).all():
            raise ModelError(f"its {name} are not all finite")
        arrays[name] = array
    return arrays


def _check_shapes(config: Config, arrays: dict[str, NDArray[Any]]) -> int:
    """Hold the arrays against the config; return the number of inputs, which only they tell."""
    first = arrays.get("layer_1.weights")
    if first is None or first.ndim != 2:
        raise ModelError("it has no layer_1.weights of two dimensions")
    expected: dict[str, tuple[int, ...]] = {}
    n_in = n_inputs = int(first.shape[0])
    for number, layer in enumerate(config.network.layers, 1):
        expected[f"layer_{number}.weights"] = (n_in, layer.units)
        if config.network.bias:
            expected[f"layer_{number}.biases"] = (layer.units,)
        n_in = layer.units
    shapes = {name: array.shape for name, array in arrays.items()}
    for name in expected | shapes:
        if shapes.get(name) != expected.get(name):
            raise ModelError(
                f"its config wants {name} of shape {expected.get(name)}, it has {shapes.get(name)}"
            )
    return n_inputs
