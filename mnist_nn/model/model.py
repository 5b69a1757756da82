"""Model: a trained network and its provenance; its file is a pickle of a plain dict.

The file has builtin values and NumPy arrays only: anyone can read it with ``pickle.load``, and
`load_model` reads it without trusting it. `docs/model-file.md` describes every key.
"""

import gzip
import math
import zlib
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import FailFast, Field, TypeAdapter

from ..checks import RECORD, Whole
from ..config import Config
from ..data import SampleFormat, Samples, load_dataset
from ..data.scale import check_scale
from ..errors import ConfigError, ModelError, warn
from ..evaluation import Answers, Calibration, Evaluation, answer, evaluate
from ..evaluation.notebook import curves_html
from ..evaluation.subspace import N_COMPONENTS
from ..files import StrPath
from ..nn import Network
from ..nn.arrays import FloatArray
from ..training import EpochMetrics
from .build import build_network, check_numbers, describe_network, parameters_of
from .content import (
    Sha256,
    check_size,
    config_of,
    current_versions,
    known_format,
    parse,
    pickled,
    read,
    write,
)

FORMAT = "mnist-nn model"
VERSION = 1
OTHERS = {
    "mnist-nn checkpoint": "it is the checkpoint of an unfinished run: "
    "mnist-nn train --resume makes a model of it"
}
MAX_BYTES = 1 << 30
SHIPPED = Path(__file__).with_name("digits.pkl.gz")  # scripts/make_model.py makes it


@dataclass(frozen=True, eq=False, repr=False)
class Model:
    """A trained network and its provenance.

    Attributes
    ----------
    config
        Resolved config that it was trained with.
    network
        Network with the trained parameters.
    format
        What the samples that it reads look like, and the names of their classes.
    history
        Metrics of each epoch of its training.
    sha256
        Hashes of the dataset that it was trained on, by array.
    versions
        Versions of mnist-nn, NumPy and Python that trained it.
    kept_epoch
        Epoch whose parameters the network has, if early stopping chose one; None for the last.
    init_from
        SHA-256 of the file of the model whose weights training started from; None if they were
        drawn.
    calibration
        Correction of its probabilities, fitted on the validation samples; None without them, or
        where the outputs are no probabilities.
    """

    config: Config
    network: Network
    format: SampleFormat
    history: list[EpochMetrics]
    sha256: dict[str, str] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=current_versions)
    kept_epoch: int | None = None
    init_from: str | None = None
    calibration: Calibration | None = None

    def predict(self, x: NDArray[Any]) -> FloatArray:
        """Compute the network's outputs, uncalibrated: of a softmax, one for each class.

        Parameters
        ----------
        x
            Samples, of shape (n, n_inputs) or (n, height, width): pixels as integers of 0 to 255 or
            floats of 0 to 1. Other scales get a warning.

        Returns
        -------
        ndarray
            Outputs, of shape (n, n_outputs); ``.argmax(1)`` is the most likely class of each.

        Raises
        ------
        ValueError
            If the samples are no numbers, or not as many as the network has inputs.
        """
        return self.network.predict(self._flat(x))

    def answers(self, x: NDArray[Any], min_probability: float | None = None) -> Answers:
        """Tell the classes of samples, with calibrated probabilities, and which are unknown.

        Parameters
        ----------
        x
            Samples, as for `predict`.
        min_probability
            Probability, from 0 to 1, that an answer must have to be known, instead of that of the
            model's `calibration`; 0 knows all. A model without a calibration knows all by default.

        Returns
        -------
        Answers
            ``.outputs.argmax(1)`` is the most likely class of each, the same as with `predict`.

        Raises
        ------
        ConfigError
            If `min_probability` is not from 0 to 1, or the model's outputs are no probabilities.
        ValueError
            If the samples are no numbers, or not as many as the network has inputs.
        """
        return answer(self.network, self._flat(x), self.calibration, min_probability)

    def _flat(self, x: NDArray[Any]) -> NDArray[Any]:
        """Make rows of samples, verifying that they are numbers."""
        x = np.asarray(x)
        if x.dtype.kind not in "biuf" or x.ndim == 0:
            raise ValueError(f"samples must be an array of numbers, got {x.dtype} {x.shape}")
        flat = x.reshape(len(x), math.prod(x.shape[1:]))
        check_scale(flat, self.network.input_scale)
        return flat

    def evaluate(
        self, samples: Samples | None = None, *, data_dir: StrPath | None = None
    ) -> Evaluation:
        """Measure the model.

        Parameters
        ----------
        samples
            Labelled samples; by default the test samples of the dataset that it was trained on.
        data_dir
            Folder of downloaded and imported datasets; None for the usual one.

        Returns
        -------
        Evaluation

        Raises
        ------
        ConfigError
            If the dataset has no test samples.
        DataError
            If the dataset has not been downloaded or is damaged.
        """
        if samples is None:
            samples = samples_to_test(self, data_dir)
        result = evaluate(self.network, samples, self.config.training.loss)
        return replace(result, class_names=self.format.class_names)

    def save(self, path: StrPath) -> None:
        """Write the model to a file, whole or not at all, and only if `load_model` would read it.

        Raises
        ------
        ModelError
            If the file cannot be written, a parameter is not finite, or the parts do not make a
            model.
        """
        save_model(path, self)

    def summary(self) -> str:
        """Describe the layers, their parameters and the training, in lines of text."""
        return "\n".join([*describe_network(self.config, self.network.sizes[0]), *self._facts()])

    def __repr__(self) -> str:
        """Name the network, its dataset and how well it did in training."""
        sizes, data = "-".join(map(str, self.network.sizes)), self.config.data.dataset
        return f"Model({', '.join([sizes, data, f'seed {self.config.seed}', *self._outcome()])})"

    def _repr_html_(self) -> str:
        """Show the network, the training and its learning curves, in a notebook."""
        facts = "<br>".join(map(escape, self._facts()))
        return f"{self.network._repr_html_()}<p>{facts}</p>{curves_html(self.history)}"

    def _facts(self) -> list[str]:
        """Describe the training, in lines of text."""
        rows = []
        if self.init_from:
            rows.append(f"started from the weights of model {self.init_from[:12]} (SHA-256)")
        if self.network.output.probability:
            none = "none, for want of validation samples: every answer counts"
            c = self.calibration
            rows.append(f"calibration: {c.described() if c else none}")
        training = f"trained on {self.config.data.dataset}, seed {self.config.seed}"
        if not self.history:  # its weights were converted
            training = f"for samples of {self.config.data.dataset}"
        return [*rows, ", ".join([training, *self._outcome()])]

    def _outcome(self) -> list[str]:
        """Describe the epoch whose parameters the network has, as far as that is known."""
        stopping, kept = self.config.training.early_stopping, self.kept_epoch
        if kept is None and not (stopping and stopping.restore_best_weights):
            kept = len(self.history)
        if not kept or kept > len(self.history):  # a file of mnist-nn 0.1 does not say which
            return [f"{len(self.history):,} epochs"] if self.history else []
        metrics = self.history[kept - 1]
        kind, accuracy = "validation", metrics.validation_accuracy
        if accuracy is None:
            kind, accuracy = "training", metrics.accuracy
        return [
            f"epoch {metrics.epoch:,} of {len(self.history):,}",
            f"{kind} accuracy {accuracy:.2%}",
        ]


def samples_to_test(model: Model, data_dir: StrPath | None) -> Samples:
    """Return the test samples of the dataset that a model was trained on; ConfigError if none."""
    dataset = load_dataset(model.config.data.dataset, data_dir)
    if model.sha256 and dataset.sha256 != model.sha256:
        warn(f"{dataset.name} is not the same data that the model was trained on")
    if dataset.test is None:
        raise ConfigError(f"{dataset.name} has no test samples; pass samples")
    return dataset.test


@dataclass(frozen=True)
class DatasetPart:
    """Dataset that a model was trained on."""

    __pydantic_config__: ClassVar = RECORD

    name: Annotated[str, Field(max_length=100)]
    sha256: dict[str, str]


@dataclass(frozen=True, eq=False)
class Content:
    """Content of a model file; those of mnist-nn 0.2 and 0.1 lack the last three or four."""

    __pydantic_config__: ClassVar = RECORD

    config: dict[str, Any]
    input_scale: Annotated[float, Field(gt=0, strict=True)]
    parameters: dict[str, FloatArray]
    history: Annotated[list[EpochMetrics], FailFast()]
    dataset: DatasetPart
    seed: Whole
    versions: dict[str, str]
    kept_epoch: Whole | None = None
    sample_format: SampleFormat | None = None
    init_from: Sha256 | None = None
    calibration: Calibration | None = None


ADAPTER = TypeAdapter(Content)


def save_model(path: StrPath, model: Model) -> None:
    """Write a model file: see `Model.save`."""
    content = Content(
        config=model.config.model_dump(mode="json"),
        sample_format=model.format,
        input_scale=model.network.input_scale,
        parameters={k: v.copy() for k, v in model.network.named_parameters().items()},
        history=model.history,
        dataset=DatasetPart(model.config.data.dataset, model.sha256),
        seed=model.config.seed,
        versions=model.versions,
        kept_epoch=model.kept_epoch,
        init_from=model.init_from,
        calibration=model.calibration,
    )
    blob = pickled(
        {"format": FORMAT, "version": VERSION, **ADAPTER.dump_python(content, warnings=False)}
    )
    try:
        model_of(blob)
    except ModelError as error:
        raise ModelError(f"{path} was not written: {error}") from error
    write(path, blob)


def load_model(path: StrPath | None = None) -> Model:
    """Read a model file; nothing in it is ever executed.

    Parameters
    ----------
    path
        File that ``mnist-nn train`` or `Model.save` wrote; None for the model that ships with
        mnist-nn, the preset ``accurate`` trained on MNIST with seed 0, its weights in float16.

    Returns
    -------
    Model

    Raises
    ------
    ModelError
        If it cannot be read, is not a model file of this version, or its parts disagree.
    """
    if path is not None:
        return read(path, "model", MAX_BYTES, model_of)
    try:
        return model_of(gzip.decompress(SHIPPED.read_bytes()))
    except (OSError, EOFError, zlib.error, ModelError) as error:
        raise ModelError(
            f"the model that ships with mnist-nn is damaged: {error}; install mnist-nn again"
        ) from error


def model_of(blob: bytes) -> Model:
    """Make a model of a file's bytes, verifying all of them."""
    check_size(len(blob), MAX_BYTES, "model")
    content = parse(blob, ADAPTER, FORMAT, VERSION, OTHERS)
    config, dataset, kept = config_of(content.config), content.dataset, content.kept_epoch
    if (content.seed, dataset.name) != (config.seed, config.data.dataset):
        raise ModelError("its seed or its dataset is not that of its config")
    if kept is not None and not 1 <= kept <= len(content.history):
        raise ModelError("its kept epoch is not in its history")
    samples = content.sample_format or known_format(config)
    network = _network(config, content, samples)
    calibration = content.calibration and _checked_calibration(content.calibration, network)
    return Model(
        config=config,
        network=network,
        format=samples,
        history=content.history,
        sha256=dataset.sha256,
        versions=content.versions,
        kept_epoch=kept,
        init_from=content.init_from,
        calibration=calibration,
    )


def _checked_calibration(calibration: Calibration, network: Network) -> Calibration:
    """Hold a calibration against the network that it is of, and widen it."""
    if not network.output.probability:
        raise ModelError("it has a calibration, but its outputs are no probabilities")
    subspace, n_inputs = calibration.subspace, network.sizes[0]
    if (subspace is None) != (calibration.max_score is None):
        raise ModelError("its calibration has a score and no limit for it, or the reverse")
    if subspace is None:
        return calibration
    arrays = (subspace.centre, subspace.components)
    if [array.shape for array in arrays] != [(n_inputs,), (n_inputs, N_COMPONENTS)]:
        raise ModelError(f"its calibration's subspace is not of samples of {n_inputs:,} numbers")
    _check_precision(
        {"subspace.centre": subspace.centre, "subspace.components": subspace.components},
        network.dtype,
    )
    if not all(np.isfinite(array).all() for array in arrays):
        raise ModelError("a number of its calibration's subspace is not finite")
    centre, components = (np.asarray(array, network.dtype) for array in arrays)
    return replace(calibration, subspace=replace(subspace, centre=centre, components=components))


def _check_precision(arrays: dict[str, FloatArray], dtype: np.dtype[Any]) -> None:
    """Refuse arrays that are neither of a network's precision nor float16, which is widened."""
    for name, array in arrays.items():
        if array.dtype.newbyteorder("=") not in (dtype, np.float16):
            raise ModelError(f"its {name} must be {dtype}, by its config")
    size = sum(array.size for array in arrays.values())
    check_size(size * dtype.itemsize, MAX_BYTES, "model")  # once it is widened


def _network(config: Config, content: Content, samples: SampleFormat) -> Network:
    """Put the file's parameters into the network that the config describes."""
    arrays, units = content.parameters, config.network.layers[-1].units
    if units != len(samples.class_names) and not (units == 1 and len(samples.class_names) == 2):
        raise ModelError(f"it has {units} outputs and {len(samples.class_names)} classes")
    try:
        parameters_of(config, samples.n_inputs).check({name: a.shape for name, a in arrays.items()})
    except ValueError as error:
        raise ModelError(f"its config {error}") from error
    _check_precision(arrays, np.dtype(config.network.dtype))
    network = build_network(config, samples, None)
    network.input_scale = content.input_scale
    for name, view in network.named_parameters().items():
        view[...] = arrays[name]
    try:
        check_numbers(network)
    except ValueError as error:
        raise ModelError(str(error)) from error
    return network
