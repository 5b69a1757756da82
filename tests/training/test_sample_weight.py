"""`fit(sample_weight=…)`: how many times each sample counts, in both engines."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from mnist_nn.data import Samples
from mnist_nn.engines import NumpyEngine, Regularization, StepConfig
from mnist_nn.engines.compiled import NumbaEngine
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import SGD, Adam, learned_nothing

from ..fitting import fit

engines = pytest.mark.parametrize("engine", ["numpy", "numba"])
precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])


def make(output: str = "softmax", dtype: type = np.float64) -> Network:
    layers = [*block(12, "sigmoid"), *block(10, output)]
    rng = np.random.default_rng(0)
    return Network(784, layers, rng=rng, input_scale=1 / 255, dtype=dtype)


def trained(samples: Samples, dtype: type = np.float64, **options: Any) -> tuple[Network, Any]:
    """Return a trained network and its history."""
    network = make(dtype=dtype)
    return network, list(fit(network, samples, rng=np.random.default_rng(2), **options))


@pytest.fixture
def few(digits: Samples) -> Samples:
    return digits.take(np.arange(0, 5000, 50))


@engines
@precisions
@pytest.mark.parametrize("class_weight", [None, "balanced", {3: 2.5}])
def test_a_whole_weight_is_so_many_copies_and_0_none(
    few: Samples, engine: str, dtype: type, class_weight: Any
) -> None:
    counts = np.random.default_rng(3).integers(0, 3, 100)
    again = few.take(np.repeat(np.arange(100), counts))
    options: dict[str, Any] = {"batch_size": "full", "epochs": 3, "engine": engine}
    options["class_weight"] = class_weight
    rates = SGD(learning_rate=0.5), SGD(learning_rate=0.5 * len(again.y) / 100)  # other means
    one, history = trained(few, dtype, sample_weight=counts, optimizer=rates[0], **options)
    other, copied = trained(again, dtype, optimizer=rates[1], **options)
    tolerance = 1e-12 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(one.params, other.params, atol=tolerance)
    mean = copied[-1].loss * len(again.y) / 100
    assert history[-1].loss == pytest.approx(mean, rel=1e-5)


@engines
@pytest.mark.parametrize("size", [1, 3, 32])
def test_samples_of_weight_0_leave_no_trace(few: Samples, engine: str, size: int) -> None:
    """They may as well have other pixels."""
    weights = np.arange(100) % 3
    pixels = few.x.copy()
    pixels[weights == 0] = 255 - pixels[weights == 0]
    options: dict[str, Any] = {"batch_size": size, "epochs": 1, "engine": engine}
    options |= {"sample_weight": weights, "shuffle": False}
    one, history = trained(few, **options)
    other, changed = trained(Samples(pixels, few.y), **options)
    np.testing.assert_allclose(one.params, other.params, atol=1e-14)
    assert history[0].loss == pytest.approx(changed[0].loss, rel=1e-12)


@engines
def test_weights_of_1_change_nothing(few: Samples, engine: str) -> None:
    options: dict[str, Any] = {"epochs": 2, "engine": engine}
    plain, _ = trained(few, np.float32, **options)
    ones, _ = trained(few, np.float32, sample_weight=[True] * 100, **options)
    np.testing.assert_array_equal(plain.params, ones.params)


@engines
def test_weights_of_classes_and_the_samples_own_are_one(few: Samples, engine: str) -> None:
    """The weights of classes are multiplied by those of the samples."""
    own = np.linspace(0, 2, 100)
    options: dict[str, Any] = {"epochs": 2, "engine": engine}
    both, _ = trained(few, sample_weight=own, class_weight={1: 3.0}, **options)
    by_hand, _ = trained(few, sample_weight=own * np.where(few.y == 1, 3.0, 1.0), **options)
    np.testing.assert_array_equal(both.params, by_hand.params)


@precisions
@pytest.mark.parametrize("size", [1, 3, 32, 100])
@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("cross_entropy", "softmax"),
        ("binary_cross_entropy", "sigmoid"),
        ("mean_squared_error", "tanh"),
    ],
)
def test_the_engines_agree(few: Samples, loss: str, output: str, size: int, dtype: type) -> None:
    """Whether steps are taken one by one, or those of few samples in groups."""
    weights = np.random.default_rng(4).exponential(size=100)
    weights[::7] = 0
    order, rates = np.random.default_rng(1).integers(0, 100, 230), np.full(230, 0.03)
    for more in (Regularization(), Regularization(0.1, clip_norm=0.1, ema_decay=0.9)):
        step_config = StepConfig(LOSSES[loss], SGD(), more, weights)
        ends = []
        for engine in (NumpyEngine, NumbaEngine):
            network = make(output, dtype)
            worker = engine(network, step_config, *few, size, np.random.default_rng(0))
            ends.append((worker.run(order, rates), network.params))
        (expected, params), (found, ours) = ends
        assert found == pytest.approx(expected, rel=1e-10 if dtype == np.float64 else 1e-4)
        np.testing.assert_allclose(ours, params, atol=1e-11 if dtype == np.float64 else 1e-4)


@engines
def test_every_way_to_read_samples_uses_their_own_weights(few: Samples, engine: str) -> None:
    """Replacement, frozen layers, averages: one sample's weight follows it."""
    weights = (few.y == 3).astype(float)
    options: dict[str, Any] = {
        "epochs": 40,
        "replacement": True,
        "frozen_layers": 1,
        "ema_decay": 0.5,
        "optimizer": Adam(learning_rate=0.05),
        "engine": engine,
    }
    network, history = trained(few, sample_weight=weights, **options)
    assert (network.predict(few.x).argmax(axis=1) == 3).all()
    assert history[-1].loss < 0.01
    config = StepConfig(LOSSES["cross_entropy"], Adam(), sample_weights=weights)
    other = make()
    assert learned_nothing(other, config, few, [replace(history[0], loss=2.0)] * 2) is not None


def test_a_run_that_is_resumed_with_its_weights_ends_the_same(few: Samples) -> None:
    weights = np.linspace(0, 2, 100)
    options: dict[str, Any] = {"epochs": 4, "sample_weight": weights}
    whole, _ = trained(few, **options)
    first = make()
    trainer = fit(first, few, rng=np.random.default_rng(2), **options)
    next(trainer)
    second = make()
    list(fit(second, few, rng=np.random.default_rng(9), state=trainer.snapshot(), **options))
    np.testing.assert_array_equal(second.params, whole.params)


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        (np.ones(99), r"one number for each of the 100 samples, got \(99,\) float64"),
        (np.ones((100, 1)), r"one number for each of the 100 samples, got \(100, 1\) float64"),
        (["heavy"] * 100, "one number for each of the 100 samples"),
        (np.ones(100, complex), "one number for each of the 100 samples"),
        (np.zeros(100), r"0 or more, one of them above 0, got 0.0\.\.0.0"),
        (np.arange(100) - 1, r"0 or more, one of them above 0, got -1.0\.\.98.0"),
        (np.full(100, np.nan), "have finite weights"),
        (np.full(100, np.inf), "have finite weights"),
    ],
    ids=["few", "column", "text", "complex", "zeros", "negative", "nan", "infinite"],
)
def test_what_are_no_weights_of_these_samples_is_refused(
    few: Samples, wrong: ArrayLike, complaint: str
) -> None:
    with pytest.raises(ValueError, match=f"sample_weight must .*{complaint}"):
        fit(make(), few, rng=np.random.default_rng(0), sample_weight=wrong)


def test_weights_that_are_0_where_those_of_the_classes_are_not_are_refused(few: Samples) -> None:
    weights = (few.y == 3).astype(float)
    with pytest.raises(ValueError, match="one of them above 0"):
        trained(few, sample_weight=weights, class_weight={3: 0.0})
