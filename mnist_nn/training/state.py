"""State of a training run between two steps: all it takes to resume it bit for bit."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import FailFast, Field

from ..checks import RECORD, Real, Whole
from ..engines import EngineState
from ..nn.arrays import FloatArray
from ..rngs import RngState
from .early_stopping import Best
from .epoch import EpochMetrics


@dataclass(frozen=True)
class Position:
    """How far a run has come.

    Attributes
    ----------
    epoch
        The epoch that is under way or comes next, from 1.
    samples
        Samples seen in this epoch; 0 between two epochs.
    loss_sum, n_correct, seconds
        Sum of their losses, how many were classified correctly, and the time spent on them.
    """

    __pydantic_config__: ClassVar = RECORD

    epoch: Annotated[int, Field(ge=1, lt=2**53, strict=True)] = 1
    samples: Whole = 0
    loss_sum: Real = 0.0
    n_correct: Whole = 0
    seconds: Real = 0.0


@dataclass(frozen=True, eq=False)
class TrainingState:
    """A run between two steps: the record that a checkpoint file holds.

    Attributes
    ----------
    params
        Parameters that training continues from, of shape (n_params,): never their average.
    engine
        What the engine remembers: the optimizer's sums, the average, the generator for dropout.
    position
        How far the run has come.
    history
        Metrics of the epochs that are over.
    shuffling
        State of the generator of the order of samples, before it drew that of this epoch.
    affine, elastic
        States of the augmenter's two generators; None where nothing is distorted.
    best
        Best epoch so far, of a run with early stopping.
    """

    __pydantic_config__: ClassVar = RECORD

    params: FloatArray
    engine: EngineState
    position: Position
    history: Annotated[list[EpochMetrics], FailFast()]
    shuffling: RngState
    affine: RngState | None = None
    elastic: RngState | None = None
    best: Best | None = None
