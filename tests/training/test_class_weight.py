"""`training.class_weight`: a rare class is learned, and both engines do the same."""

from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.engines import NumpyEngine, StepConfig
from mnist_nn.engines.compiled import NumbaEngine
from mnist_nn.errors import ConfigError
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import (
    SGD,
    Adam,
    EpochMetrics,
    TrainingConfig,
    learned_nothing,
    number_classes,
)

from ..fitting import fit

WEIGHTS = np.array([1.0, 0.0, 3.0, 1.0, 0.5, 1.0, 1.0, 20.0, 1.0, 1.0])
engines = pytest.mark.parametrize("engine", ["numpy", "numba"])


def make(output: str = "softmax", dtype: type = np.float64) -> Network:
    layers = [*block(12, "sigmoid"), *block(10, output)]
    rng = np.random.default_rng(0)
    return Network(784, layers, rng=rng, input_scale=1 / 255, dtype=dtype)


def test_a_full_batch_with_whole_weights_is_one_with_samples_repeated(digits: Samples) -> None:
    few = digits.take(np.arange(60))
    weights = np.arange(10)
    again = few.take(np.repeat(np.arange(60), weights[few.y]))
    ends = []
    for samples, weight, rate in (
        (few, dict(enumerate(weights.tolist())), 0.5),
        (again, None, 0.5 * len(again.y) / 60),  # the mean is over so many more
    ):
        network = make()
        optimizer = SGD(learning_rate=rate)
        options: dict[str, Any] = {"batch_size": "full", "epochs": 3, "class_weight": weight}
        list(fit(network, samples, rng=np.random.default_rng(0), optimizer=optimizer, **options))
        ends.append(network.params)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-12)


@pytest.mark.parametrize("size", [1, 3, 16, 32])
@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("cross_entropy", "softmax"),
        ("binary_cross_entropy", "sigmoid"),
        ("mean_squared_error", "sigmoid"),
    ],
)
def test_the_engines_agree_in_single_and_in_grouped_steps(
    digits: Samples, loss: str, output: str, size: int
) -> None:
    """Steps of few samples go in groups, whose sums depend on the steps before."""
    step_config = StepConfig(LOSSES[loss], SGD(), sample_weights=WEIGHTS[digits.y])
    order = np.random.default_rng(1).permutation(5000)[: 3 * max(size, 64) + size // 2]
    reference = make(output)
    one_by_one = NumpyEngine(reference, step_config, *digits, size, np.random.default_rng(0))
    one_by_one.take_steps, one_by_one.group_size = one_by_one._run_batch, size
    expected = one_by_one.run(order, np.full(len(order), 0.03))
    for engine in (NumpyEngine, NumbaEngine):
        network = make(output)
        worker = engine(network, step_config, *digits, size, np.random.default_rng(0))
        found = worker.run(order, np.full(len(order), 0.03))
        assert found == pytest.approx(expected, rel=1e-11)
        np.testing.assert_allclose(network.params, reference.params, atol=1e-11)


def test_the_engines_agree_with_an_optimizer_smoothing_and_clipping(digits: Samples) -> None:
    options: dict[str, Any] = {
        "optimizer": Adam(),
        "label_smoothing": 0.1,
        "clip_norm": 0.5,
        "class_weight": "balanced",
        "epochs": 2,
    }
    ends = []
    for engine in ("numpy", "numba"):
        network = make()
        list(fit(network, digits, rng=np.random.default_rng(2), engine=engine, **options))
        ends.append(network.params)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-9)


def test_weights_of_one_change_nothing(digits: Samples) -> None:
    ends = []
    for weight in (None, {5: 1.0}):
        network = make(dtype=np.float32)
        options: dict[str, Any] = {"engine": "numba", "epochs": 1, "class_weight": weight}
        list(fit(network, digits, rng=np.random.default_rng(2), **options))
        ends.append(network.params)
    np.testing.assert_array_equal(ends[0], ends[1])


@engines
def test_a_rare_class_is_found_more_often(digits: Samples, engine: str) -> None:
    """Of the sevens, one in fifty is left; those left out are what is measured."""
    sevens = np.flatnonzero(digits.y == 7)
    few = digits.take(np.delete(np.arange(5000), sevens[10:]))
    hidden = digits.take(sevens[10:])
    recalls = []
    for weight in (None, "balanced"):
        network = make(dtype=np.float32)
        options: dict[str, Any] = {"engine": engine, "epochs": 5, "class_weight": weight}
        trainer = fit(network, few, rng=np.random.default_rng(2), **options)
        history = list(trainer)
        recalls.append(float(np.mean(network.predict(hidden.x).argmax(1) == 7)))
        assert learned_nothing(network, trainer.engine.step_config, few, history) is None
    assert recalls[0] < 0.2
    assert recalls[1] > 0.5


def test_validation_has_no_weights(digits: Samples) -> None:
    held = digits.take(np.arange(100))
    found: list[EpochMetrics] = []
    for weight in (None, {str(k): 100.0 for k in range(10)}):
        options: dict[str, Any] = {"epochs": 1, "class_weight": weight}
        network = make()
        optimizer = SGD(learning_rate=1e-9)
        rng = np.random.default_rng(2)
        found += fit(network, digits, rng=rng, optimizer=optimizer, validation=held, **options)
    assert found[1].loss == pytest.approx(100 * found[0].loss, rel=1e-4)
    assert found[1].validation_loss == pytest.approx(found[0].validation_loss, rel=1e-4)
    assert found[1].accuracy == pytest.approx(found[0].accuracy, abs=0.01)


def test_a_class_without_training_samples_is_no_trouble(digits: Samples) -> None:
    few = digits.take(np.flatnonzero(digits.y != 4))
    network = make()
    metrics = list(
        fit(network, few, rng=np.random.default_rng(0), class_weight="balanced", epochs=1)
    )
    assert np.isfinite(network.params).all()
    assert 0 < metrics[0].loss < 5


def test_a_class_is_known_by_its_name_or_else_its_number() -> None:
    names = ("3", "setosa", "other")
    given: Any = {3: 2, "setosa": 0.5, "2": 7}  # as YAML has numbers
    setting = TrainingConfig(class_weight=given).class_weight
    assert number_classes(setting, names) == {"0": 2.0, "1": 0.5, "2": 7.0}
    complaints: list[tuple[Any, str]] = [
        ({"setos": 1}, "training.class_weight: unknown class 'setos' (did you mean 'setosa'?)"),
        ({"3": 1, "0": 1}, "training.class_weight: the class '3' is named twice"),
    ]
    for wrong, complaint in complaints:
        setting = TrainingConfig(class_weight=wrong).class_weight
        with pytest.raises(ConfigError) as caught:
            number_classes(setting, names)
        assert str(caught.value) == complaint


@pytest.mark.parametrize(
    "wrong",
    ["heavy", {}, [1.0], {"a": -1.0}, {"a": float("nan")}, {"a": True}, {1.5: 1.0}, {"a": 1e7}],
    ids=["word", "empty", "list", "negative", "nan", "flag", "fraction", "huge"],
)
def test_what_is_no_weight_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="must be 'balanced' or a mapping of classes to weights"):
        TrainingConfig(class_weight=wrong)


def test_samples_that_are_all_of_weight_zero_are_refused(digits: Samples) -> None:
    ones = digits.take(np.flatnonzero(digits.y == 1))
    with pytest.raises(ConfigError, match="all training samples are of classes with the weight 0"):
        fit(make(), ones, rng=np.random.default_rng(0), class_weight={1: 0.0})
