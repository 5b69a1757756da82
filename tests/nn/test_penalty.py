import numpy as np
import pytest

from mnist_nn.nn import Network, add_penalty_gradient, block, penalty


def test_weights_are_penalised_and_biases_are_not() -> None:
    network = Network(2, [*block(2, "sigmoid"), *block(1, "sigmoid")], rng=None, dtype=np.float64)
    network.params[...] = [1, 2, 3, 4, 5, -6, 100, 100, 100]
    assert penalty(network, 0.1) == pytest.approx(0.05 * (1 + 4 + 9 + 16 + 25 + 36))
    network.grads[...] = 1
    add_penalty_gradient(network, 0.1)
    np.testing.assert_allclose(network.grads, [1.1, 1.2, 1.3, 1.4, 1.5, 0.4, 1, 1, 1])
