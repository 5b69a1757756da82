import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.nn import LOSSES, Network, block, encode, gradient_descent, numerical_gradient


def test_the_gradient_of_a_known_function() -> None:
    x = np.array([[1.0, -2.0], [0.5, 3.0]])
    gradient = numerical_gradient(lambda x: (x**3).sum(), x)
    np.testing.assert_allclose(gradient, 3 * x**2, atol=1e-6)


def test_the_point_is_not_changed() -> None:
    x = np.array([1, 2])
    numerical_gradient(lambda x: x[0] * x[1], x)
    np.testing.assert_array_equal(x, [1, 2])


def test_descent_finds_the_minimum_of_a_quadratic() -> None:
    lowest = gradient_descent(lambda x: x[0] ** 2 + x[1] ** 2, [-3.0, 4.0], 0.1, 100)
    np.testing.assert_allclose(lowest, [0, 0], atol=1e-8)


@pytest.mark.parametrize("learning_rate", [10.0, 1e-10])
def test_a_bad_learning_rate_shows(learning_rate: float) -> None:
    end = gradient_descent(lambda x: (x**2).sum(), [-3.0, 4.0], learning_rate, 20)
    assert np.abs(end).max() > 3.9  # too large: far off; too small: still at the start


def test_numerical_and_analytic_gradients_are_interchangeable(
    digits: Samples, rng: np.random.Generator
) -> None:
    """Write-up D's point, on its own network in miniature: h = 1e-4, agreement far below 1e-6."""
    network = Network(784, [*block(2, "sigmoid"), *block(10, "softmax")], rng=rng, dtype=np.float64)
    x, targets, loss = digits.x[:3] / 255, encode(digits.y[:3], 10), LOSSES["cross_entropy"]
    work = network.workspace(3)
    network.loss_and_gradient(x, targets, loss, work)

    def value(params: np.ndarray) -> float:
        network.params[:] = params
        return network.loss(x, targets, loss, work)

    numeric = numerical_gradient(value, network.params)
    assert np.abs(numeric - network.grads).max() < 1e-8
