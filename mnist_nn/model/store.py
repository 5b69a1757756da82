"""A model file holds a trained network and where it came from: a pickle of a plain dict.

Builtin values and NumPy arrays only, so that anyone can read it with ``pickle.load``, and
`load_model` can read it without trusting it. `docs/model-file.md` describes every key.
"""

from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import FailFast, Field

from ..config import Config
from ..data import dataset_info
from ..errors import ModelError
from ..files import StrPath
from ..nn import Network
from .build import build_network, parameters_of
from .content import DatasetPart, Part, check_size, config_of, parse, pickled, read, write
from .unpickler import PickledArray

FORMAT: Literal["mnist-nn model"] = "mnist-nn model"
VERSION: Literal[1] = 1
OTHERS = {
    "mnist-nn checkpoint": "it is the checkpoint of a run that can go on: "
    "mnist-nn train --resume makes a model of it"
}
MAX_BYTES = 1 << 30


@dataclass(frozen=True, eq=False)
class Model:
    """A trained network and its provenance.

    Attributes
    ----------
    config
        The resolved config it was trained with.
    network
        With the trained parameters.
    history
        One dict per epoch: loss, accuracy and so on, as plain Python numbers.
    sha256
        What proves the dataset it was trained on, array by array.
    versions
        Of mnist-nn, NumPy and Python, at training.
    """

    config: Config
    network: Network
    history: list[dict[str, Any]]
    sha256: dict[str, str]
    versions: dict[str, str]


class Content(Part):
    """The whole dict, as read."""

    format: Literal["mnist-nn model"]
    version: Literal[1]
    config: dict[str, Any]
    input_scale: Annotated[float, Field(gt=0)]
    parameters: dict[str, PickledArray]
    history: Annotated[list[dict[str, int | float | None]], FailFast()]
    dataset: DatasetPart
    seed: int
    versions: dict[str, str]


def save_model(path: StrPath, model: Model) -> None:
    """Write a model file, whole or not at all, and only if `load_model` would read it.

    Raises
    ------
    ModelError
        If the file cannot be written, a weight is not finite, or the parts do not make a model.
    """
    content = {
        "format": FORMAT,
        "version": VERSION,
        "config": model.config.model_dump(mode="json"),
        "input_scale": model.network.input_scale,
        "parameters": {k: v.copy() for k, v in model.network.named_parameters().items()},
        "history": model.history,
        "dataset": {"name": model.config.data.dataset, "sha256": model.sha256},
        "seed": model.config.seed,
        "versions": model.versions,
    }
    blob = pickled(content)
    try:
        _model_of(blob)
    except ModelError as error:
        raise ModelError(f"{path} was not written: {error}") from error
    write(path, blob)


def load_model(path: StrPath) -> Model:
    """Read a model file; nothing in it is ever executed.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If it cannot be read, is not a model file of this version, or its parts disagree.
    """
    return read(path, "model", MAX_BYTES, _model_of)


def _model_of(blob: bytes) -> Model:
    """Make a model of a file's bytes, verifying all of them."""
    check_size(len(blob), MAX_BYTES, "model")
    content = parse(blob, Content, FORMAT, OTHERS)
    config = config_of(content.config)
    dataset = content.dataset
    if (content.seed, dataset.name) != (config.seed, config.data.dataset):
        raise ModelError("its seed or its dataset is not that of its config")
    network = _network(config, content)
    return Model(config, network, content.history, dataset.sha256, content.versions)


def _network(config: Config, content: Content) -> Network:
    """Put the file's parameters into the network that the config describes."""
    arrays = {name: pickled.array for name, pickled in content.parameters.items()}
    n_inputs = dataset_info(config.data.dataset).n_inputs
    try:
        parameters_of(config, n_inputs).check({name: a.shape for name, a in arrays.items()})
    except ValueError as error:
        raise ModelError(f"its config {error}") from error
    network = build_network(config, n_inputs, content.input_scale, None)
    for name, view in network.named_parameters().items():
        array = arrays[name]
        if array.dtype.newbyteorder("=") != view.dtype:
            raise ModelError(f"its {name} are not {view.dtype}")
        view[...] = array
    if not np.isfinite(network.params).all():
        raise ModelError("a weight is not finite")
    return network
