"""A snapshot is a run frozen between two steps: all it takes to go on as if never stopped."""

from dataclasses import dataclass
from typing import Any

from ..engines import EngineSnapshot
from ..nn.arrays import FloatArray
from .epoch import EpochMetrics


@dataclass(frozen=True)
class Position:
    """How far a run has come.

    Attributes
    ----------
    epoch
        The one that comes next or that is under way, from 1.
    samples
        Seen in this epoch; 0 between two epochs.
    loss_sum
        Of those samples.
    n_correct
        How many of them the network had right.
    seconds
        Spent on them.
    """

    epoch: int = 1
    samples: int = 0
    loss_sum: float = 0.0
    n_correct: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A run between two steps.

    Attributes
    ----------
    params
        The parameters that training goes on from, of shape (n_params,): never their average.
    engine
        What the engine remembers.
    position
        How far it has come.
    history
        The metrics of the epochs that are over.
    shuffling
        State of the random generator of the order of samples, before it drew that of this epoch.
    pictures
        States of the augmenter's two generators; None where nothing is distorted.
    """

    params: FloatArray
    engine: EngineSnapshot
    position: Position
    history: tuple[EpochMetrics, ...]
    shuffling: Any
    pictures: tuple[Any, Any] | None
