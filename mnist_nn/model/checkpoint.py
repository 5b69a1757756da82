"""A checkpoint file holds a run that can go on: a pickle of a plain dict, as a model file is.

Beside what a model has, it has what the run knows: the optimizer's sums, the average, the state of
every random generator, and how far it has come. `docs/model-file.md` describes every key.
"""

from dataclasses import asdict, dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import FailFast, Field

from ..config import Config
from ..data import dataset_info
from ..engines import EngineSnapshot
from ..errors import ModelError
from ..files import StrPath
from ..training import Best, EpochMetrics, Position, Snapshot
from .build import parameters_of
from .content import DatasetPart, Part, config_of, parse, pickled, read, write
from .unpickler import PickledArray

FORMAT: Literal["mnist-nn checkpoint"] = "mnist-nn checkpoint"
OTHERS = {"mnist-nn model": "it is the model of a run that is over, not a checkpoint"}
MAX_BYTES = 6 << 30  # of the largest model: parameters, two slots, an average, the best epoch's

Whole = Annotated[int, Field(ge=0, lt=2**63)]
Bits32 = Annotated[int, Field(ge=0, lt=2**32)]
Bits128 = Annotated[int, Field(ge=0, lt=2**128)]


@dataclass(frozen=True)
class SeedResult:
    """What a finished run of a series came to.

    Attributes
    ----------
    seed
        Its seed.
    sha256
        Of its model file.
    epoch
        The epoch whose parameters the model has.
    seconds
        Spent on training.
    """

    seed: int
    sha256: str
    epoch: EpochMetrics
    seconds: float


@dataclass(frozen=True)
class Series:
    """The runs of ``train --seeds``, which differ in their seeds only.

    Attributes
    ----------
    first, count
        The first seed, and how many there are.
    results
        Of the runs that are finished, in any order.
    """

    first: int
    count: int
    results: tuple[SeedResult, ...] = ()

    @property
    def seeds(self) -> range:
        """All seeds."""
        return range(self.first, self.first + self.count)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A run that can go on.

    Attributes
    ----------
    config
        The resolved config.
    engine
        The engine that it runs under.
    snapshot
        The run itself.
    best
        What early stopping remembers; None without it or before the first epoch's end.
    every
        After how many epochs the run writes its checkpoints; None where that was not asked for.
    sha256
        What proves the training samples.
    versions
        Of mnist-nn, NumPy and Python, as in a model.
    complete
        Whether the run is over and its model written; a new run may replace the file then.
    series
        The series that the run is one of, while it is unfinished; None for a run on its own.
    """

    config: Config
    engine: Literal["numpy", "numba"]
    snapshot: Snapshot
    best: Best | None
    every: int | None
    sha256: dict[str, str]
    versions: dict[str, str]
    complete: bool = False
    series: Series | None = None


class OptimizerPart(Part):
    """What the optimizer remembers."""

    steps: Whole
    slots: PickledArray


class PositionPart(Part):
    """How far the run has come: a `Position`."""

    epoch: Annotated[int, Field(ge=1, lt=2**53)]
    samples: Whole
    loss_sum: float
    hits: Whole
    seconds: float


class Numbers(Part):
    """The 256 bits of a PCG64 generator."""

    state: Bits128
    inc: Bits128


class Stream(Part):
    """The state of a random generator, as NumPy has it."""

    bit_generator: Literal["PCG64"]
    state: Numbers
    has_uint32: Annotated[int, Field(ge=0, le=1)]
    uinteger: Bits32


class Streams(Part):
    """All random generators of a run, at this moment or, for `shuffling`, as the epoch began."""

    shuffling: Stream
    dropout: Stream
    affine: Stream | None
    elastic: Stream | None


class EpochPart(Part):
    """How an epoch went: a `EpochMetrics`."""

    epoch: Whole
    samples: Whole
    loss: float
    accuracy: float
    seconds: float
    learning_rate: float
    validation_loss: float | None
    validation_accuracy: float | None


class BestPart(Part):
    """What early stopping remembers: a `Best`."""

    epoch: Whole
    value: float
    parameters: PickledArray


class SeedPart(Part):
    """What a finished run of a series came to: a `SeedResult`."""

    seed: Whole
    sha256: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    epoch: EpochPart
    seconds: float


class SeriesPart(Part):
    """The runs with several seeds: a `Series`."""

    first: Whole
    count: Annotated[int, Field(ge=2, le=1000)]
    results: list[SeedPart]


class Content(Part):
    """The whole dict, as read; older files lack the last two keys."""

    format: Literal["mnist-nn checkpoint"]
    version: Literal[1]
    config: dict[str, Any]
    engine: Literal["numpy", "numba"]
    parameters: PickledArray
    optimizer: OptimizerPart
    average: PickledArray | None
    position: PositionPart
    streams: Streams
    history: Annotated[list[EpochPart], FailFast()]
    best: BestPart | None
    checkpoint_every: Annotated[int, Field(ge=1, lt=2**63)] | None
    dataset: DatasetPart
    versions: dict[str, str]
    complete: bool = False
    series: SeriesPart | None = None


def save_checkpoint(path: StrPath, checkpoint: Checkpoint) -> None:
    """Write a checkpoint file, whole or not at all.

    Raises
    ------
    ModelError
        If it cannot be written.
    """
    snapshot, best, series = checkpoint.snapshot, checkpoint.best, checkpoint.series
    affine, elastic = snapshot.pictures or (None, None)
    content = {
        "format": FORMAT,
        "version": 1,
        "config": checkpoint.config.model_dump(mode="json"),
        "engine": checkpoint.engine,
        "parameters": snapshot.params,
        "optimizer": {"steps": snapshot.engine.steps, "slots": snapshot.engine.slots},
        "average": snapshot.engine.average,
        "position": _position_part(snapshot.position),
        "streams": {
            "shuffling": snapshot.shuffling,
            "dropout": snapshot.engine.dropout,
            "affine": affine,
            "elastic": elastic,
        },
        "history": [metrics.as_dict() for metrics in snapshot.history],
        "best": best and {"epoch": best.epoch, "value": best.value, "parameters": best.params},
        "checkpoint_every": checkpoint.every,
        "dataset": {"name": checkpoint.config.data.dataset, "sha256": checkpoint.sha256},
        "versions": checkpoint.versions,
        "complete": checkpoint.complete,
        "series": series
        and {
            "first": series.first,
            "count": series.count,
            "results": [vars(run) | {"epoch": run.epoch.as_dict()} for run in series.results],
        },
    }
    write(path, pickled(content))


def _position_part(position: Position) -> dict[str, Any]:
    values = asdict(position)
    return {"hits" if key == "n_correct" else key: value for key, value in values.items()}


def _position(part: PositionPart) -> Position:
    values = part.model_dump()
    return Position(**{"n_correct" if key == "hits" else key: v for key, v in values.items()})


def load_checkpoint(path: StrPath) -> Checkpoint:
    """Read a checkpoint file; nothing in it is ever executed.

    Returns
    -------
    Checkpoint
        Of a run of its config: every vector is as long as the network's parameters.

    Raises
    ------
    ModelError
        If it cannot be read, is not a checkpoint of this version, or its parts disagree.
    """
    return read(path, "checkpoint", MAX_BYTES, _checkpoint_of)


def _checkpoint_of(blob: bytes) -> Checkpoint:
    """Make a checkpoint of a file's bytes, verifying all of them."""
    content = parse(blob, Content, FORMAT, OTHERS)
    config = config_of(content.config)
    if content.dataset.name != config.data.dataset:
        raise ModelError("its dataset is not that of its config")
    snapshot, best = _snapshot(config, content), _best(config, content)
    done = len(snapshot.history)
    if snapshot.position.epoch != done + 1 or (best and not 1 <= best.epoch <= done):
        raise ModelError("its position is not where its history ends")
    return Checkpoint(
        *(config, content.engine, snapshot, best, content.checkpoint_every),
        *(content.dataset.sha256, content.versions),
        complete=content.complete,
        series=_series(config, content.series),
    )


def _snapshot(config: Config, content: Content) -> Snapshot:
    """Hold the parts that training needs against the config."""
    plan, streams = config.training, content.streams
    if (content.average is None) != (plan.ema_decay is None):
        raise ModelError("its average is not what its config asks for")
    distorted = config.data.augmentation.active
    if not (streams.affine is not None) == (streams.elastic is not None) == distorted:
        raise ModelError("its random streams are not what its config asks for")
    pictures = None
    if streams.affine is not None and streams.elastic is not None:
        pictures = streams.affine.model_dump(), streams.elastic.model_dump()
    engine = EngineSnapshot(
        _vector(config, content.optimizer.slots, "optimizer.slots", plan.optimizer.n_slots),
        content.optimizer.steps,
        None if content.average is None else _vector(config, content.average, "average"),
        streams.dropout.model_dump(),
    )
    return Snapshot(
        _vector(config, content.parameters, "parameters"),
        engine,
        _position(content.position),
        tuple(EpochMetrics(**epoch.model_dump()) for epoch in content.history),
        streams.shuffling.model_dump(),
        pictures,
    )


def _best(config: Config, content: Content) -> Best | None:
    """Hold what early stopping remembers against the config."""
    expected = config.training.early_stopping is not None and len(content.history) > 0
    if (content.best is not None) != expected:
        raise ModelError("its best epoch is not what its config asks for")
    if content.best is None:
        return None
    vector = _vector(config, content.best.parameters, "best.parameters")
    return Best(content.best.epoch, content.best.value, vector)


def _series(config: Config, part: SeriesPart | None) -> Series | None:
    """Hold the runs of a series against the config of the one that the checkpoint is of."""
    if part is None:
        return None
    results = tuple(
        SeedResult(run.seed, run.sha256, EpochMetrics(**run.epoch.model_dump()), run.seconds)
        for run in part.results
    )
    series = Series(part.first, part.count, results)
    seeds = [config.seed, *(run.seed for run in results)]
    validated = {run.epoch.validation_accuracy is not None for run in results}
    if len(set(seeds)) < len(seeds) or not set(seeds) <= set(series.seeds):
        raise ModelError("its seeds are not those of its series")
    if not validated <= {config.data.validation != 0}:
        raise ModelError("the results of its series are not what its config asks for")
    return series


def _vector(
    config: Config, pickled: PickledArray, name: str, n_slots: int | None = None
) -> NDArray[Any]:
    """Take a vector as long as the parameters, or several, out of its recorder."""
    spec = parameters_of(config, dataset_info(config.data.dataset).n_inputs)
    shape = (spec.size,) if n_slots is None else (n_slots, spec.n_trainable)
    array = pickled.array
    if array.shape != shape:
        raise ModelError(f"its config wants {name} of shape {shape}, it has {array.shape}")
    if array.dtype.newbyteorder("=") != config.network.dtype:
        raise ModelError(f"its {name} are not {config.network.dtype}")
    if n_slots is None and not np.isfinite(array).all():
        raise ModelError(f"its {name} are not all finite")
    return array
