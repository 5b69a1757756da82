"""`train`: a config becomes a model in one call."""

from collections.abc import Mapping
from typing import Any

from ..config import SHORT_KEYS, Config, Source, find_config, read_file, resolve, value_source
from ..data import load_dataset
from ..errors import ConfigError
from ..files import StrPath
from ..model import Model, load_starting_weights
from .run import Run


def train(
    config: StrPath | Config = "base",
    *,
    epochs: int | None = None,
    batch_size: int | str | None = None,
    lr: float | None = None,
    seed: int | None = None,
    engine: str | None = None,
    overrides: Mapping[str, Any] | None = None,
    data_dir: StrPath | None = None,
    init_from: StrPath | None = None,
) -> Model:
    """Train a network as a config says: what ``mnist-nn train`` does, bit for bit.

    Parameters
    ----------
    config
        Name of a preset, path of a YAML file, or a `Config`.
    epochs, batch_size, lr, seed, engine
        Values for ``training.epochs``, ``training.batch_size``,
        ``training.optimizer.learning_rate``, ``seed`` and ``training.engine``.
    overrides
        Values for other keys, by dotted key: ``{"training.l2": 1e-5}``.
    data_dir
        Folder of downloaded and imported datasets; None for ``$MNIST_NN_DATA_DIR`` or the user's
        cache folder.
    init_from
        Model file whose weights to start from: those of all layers if all have the same shapes, or
        else of all but the last. Its first layers can be frozen:
        ``overrides={"training.frozen_layers": 1}``.

    Returns
    -------
    Model

    Raises
    ------
    ConfigError
        If the config cannot be read or a value is wrong, there is not enough memory, or the network
        cannot start from the model.
    DataError
        If the dataset has not been downloaded or is damaged.
    DivergenceError
        If the loss or a parameter stops being finite.
    ModelError
        If the model to start from cannot be used.
    """
    short = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed, "engine": engine}
    if not isinstance(overrides, Mapping | None):
        raise ConfigError("overrides must be a mapping of dotted keys to values")
    values = dict(overrides or {})
    values |= {SHORT_KEYS[name]: value for name, value in short.items() if value is not None}
    if isinstance(config, Config):
        sources = [Source("its config", config.model_dump(mode="json"))]
    else:
        sources = [read_file(find_config(config))]
    resolved = resolve(
        [*sources, *(value_source("train()", key, value) for key, value in values.items())]
    )
    dataset = load_dataset(resolved.data.dataset, data_dir)
    weights = None
    if init_from is not None:
        weights = load_starting_weights(init_from, resolved, dataset.info.format)
    run = Run(resolved, dataset, init_from=weights)
    for _ in run:
        pass
    return run.model
