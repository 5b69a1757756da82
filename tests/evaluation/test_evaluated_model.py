import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from mnist_nn.data import DATASETS, Samples
from mnist_nn.evaluation import EvaluatedModel, Plane, evaluate
from mnist_nn.nn import Network, block


def identity(n: int, activation: str = "softmax") -> Network:
    """A network whose logits are its inputs."""
    network = Network(n, [*block(n, activation)], rng=None, dtype=np.float64)
    network.dense[0].W[...] = np.eye(n)
    return network


def evaluated(network: Network, samples: Samples, loss: str = "cross_entropy") -> EvaluatedModel:
    names = tuple("abc"[: max(network.sizes[-1], 2)])
    samples_format = replace(DATASETS["iris"].format, class_names=names)
    result = evaluate(network, samples, loss)
    return EvaluatedModel("model", network, samples_format, samples, "samples", result, None)


def test_the_worst_mistakes_are_the_most_confident_ones() -> None:
    x = np.array([[3, 0, 0], [0, 5, 0], [0, 0, 1], [2, 0, 0], [0, 9, 0]], np.float64)
    y = np.array([1, 0, 0, 0, 1], np.uint8)  # wrong: 0, 1 and 2; the last is surest, but right
    model = evaluated(identity(3), Samples(x, y))
    assert model.worst_mistakes(10).tolist() == [1, 0, 2]
    assert model.worst_mistakes(2).tolist() == [1, 0]


def test_a_model_without_mistakes_has_no_worst_ones() -> None:
    model = evaluated(identity(2), Samples(np.eye(2), np.array([0, 1], np.uint8)))
    assert model.worst_mistakes(10).tolist() == []


def test_a_single_output_is_as_sure_of_the_one_as_of_the_other() -> None:
    network = Network(1, [*block(1, "sigmoid")], rng=None, dtype=np.float64)
    network.dense[0].W[...] = 1
    x, y = np.array([[2.0], [-2.0], [0.0]]), np.zeros(3, np.uint8)
    predictions = evaluated(network, Samples(x, y), "binary_cross_entropy").predictions
    assert predictions.predicted.tolist() == [1, 0, 0]
    np.testing.assert_allclose(predictions.confidence, [0.8808, 0.8808, 0.5], atol=1e-4)


@pytest.mark.parametrize(
    ("value", "said"),
    [(0.5, "50.00% sure"), (0.99994, "99.99% sure"), (0.99999, ">99.99% sure")],
)
def test_no_prediction_is_called_entirely_sure(value: float, said: str) -> None:
    logit = np.log(value / (1 - value))
    samples = Samples(np.array([[logit, 0.0]]), np.zeros(1, np.uint8))
    assert evaluated(identity(2), samples).predictions.confidence_text(0) == said


def test_outputs_that_are_no_probabilities_are_not_called_sure() -> None:
    samples = Samples(np.array([[0.5, 2.0]]), np.array([0], np.uint8))
    model = evaluated(identity(2, "relu"), samples, "mean_squared_error")
    assert model.predictions.confidence_text(0) == "output 2"
    assert model.reliability is None


def test_the_strongest_units_are_those_with_strong_ways_in_and_out() -> None:
    network = Network(2, [*block(4, "relu"), *block(2, "softmax")], rng=None)
    network.dense[0].W[...] = [[1, 9, 3, 2], [0, 0, 0, 0]]
    network.dense[1].W[...] = [[1, 0], [0, 0], [2, 0], [0, 4]]  # products: 1, 0, 6, 8
    model = evaluated(network, Samples(np.eye(2), np.array([0, 1], np.uint8)))
    assert model.strongest_units(2).tolist() == [2, 3]
    assert model.strongest_units(9).tolist() == [0, 1, 2, 3]
    np.testing.assert_array_equal(model.first_weights(np.array([1])), [[9, 0]])


@pytest.mark.parametrize("outputs", [1, 2])
def test_the_plane_is_read_from_left_to_right_and_from_below(outputs: int) -> None:
    """The network says class 1 where the second number, up, is above ½."""
    last = block(outputs, "sigmoid" if outputs == 1 else "softmax")
    network = Network(2, last, rng=None, dtype=np.float64)
    biases = network.dense[0].b
    assert biases is not None
    network.dense[0].W[1, -1], biases[-1] = 100, -50
    field = Plane(np.zeros(2), np.ones(2)).outputs(network)
    assert field[10].max() < 0.01
    assert field[-10].min() > 0.99
    assert np.ptp(field, axis=1).max() == 0


def test_a_plane_leaves_a_margin_even_around_a_single_point() -> None:
    left, right, bottom, top = Plane.around(np.array([[1.0, 2.0]])).extent
    assert left < 1 < right
    assert bottom < 2 < top


def test_nothing_that_measures_needs_matplotlib() -> None:
    program = "import sys, mnist_nn.evaluation; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False"
