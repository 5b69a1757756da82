"""`train`: a config becomes a model in one call."""

from collections.abc import Mapping
from typing import Any

from ..config import SHORT_KEYS, Config, Source, find_config, read_file, resolve, value_source
from ..data import dataset_info, load_dataset
from ..files import StrPath
from ..model import Model, check_fits
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
        Folder of downloaded datasets; None for ``$MNIST_NN_DATA_DIR`` or the user's cache folder.

    Returns
    -------
    Model

    Raises
    ------
    ConfigError
        If the config cannot be read or a value is wrong, or there is not enough memory.
    DataError
        If the dataset has not been downloaded or is damaged.
    DivergenceError
        If the loss or a parameter stops being finite.
    """
    short = {"epochs": epochs, "batch_size": batch_size, "lr": lr, "seed": seed, "engine": engine}
    if isinstance(config, Config):
        sources = [Source("its config", config.model_dump(mode="json"))]
    else:
        sources = [read_file(find_config(config))]
    sources += [value_source(key, key, value) for key, value in (overrides or {}).items()]
    sources += [
        value_source(name, SHORT_KEYS[name], value)
        for name, value in short.items()
        if value is not None
    ]
    resolved = resolve(sources)
    name = resolved.data.dataset
    check_fits(resolved, name, dataset_info(name))
    run = Run(resolved, load_dataset(name, data_dir))
    for _ in run:
        pass
    return run.model
