"""Checkpoint file: an unfinished run that can be resumed, as a pickle of a plain dict.

`docs/model-file.md` describes every key.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field, PlainSerializer, TypeAdapter

from ..checks import RECORD, Flag, Real, Whole
from ..config import Config
from ..errors import ModelError
from ..files import StrPath
from ..nn.arrays import FloatArray
from ..training import EpochMetrics, TrainingState
from .build import parameters_of, trained_parameters_of
from .content import Sha256, config_of, known_format, parse, pickled, read, write
from .starting_weights import StartingWeights

FORMAT = "mnist-nn checkpoint"
VERSION = 2
OTHERS = {"mnist-nn model": "it is the model of a finished run, not a checkpoint"}
MAX_BYTES = 6 << 30  # of the largest model: parameters, two slots, an average, the best epoch's


@dataclass(frozen=True)
class SeedResult:
    """Result of a finished run of a series: its model's hash, the kept epoch, seconds trained."""

    __pydantic_config__: ClassVar = RECORD

    seed: Whole
    sha256: Sha256
    epoch: EpochMetrics
    seconds: Real


@dataclass(frozen=True)
class Series:
    """Runs of ``train --seeds``, which differ in their seeds, and results of the finished ones."""

    __pydantic_config__: ClassVar = RECORD

    first: Whole
    count: Annotated[int, Field(ge=2, le=1000, strict=True)]
    results: list[SeedResult]

    @property
    def seeds(self) -> range:
        """All seeds."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """An unfinished run: the content of a checkpoint file.

    Attributes
    ----------
    config
        Resolved config.
    engine
        Engine that the run was begun with.
    state
        State of the training.
    every
        Number of epochs between checkpoints; None where it was not asked for.
    sha256
        Hashes of the training samples.
    versions
        Versions of mnist-nn, NumPy and Python, as in a model.
    complete
        Whether the run is over and its model written; a new run may then replace the file.
    series
        Series that the run is one of, while it is unfinished; None for a run on its own.
    n_inputs
        Numbers per sample; None in a file of mnist-nn 0.2, which only knew `DATASETS`.
    init_from
        Weights that the run started from; None if they were drawn. Only the other runs of a series
        still need them, so a run on its own keeps nothing but the hash.
    """

    __pydantic_config__: ClassVar = RECORD

    config: Annotated[
        Config,
        BeforeValidator(config_of),
        PlainSerializer(lambda config: config.model_dump(mode="json")),
    ]
    engine: Literal["numpy", "numba"]
    state: TrainingState
    every: Annotated[int, Field(ge=1, lt=2**63, strict=True)] | None
    sha256: dict[str, str]
    versions: dict[str, str]
    complete: Flag = False
    series: Series | None = None
    n_inputs: Annotated[int, Field(ge=1, strict=True)] | None = None
    init_from: StartingWeights | None = None


ADAPTER = TypeAdapter(Checkpoint)


def save_checkpoint(path: StrPath, checkpoint: Checkpoint) -> None:
    """Write a checkpoint file, whole or not at all; ModelError if that fails."""
    content = ADAPTER.dump_python(checkpoint)
    write(path, pickled({"format": FORMAT, "version": VERSION, **content}))


def load_checkpoint(path: StrPath) -> Checkpoint:
    """Read a checkpoint file without running anything in it.

    Every vector of the result is as long as the parameters of its config's network. ModelError if
    the file cannot be read, is not a checkpoint of this version, or its parts disagree.
    """
    return read(path, "checkpoint", MAX_BYTES, _checkpoint_of)


def _checkpoint_of(blob: bytes) -> Checkpoint:
    """Make a checkpoint of a file's bytes, verifying all of them."""
    checkpoint = parse(blob, ADAPTER, FORMAT, VERSION, OTHERS)
    _check_state(checkpoint)
    if checkpoint.series:
        _check_series(checkpoint.config, checkpoint.series)
    return checkpoint


def _check_state(checkpoint: Checkpoint) -> None:
    """Hold what training needs against the config."""
    config, state = checkpoint.config, checkpoint.state
    training, done, best = config.training, len(state.history), state.best
    if (state.engine.average is None) != (training.ema_decay is None):
        raise ModelError("it has a parameter average, or lacks one, unlike training.ema_decay")
    distorted = config.data.augmentation.active
    if not (state.affine is not None) == (state.elastic is not None) == distorted:
        raise ModelError("its generators of distortions do not match data.augmentation")
    if (best is not None) != (training.early_stopping is not None and done > 0):
        raise ModelError("its best epoch does not match training.early_stopping")
    if state.position.epoch != done + 1 or (best and not 1 <= best.epoch <= done):
        raise ModelError("its position is not where its history ends")
    n_inputs = checkpoint.n_inputs or known_format(config).n_inputs
    if checkpoint.init_from:
        checkpoint.init_from.check(config, n_inputs)
    trained = trained_parameters_of(config, n_inputs)
    shape = (parameters_of(config, n_inputs).size,)
    _check_vector(config, "params", state.params, shape)
    if best:
        _check_vector(config, "best.params", best.params, shape)
    if state.engine.average is not None:
        _check_vector(config, "average", state.engine.average, (trained.size,))
    slots = (training.optimizer.n_slots, trained.n_trainable)
    _check_vector(config, "slots", state.engine.slots, slots)


def _check_vector(config: Config, name: str, array: FloatArray, shape: tuple[int, ...]) -> None:
    """Refuse an array that is not of the config's network; only slots may have infinite sums."""
    if array.shape != shape:
        raise ModelError(f"its {name} must be of shape {shape}, by its config, not {array.shape}")
    if array.dtype.newbyteorder("=") != config.network.dtype:
        raise ModelError(f"its {name} must be {config.network.dtype}, by its config")
    if name != "slots" and not np.isfinite(array).all():
        raise ModelError(f"its {name} must be finite numbers")


def _check_series(config: Config, series: Series) -> None:
    """Hold the runs of a series against the config of the one that the checkpoint is of."""
    seeds = [config.seed, *(result.seed for result in series.results)]
    validated = {result.epoch.validation_accuracy is not None for result in series.results}
    if len(set(seeds)) < len(seeds) or not set(seeds) <= set(series.seeds):
        raise ModelError("its seeds are not those of its series")
    if not validated <= {config.data.validation != 0}:
        raise ModelError("the results of its series do not match data.validation")
