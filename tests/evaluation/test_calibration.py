"""Calibration: the temperature, and what a network does not know."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from mnist_nn import ConfigError
from mnist_nn.data import Samples, load_dataset
from mnist_nn.evaluation import Calibration, Subspace, answer, fit_calibration
from mnist_nn.evaluation.calibration import fit_temperature
from mnist_nn.evaluation.subspace import fit_subspace
from mnist_nn.model import load_model
from mnist_nn.nn import Network, block, target_rows
from mnist_nn.nn.activations import sigmoid, softmax


def identity(n: int, activation: str = "softmax") -> Network:
    """A network whose logits are its inputs."""
    network = Network(n, [*block(n, activation)], rng=None, dtype=np.float64)
    network.dense[0].W[...] = np.eye(n)
    return network


def drawn(rng: np.random.Generator, n: int, temperature: float) -> Samples:
    """Samples of 4 classes, drawn from what their logits say, which are then made too large."""
    logits = rng.normal(0, 2, (n, 4))
    chances = softmax(logits.copy()).cumsum(axis=1)
    labels = (rng.uniform(0, 1, (n, 1)) > chances[:, :3]).sum(axis=1)
    return Samples(logits * temperature, labels.astype(np.uint8))


@pytest.mark.parametrize("temperature", [0.4, 1.0, 2.5])
def test_the_temperature_that_was_put_in_comes_out(
    rng: np.random.Generator, temperature: float
) -> None:
    calibration = fit_calibration(identity(4), drawn(rng, 100_000, temperature))
    assert calibration is not None
    assert calibration.temperature == pytest.approx(temperature, rel=0.02)


@pytest.mark.parametrize("activation", [softmax, sigmoid])
def test_no_temperature_of_a_fine_grid_is_better(
    rng: np.random.Generator, activation: type
) -> None:
    logits, labels = drawn(rng, 300, 3.0)
    targets = target_rows(4, np.dtype(np.float64))[labels]

    def cross_entropy(temperature: float) -> float:
        y = activation(logits / temperature, None).clip(1e-300)
        loss = -(targets * np.log(y)).sum()
        if activation is sigmoid:
            loss -= ((1 - targets) * np.log((1 - y).clip(1e-300))).sum()
        return float(loss)

    fitted = fit_temperature(logits, targets, activation)
    grid = np.geomspace(0.1, 10, 4001)
    best = min(grid, key=cross_entropy)
    assert fitted == pytest.approx(best, rel=2e-3)
    assert cross_entropy(fitted) <= cross_entropy(best)
    assert fit_temperature(logits, targets, activation) == fitted
    found = minimize_scalar(cross_entropy, bounds=(0.1, 10), method="bounded")
    assert fitted == pytest.approx(found.x, rel=1e-4)


def test_who_makes_no_mistakes_does_not_learn_how_sure_to_be() -> None:
    samples = Samples(3 * np.eye(4).repeat(50, axis=0), np.arange(4, dtype=np.uint8).repeat(50))
    calibration = fit_calibration(identity(4), samples)
    assert calibration is not None
    assert calibration.temperature == 1


@pytest.mark.parametrize("activation", ["softmax", "sigmoid"])
def test_99_of_100_validation_samples_are_known(rng: np.random.Generator, activation: str) -> None:
    samples, network = drawn(rng, 2000, 2.0), identity(4, activation)
    calibration = fit_calibration(network, samples, samples)  # too few numbers for a score
    assert calibration is not None
    answers = answer(network, samples.x, calibration)
    assert 1980 <= answers.known.sum() <= 1985
    assert answers.score is None
    assert answers.outputs[answers.known].max(axis=1).min() >= calibration.min_probability
    assert (calibration.max_energy is None) == (activation == "sigmoid")


def test_too_few_samples_tell_nothing_about_one_in_a_hundred(rng: np.random.Generator) -> None:
    calibration = fit_calibration(identity(4), drawn(rng, 99, 2.0))
    assert calibration is not None
    assert (calibration.min_probability, calibration.max_score) == (0, None)


def test_the_most_likely_class_stays_and_a_single_output_gets_two(rng: np.random.Generator) -> None:
    x = rng.normal(0, 5, (100, 1))
    network = Network(1, [*block(1, "sigmoid")], rng=None, dtype=np.float64)
    network.dense[0].W[...] = 1
    answers = answer(network, x, Calibration(2.0))
    np.testing.assert_allclose(answers.outputs[:, 1], sigmoid(x[:, 0] / 2))
    np.testing.assert_allclose(answers.outputs.sum(axis=1), 1)
    np.testing.assert_array_equal(answers.outputs.argmax(axis=1), x[:, 0] > 0)


def test_a_probability_may_be_asked_for(rng: np.random.Generator) -> None:
    network, x = identity(4), rng.normal(0, 2, (100, 4))
    for calibration in (None, Calibration(2.0, 0.3)):
        answers = answer(network, x, calibration, 0.8)
        np.testing.assert_array_equal(answers.known, answers.outputs.max(axis=1) >= 0.8)
        assert 0 < answers.known.sum() < 100
        assert answer(network, x, calibration, 0.0).known.all()
    assert answer(network, x, None).known.all()
    with pytest.raises(ConfigError, match=r"from 0 to 1, got 1\.5"):
        answer(network, x, None, 1.5)


def test_outputs_that_are_no_probabilities_are_not_calibrated(rng: np.random.Generator) -> None:
    network, samples = identity(4, "tanh"), drawn(rng, 200, 1.0)
    assert fit_calibration(network, samples) is None
    answers = answer(network, samples.x, None)
    np.testing.assert_array_equal(answers.outputs, network.predict(samples.x))
    assert answers.known.all()
    with pytest.raises(ConfigError, match="tanh"):
        answer(network, samples.x, None, 0.5)


def test_real_digits_are_answered_and_pictures_of_nothing_are_not(
    trained_on_sample: Path, rng: np.random.Generator
) -> None:
    data, model = load_dataset("mnist-sample"), load_model(trained_on_sample)
    assert data.test is not None
    validation, others = (data.test.take(part) for part in np.arange(1000).reshape(2, 500))
    calibration = fit_calibration(model.network, validation, data.train)
    assert calibration is not None
    assert calibration.max_score is not None

    held = answer(model.network, validation.x, calibration)
    assert held.score is not None
    unsure = held.outputs.max(axis=1) < calibration.min_probability
    unlike = held.score > calibration.max_score
    logits = model.network.logits(validation.x).astype(float) / calibration.temperature
    assert calibration.max_energy is not None
    faint = -calibration.temperature * logsumexp(logits, axis=1) > calibration.max_energy + 1e-4
    np.testing.assert_array_equal(held.known, ~(unsure | unlike | faint))
    assert unsure.sum() == unlike.sum() == faint.sum() > 0  # the rules are as strict
    assert 495 <= held.known.sum() <= 498

    assert answer(model.network, others.x, calibration).known.mean() > 0.97
    shuffled = rng.permuted(others.x, axis=1)  # the same ink anywhere
    for nothing in (shuffled, 255 - others.x, rng.integers(0, 256, (100, 784), np.uint8)):
        assert not answer(model.network, nothing, calibration).known.any()
        assert answer(model.network, nothing, calibration, min_probability=0).known.all()


def test_a_subspace_is_that_of_an_exact_decomposition(rng: np.random.Generator) -> None:
    network = Network(80, [*block(2, "softmax")], rng=None, dtype=np.float64)
    sizes = np.repeat([1, 1e-4], [64, 16])
    x = rng.normal(size=(500, 80)) * sizes @ rng.normal(size=(80, 80)) + 3
    found = fit_subspace(network, x)
    assert found is not None
    _, _, directions = np.linalg.svd(x - x.mean(axis=0), full_matrices=False)
    exact = Subspace(x.mean(axis=0), directions[:64].T)
    new = rng.normal(size=(20, 80))
    np.testing.assert_allclose(found.score(network, new), exact.score(network, new), rtol=1e-3)
    assert found.score(network, x).max() < 1e-4 * found.score(network, new).min()


def test_numbers_too_large_to_be_squared_have_no_score(rng: np.random.Generator) -> None:
    """float32 ends at 3e38: otherwise the model could not be saved, for its limit is no number."""
    network = Network(80, [*block(2, "softmax")], rng=rng)
    samples = Samples(rng.normal(0, 1e25, (200, 80)), rng.integers(0, 2, 200).astype(np.uint8))
    calibration = fit_calibration(network, samples, samples)
    assert calibration is not None
    assert (calibration.max_score, calibration.subspace) == (None, None)
    assert 0.98 <= answer(network, samples.x, calibration).known.mean() <= 1


@pytest.mark.parametrize("label", [-1, 4])
def test_labels_of_no_class_calibrate_nothing(rng: np.random.Generator, label: int) -> None:
    samples = drawn(rng, 200, 1.0)
    wrong = Samples(samples.x, np.full(200, label))
    with pytest.raises(ValueError, match="labels"):
        fit_calibration(identity(4), wrong)
    with pytest.raises(ValueError, match="shape"):
        fit_calibration(identity(4), samples, Samples(samples.x[:, :3], samples.y))
