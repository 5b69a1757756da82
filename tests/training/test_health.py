"""Training that does not work is said not to, by both engines alike, and no other is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.engines import StepConfig
from mnist_nn.errors import DivergenceError
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import SGD, Adam, AdamW, learned_nothing
from mnist_nn.training.optimizers import Optimizer

from ..fitting import fit

engines = pytest.mark.parametrize("engine", ["numpy", "numba"])
CROSS = "softmax", "cross_entropy"
SQUARED = "sigmoid", "mean_squared_error"


@pytest.fixture
def few(digits: Samples) -> Samples:
    return digits.take(np.arange(0, 5000, 5))


def make(output: str, hidden: str = "sigmoid", n_inputs: int = 784, units: int = 10) -> Network:
    layers = [*block(16, hidden), *block(units, output)]
    scale = 1 / 255 if n_inputs == 784 else 1.0
    return Network(n_inputs, layers, rng=np.random.default_rng(0), input_scale=scale)


def verdict(
    network: Network,
    samples: Samples,
    loss: str,
    optimizer: Optimizer | None = None,
    **options: Any,
) -> str | None:
    """Train, and say whether anything was learned."""
    optimizer = optimizer or SGD()
    rng = np.random.default_rng(1)
    trainer = fit(network, samples, rng=rng, loss=loss, optimizer=optimizer, **options)
    list(trainer)
    return learned_nothing(network, StepConfig(LOSSES[loss], optimizer), samples, trainer.history)


@engines
@pytest.mark.parametrize("optimizer", [SGD(learning_rate=1e30), Adam(learning_rate=1e30)])
@pytest.mark.parametrize(("output", "loss"), [CROSS, SQUARED])
def test_a_huge_network_has_diverged_under_either_engine(
    few: Samples, engine: str, optimizer: SGD | Adam, output: str, loss: str
) -> None:
    with pytest.raises(DivergenceError, match=r"diverged in epoch 1: .*\ntry a smaller"):
        verdict(make(output), few, loss, optimizer, engine=engine, epochs=2)


@engines
@pytest.mark.parametrize(
    ("hidden", "output", "loss", "optimizer"),
    [
        ("sigmoid", *CROSS, SGD(learning_rate=50.0)),  # a loss of a hundred
        ("relu", *CROSS, SGD(learning_rate=50.0)),  # dead units
        ("relu", *CROSS, Adam(learning_rate=10.0)),
        ("sigmoid", *SQUARED, SGD(learning_rate=1e4)),  # outputs that no longer move
        ("sigmoid", *CROSS, SGD(learning_rate=1e-9)),
    ],
    ids=["absurd", "dead", "adam", "saturated", "too slow"],
)
def test_a_run_that_learned_nothing_is_told_so(
    few: Samples, engine: str, hidden: str, output: str, loss: str, optimizer: SGD | Adam
) -> None:
    text = verdict(make(output, hidden), few, loss, optimizer, engine=engine, epochs=4)
    assert text is not None
    assert "learned nothing" in text
    assert "try a smaller training.optimizer.learning_rate" in text


@pytest.mark.parametrize(
    ("output", "loss", "options"),
    [
        (*CROSS, {"epochs": 1}),
        (*CROSS, {"epochs": None, "iterations": 1}),
        (*CROSS, {"epochs": 1, "batch_size": "full"}),
        (*CROSS, {"epochs": 3, "batch_size": "full"}),
        (*SQUARED, {"epochs": 1}),
        (*SQUARED, {"epochs": 5}),
        ("identity", "mean_squared_error", {"epochs": 2, "optimizer": SGD(learning_rate=0.01)}),
    ],
    ids=["an epoch", "a step", "full", "three full", "squared", "five squared", "identity"],
)
def test_a_short_run_is_not_blamed(
    few: Samples, output: str, loss: str, options: dict[str, Any]
) -> None:
    assert verdict(make(output), few, loss, **options) is None


def test_a_bad_start_is_not_blamed_at_once(few: Samples) -> None:
    """A loss of eight before the first epoch, as of large random weights."""
    network = make("softmax")
    network.params *= 12
    assert verdict(network, few, "cross_entropy", epochs=1) is None


def test_a_loss_that_falls_from_absurd_heights_to_chance_is_told(few: Samples) -> None:
    network = make("softmax")
    network.params *= 1e4
    text = verdict(network, few, "cross_entropy", SGD(learning_rate=1e-9), epochs=2)
    assert text is not None
    assert "learned nothing" in text


def test_large_numbers_under_squared_error_are_not_blamed(rng: np.random.Generator) -> None:
    x = rng.normal(size=(300, 4)) * 1e4
    y = (x[:, 0] > 0).astype(np.uint8)
    network = Network(4, [*block(2, "identity")], rng=rng)
    optimizer = SGD(learning_rate=1e-9)
    options: dict[str, Any] = {
        "loss": "mean_squared_error",
        "optimizer": optimizer,
        "engine": "numpy",
    }
    history = [
        metrics.loss for metrics in fit(network, Samples(x, y), rng=rng, epochs=8, **options)
    ]
    assert history[0] > 1e4 > 10 * history[-1]


def test_a_frequent_class_is_not_blamed(rng: np.random.Generator) -> None:
    """Always the commonest class, but with the right probabilities: something was learned."""
    x = rng.normal(size=(2000, 3))
    y = (rng.random(2000) < 0.05 + 0.1 * (x[:, 0] > 0)).astype(np.uint8)
    for output, loss, units in (
        ("softmax", "cross_entropy", 2),
        ("sigmoid", "binary_cross_entropy", 1),
    ):
        assert verdict(make(output, "tanh", 3, units), Samples(x, y), loss, epochs=10) is None


@pytest.mark.parametrize(
    ("optimizer", "regularization", "expected"),
    [
        (SGD(), {}, "learning_rate, or set training.clip_norm"),
        (SGD(), {"clip_norm": 1.0}, "smaller training.optimizer.learning_rate"),
        (SGD(), {"l2": 1000.0}, "a smaller training.l2: the learning rate times it is 1e"),
        (SGD(weight_decay=1000.0), {}, "a smaller training.optimizer.weight_decay"),
        (AdamW(weight_decay=1000.0), {}, "smaller training.optimizer.weight_decay"),
        (
            SGD(weight_decay=1000.0),
            {"clip_norm": 1.0},
            "above 2 each step makes weights larger",
        ),
    ],
    ids=["rate", "clipped", "l2", "decay", "adamw", "clipped decay"],
)
@engines
def test_the_advice_names_what_is_to_blame(
    few: Samples, engine: str, optimizer: SGD, regularization: dict[str, Any], expected: str
) -> None:
    network = make("identity", "relu")
    rate = 1e30 if "smaller training.optimizer.learning_rate" in expected else 10.0
    optimizer = replace(optimizer, learning_rate=rate)
    trainer = fit(
        network,
        few,
        rng=np.random.default_rng(1),
        loss="mean_squared_error",
        **regularization,
        epochs=5,
        engine=engine,
        optimizer=optimizer,
    )
    with pytest.raises(DivergenceError) as caught:
        list(trainer)
    assert expected in str(caught.value)
    assert ("clip_norm" in str(caught.value)) == expected.endswith("clip_norm")
