"""A resumed run ends as one that was never interrupted, bit for bit."""

from dataclasses import replace
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_nn.augmentation import Augmentation
from mnist_nn.data import Samples
from mnist_nn.nn import Network, block
from mnist_nn.training import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    EpochMetrics,
    Position,
    ReduceOnPlateau,
    RMSprop,
    Trainer,
)
from mnist_nn.training.optimizers import Optimizer

from ..fitting import fit

engines = pytest.mark.parametrize("engine", ["numpy", "numba"])
OPTIMIZERS = [
    SGD(),
    SGD(momentum=0.9),
    SGD(momentum=0.9, nesterov=True, weight_decay=1e-3),
    AdaGrad(),
    RMSprop(),
    Adam(),
    AdamW(),
]
EVERYTHING: dict[str, Any] = {
    "label_smoothing": 0.1,
    "l2": 1e-4,
    "clip_norm": 1.0,
    "ema_decay": 0.99,
    "augmentation": Augmentation(rotation=10.0, elastic_alpha=8.0),
    "schedule": ReduceOnPlateau(factor=0.5, patience=1, min_delta=0.5, warmup=0.5),
}


def start(
    samples: Samples, seed: int = 0, dropout: float = 0.3, batch_norm: bool = False, **options: Any
) -> tuple[Any, ...]:
    """A network, and a run of three epochs that trains it; a metrics after every piece."""
    layers = [*block(12, "sigmoid", dropout=dropout, batch_norm=batch_norm), *block(10, "softmax")]
    network = Network(784, layers, rng=np.random.default_rng(0), input_scale=1 / 255)
    options = {"batch_size": 50, "epochs": 3, "optimizer": Adam(), **options}
    rng = np.random.default_rng(seed)  # of whatever seed: a snapshot has the streams' states
    return network, fit(network, samples, rng=rng, running=True, **options)


def outcome(network: Network, trainer: Trainer) -> tuple[bytes, list[EpochMetrics]]:
    """Let a run end: the parameters it came to, and its history apart from times."""
    for _ in trainer:
        pass
    return network.params.tobytes(), [replace(metrics, seconds=0) for metrics in trainer.history]


def interrupted(samples: Samples, after: int, **options: Any) -> tuple[bytes, list[EpochMetrics]]:
    """The outcome of a run that is copied after some metrics and resumed in a new one."""
    _, trainer = start(samples, **options)
    for _ in islice(trainer, after):
        pass
    frozen = trainer.snapshot()
    for _ in islice(trainer, 2):  # what the interrupted run still does must not show
        pass
    return outcome(*start(samples, seed=99, state=frozen, **options))


@pytest.fixture
def few(digits: Samples) -> Samples:
    return digits.take(np.arange(0, 5000, 2))


@pytest.mark.parametrize("after", [0, 1, 3, 5])
@pytest.mark.parametrize("ema_decay", [None, 0.9], ids=["plain", "averaged"])
def test_the_statistics_of_batch_normalization_are_resumed(
    few: Samples, after: int, ema_decay: float | None
) -> None:
    options: dict[str, Any] = {"batch_norm": True, "ema_decay": ema_decay, "engine": "numpy"}
    whole = outcome(*start(few, **options))
    assert interrupted(few, after, **options) == whole


@engines
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=str)
@pytest.mark.parametrize("after", [0, 3, 4, 9])
def test_every_optimizer_resumes(
    few: Samples, engine: str, optimizer: Optimizer, after: int
) -> None:
    options: dict[str, Any] = {"engine": engine, "optimizer": optimizer}
    whole = outcome(*start(few, **options))
    assert interrupted(few, after, **options) == whole


@engines
@pytest.mark.parametrize("batch_size", [1, 7, 32, "full"])
@pytest.mark.parametrize("order", [{}, {"shuffle": False}, {"replacement": True}], ids=str)
def test_every_batch_size_and_order_resumes(
    few: Samples, engine: str, batch_size: int | str, order: dict[str, Any]
) -> None:
    options: dict[str, Any] = {
        "engine": engine,
        "batch_size": batch_size,
        "optimizer": SGD(),
        **order,
    }
    assert interrupted(few, 2, **options) == outcome(*start(few, **options))


@engines
@settings(max_examples=12)
@given(after=st.integers(0, 9), held=st.booleans())
def test_with_everything_on_it_resumes_from_anywhere(
    digits: Samples, engine: str, after: int, held: bool
) -> None:
    few = digits.take(np.arange(0, 5000, 2))
    validation = digits.take(np.arange(1, 401, 2)) if held else None
    options: dict[str, Any] = EVERYTHING | {"engine": engine, "validation": validation}
    assert interrupted(few, after, **options) == outcome(*start(few, **options))


@engines
def test_a_run_can_be_interrupted_again_and_again(few: Samples, engine: str) -> None:
    options: dict[str, Any] = EVERYTHING | {"engine": engine}
    whole = outcome(*start(few, **options))
    snapshot = None
    while True:
        network, trainer = start(few, state=snapshot, **options)
        if next(trainer, None) is None:
            break
        snapshot = trainer.snapshot()
    assert outcome(network, trainer) == whole


def test_a_run_that_was_just_resumed_can_be_copied(few: Samples) -> None:
    whole = outcome(*start(few, engine="numpy"))
    _, trainer = start(few, engine="numpy")
    next(trainer)
    for seed in (7, 8):
        _, trainer = start(few, engine="numpy", seed=seed, state=trainer.snapshot())
    assert outcome(trainer.engine.network, trainer) == whole


@engines
def test_a_run_that_is_over_may_be_made_longer(few: Samples, engine: str) -> None:
    options: dict[str, Any] = {"engine": engine, "ema_decay": 0.9}
    network, trainer = start(few, epochs=2, **options)
    outcome(network, trainer)
    longer = outcome(*start(few, state=trainer.snapshot(), epochs=4, **options))
    assert longer == outcome(*start(few, epochs=4, **options))


def test_a_run_by_iterations_runs_to_its_last_step(few: Samples) -> None:
    options: dict[str, Any] = {"epochs": None, "iterations": 120, "engine": "numpy"}
    network, trainer = start(few, **options)
    whole = outcome(network, trainer)
    assert [metrics.samples for metrics in trainer.history] == [2500, 2500, 1000]
    for after in range(1, 7):
        assert interrupted(few, after, **options) == whole


def test_a_snapshot_is_a_copy(few: Samples) -> None:
    network, trainer = start(few, **EVERYTHING, engine="numpy")
    next(trainer)
    snapshot = trainer.snapshot()
    before = snapshot.params.copy(), snapshot.engine.slots.copy(), snapshot.engine.average.copy()
    outcome(network, trainer)
    after = snapshot.params, snapshot.engine.slots, snapshot.engine.average
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    assert snapshot.position.epoch == 1


@pytest.mark.parametrize(
    "other",
    [
        {"optimizer": SGD()},
        {"augmentation": Augmentation()},
        {"label_smoothing": 0.0, "l2": 0.0, "clip_norm": None, "ema_decay": None},
    ],
    ids=str,
)
def test_a_snapshot_of_another_run_is_refused(few: Samples, other: dict[str, Any]) -> None:
    _, trainer = start(few, **EVERYTHING, engine="numpy")
    next(trainer)
    with pytest.raises(ValueError, match="of another run"):
        start(few, state=trainer.snapshot(), **EVERYTHING | {"engine": "numpy"} | other)


@pytest.mark.parametrize(
    ("position", "complaint"),
    [
        (Position(2), "of another run"),  # the history is of no epoch
        (Position(1, 17), "of another run"),  # in the middle of a step
        (Position(1, 3000), "past the end"),
        (Position(0), "of another run"),
    ],
)
def test_a_position_that_no_run_can_have_is_refused(
    few: Samples, position: Position, complaint: str
) -> None:
    _, trainer = start(few, engine="numpy")
    with pytest.raises(ValueError, match=complaint):
        start(few, engine="numpy", state=replace(trainer.snapshot(), position=position))


def test_a_run_cannot_be_made_shorter_than_it_is(few: Samples) -> None:
    network, trainer = start(few, engine="numpy")
    outcome(network, trainer)
    with pytest.raises(ValueError, match="of epoch 4, past the end"):
        start(few, engine="numpy", state=trainer.snapshot(), epochs=2)
