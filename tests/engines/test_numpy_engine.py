import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.engines import NumpyEngine, StepConfig
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.training import SGD


def reference_run(
    network: Network, x: np.ndarray, y: np.ndarray, size: int, rate: float
) -> tuple[float, int]:
    """The same run in float64 without the package's code: sigmoid, softmax, cross-entropy."""
    (W1, b1), (W2, b2) = (
        [layer.W.astype(np.float64), np.asarray(layer.b, np.float64)] for layer in network.dense
    )
    total, n_correct = 0.0, 0
    for i in range(0, len(x), size):
        inputs, labels = x[i : i + size] / 255, y[i : i + size]
        hidden = 1 / (1 + np.exp(-(inputs @ W1 + b1)))
        e = np.exp(hidden @ W2 + b2)
        p = e / e.sum(axis=1, keepdims=True)
        total -= np.log(p[np.arange(len(p)), labels]).sum()
        n_correct += (p.argmax(axis=1) == labels).sum()
        dz2 = (p - np.eye(10)[labels]) / len(p)
        dz1 = dz2 @ W2.T * hidden * (1 - hidden)
        W2, b2 = W2 - rate * hidden.T @ dz2, b2 - rate * dz2.sum(axis=0)
        W1, b1 = W1 - rate * inputs.T @ dz1, b1 - rate * dz1.sum(axis=0)
    network.params[:] = np.concatenate([W1.ravel(), W2.ravel(), b1, b2])
    return total, n_correct


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-12), (np.float32, 1e-5)])
@pytest.mark.parametrize("size", [1, 7, 32, 200])
def test_a_run_is_that_of_an_independent_implementation(
    digits: Samples, dtype: type, tolerance: float, size: int
) -> None:
    def make() -> Network:
        layers = [*block(12, "sigmoid"), *block(10, "softmax")]
        rng = np.random.default_rng(3)
        return Network(784, layers, rng=rng, input_scale=1 / 255, dtype=dtype)

    network, oracle = make(), make().astype(np.float64)
    order = np.random.default_rng(4).permutation(5000)[:200]
    step_config = StepConfig(LOSSES["cross_entropy"], SGD(learning_rate=0.3))
    engine = NumpyEngine(network, step_config, *digits, size, np.random.default_rng(0))
    total, n_correct = engine.run(order, np.full(200, 0.3))
    expected_total, expected_correct = reference_run(
        oracle, digits.x[order], digits.y[order], size, 0.3
    )
    assert total == pytest.approx(expected_total, rel=tolerance)
    assert n_correct == expected_correct
    np.testing.assert_allclose(network.params, oracle.params, atol=10 * tolerance)


def test_a_run_in_pieces_is_the_same_run(digits: Samples) -> None:
    ends = []
    for pieces in ([slice(0, 640)], [slice(0, 320), slice(320, 640)]):
        network = Network(784, [*block(10, "softmax")], rng=np.random.default_rng(0))
        step_config = StepConfig(LOSSES["cross_entropy"], SGD())
        engine = NumpyEngine(network, step_config, *digits, 32, np.random.default_rng(0))
        for piece in pieces:
            engine.run(np.arange(640)[piece], np.full(20, 1e-5))
        ends.append(network.params)
    np.testing.assert_array_equal(ends[0], ends[1])
