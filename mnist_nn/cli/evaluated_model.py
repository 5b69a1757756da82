"""What ``evaluate`` and ``plot`` have in common: a model file becomes a subject to be measured."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..errors import escaped
from .guard import eprint

if TYPE_CHECKING:
    from ..data import Dataset, Samples
    from ..evaluation import Curves, EvaluatedModel
    from ..model import Model


class Measured(NamedTuple):
    """A model, what it was measured on, and what it came to."""

    model: "Model"
    data: "Dataset"
    evaluated: "EvaluatedModel"

    @property
    def parts(self) -> "list[Samples]":
        """Of the dataset: to learn from and, if there are any, to test on."""
        return [part for part in (self.data.train, self.data.test) if part is not None]


def measured(
    path: Path, trained: "Model", data: "Dataset", split: str, curves: "Curves | None" = None
) -> Measured:
    """Measure a model on the ``train`` or ``test`` split of a dataset.

    ConfigError if it cannot read the data or there is no such split; ModelError if it overflows.
    """
    import numpy as np

    from ..errors import ModelError
    from ..evaluation import EvaluatedModel, evaluate
    from ..model import check_fits
    from ..nn import LOSSES

    samples = _samples(trained, data, split)
    check_fits(trained.config, data.name, data.info)
    loss = LOSSES[trained.config.training.loss]
    with np.errstate(all="ignore"):  # what is not finite is an error below
        result = evaluate(trained.network, loss, samples)
    if not math.isfinite(result.loss):
        raise ModelError(f"{path} cannot be measured: its loss is {result.loss} on {data.name}")
    name, source = escaped(str(path)), f"{split} samples of {data.name}"
    evaluated = EvaluatedModel(name, trained.network, data.info, samples, source, result, curves)
    return Measured(trained, data, evaluated)


def _samples(trained: "Model", data: "Dataset", split: str) -> "Samples":
    """Pick the split, if it exists and the network can read it."""
    from ..errors import ConfigError

    if data.info.n_inputs != trained.network.sizes[0]:
        raise ConfigError(
            f"{data.name} has {data.info.n_inputs} numbers per sample, but the model reads "
            f"{trained.network.sizes[0]}; choose another --dataset"
        )
    samples = data.train if split == "train" else data.test
    if samples is None:
        raise ConfigError(f"{data.name} has no test samples; measure with --split train")
    if data.name == trained.config.data.dataset and data.sha256 != trained.sha256:
        eprint(f"note: {data.name} is not the same data that the model was trained on")
    return samples


def model_curves(path: Path, trained: "Model") -> "Curves | None":
    """Make curves of a model's history, None without one; ModelError if a figure is unusable."""
    from ..errors import ModelError
    from ..evaluation import curves_of

    if not trained.history:
        return None
    try:
        history = [metrics.as_dict() for metrics in trained.history]
        return curves_of(escaped(str(path)), history, trained.kept_epoch)
    except ValueError as error:
        raise ModelError(f"{path}: its history cannot be drawn: {error}") from error
