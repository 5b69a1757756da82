"""Measure a model from a file, for ``evaluate`` and ``plot``."""

import math
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ..data import Dataset, Samples
from ..errors import ConfigError, ModelError
from ..evaluation import Curves, EvaluatedModel, curves_of, evaluate
from ..model import Model, check_fits
from .bars import progress_bar
from .guard import eprint
from .models import name_of


class LoadedModel(NamedTuple):
    """A model from a file, a dataset, and how the model does on it."""

    model: Model
    data: Dataset
    evaluated: EvaluatedModel

    @property
    def all_samples(self) -> list[Samples]:
        """Training samples of the dataset and, if there are any, its test samples."""
        return [samples for samples in (self.data.train, self.data.test) if samples is not None]


def evaluate_model(
    path: Path | None, model: Model, data: Dataset, split: str, curves: Curves | None = None
) -> LoadedModel:
    """Measure a model on the ``train`` or ``test`` split of a dataset.

    ConfigError if it cannot read the data or there is no such split; ModelError if it overflows.
    """
    samples, name = _samples(model, data, split), name_of(path)
    check_fits(model.config, data.name, data.info.format)
    if data.info.format.class_names != model.format.class_names:
        eprint(f"note: the classes of {data.name} are not those that {name} was trained on")
    known = model.sha256 and data.name == model.config.data.dataset
    if known and data.sha256 != model.sha256:
        eprint(f"note: {data.name} is not the same data that {name} was trained on")
    loss = model.config.training.loss
    with progress_bar(len(samples.y), "samples") as bar, np.errstate(all="ignore"):
        result = evaluate(model.network, samples, loss, progress=bar.update)
    if not math.isfinite(result.loss):
        raise ModelError(f"{name} cannot be measured: its loss is {result.loss} on {data.name}")
    kind = "training" if split == "train" else split
    source = f"{kind} samples of {data.name}"
    evaluated = EvaluatedModel(
        name,
        model.network,
        data.info.format,
        samples,
        source,
        result,
        curves,
        calibration=model.calibration,
    )
    return LoadedModel(model, data, evaluated)


def _samples(model: Model, data: Dataset, split: str) -> Samples:
    """Return the samples of a split, if it exists and the network can read it."""
    if data.info.format.n_inputs != model.network.sizes[0]:
        raise ConfigError(
            f"{data.name} has {data.info.format.n_inputs} numbers per sample, but the model reads "
            f"{model.network.sizes[0]}; choose another --dataset"
        )
    samples = data.train if split == "train" else data.test
    if samples is None:
        raise ConfigError(f"{data.name} has no test samples; measure with --split train")
    return samples


def model_curves(path: Path | None, model: Model) -> Curves | None:
    """Return the curves of a model's history, None without one; ModelError if one is unusable."""
    if not model.history:
        return None
    try:
        return curves_of(name_of(path), model.history, model.kept_epoch)
    except ValueError as error:
        raise ModelError(f"{name_of(path)}: its history cannot be drawn: {error}") from error
