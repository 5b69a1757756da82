import numpy as np
import pytest

from mnist_nn.nn import LOSSES, Activation, BatchNorm, Dense, Network, block, encode


def reference(x: np.ndarray, state: dict[str, np.ndarray], *, training: bool) -> np.ndarray:
    """Batch normalization as the paper has it, with Keras's running averages."""
    mean, variance = state["mean"], state["variance"]
    if training:
        mean, variance = x.mean(axis=0), x.var(axis=0)
        state["mean"] = 0.99 * state["mean"] + 0.01 * mean
        state["variance"] = 0.99 * state["variance"] + 0.01 * variance
    y: np.ndarray = state["gamma"] * (x - mean) / np.sqrt(variance + 1e-3) + state["beta"]
    return y


def make(rng: np.random.Generator) -> tuple[Network, dict[str, np.ndarray]]:
    """A network that only normalizes, and its parameters."""
    network = Network(6, [BatchNorm(), Activation("identity")], rng=rng, dtype=np.float64)
    named = network.named_parameters()
    for array in named.values():
        array += rng.uniform(0, 1, array.shape)
    return network, {name.partition(".")[2]: array.copy() for name, array in named.items()}


def test_training_is_that_of_the_reference_batch_after_batch(rng: np.random.Generator) -> None:
    network, state = make(rng)
    work = network.workspace(9, training=True)
    for _ in range(5):
        x = rng.normal(size=(9, 6)) * [1, 2, 3, 4, 5, 0] + 7  # the last input never varies
        expected = reference(x, state, training=True)
        np.testing.assert_allclose(network.forward(x, work), expected, rtol=1e-9)
        layer = network.layers[0]
        assert isinstance(layer, BatchNorm)
        np.testing.assert_allclose(layer.mean, state["mean"], rtol=1e-12)
        np.testing.assert_allclose(layer.variance, state["variance"], rtol=1e-12)


def test_evaluation_uses_the_running_averages_and_leaves_them(rng: np.random.Generator) -> None:
    network, state = make(rng)
    before, x = network.params.copy(), rng.normal(size=(9, 6))
    expected = reference(x, state, training=False)
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-12)
    np.testing.assert_allclose(network.predict(x[:1]), expected[:1], rtol=1e-12)
    np.testing.assert_array_equal(network.params, before)


def test_a_new_network_normalizes_to_mean_0_and_variance_1(rng: np.random.Generator) -> None:
    network = Network(4, [BatchNorm(), Activation("identity")], rng=rng, dtype=np.float64)
    x = rng.normal(3, 50, (1000, 4))
    y = network.forward(x, network.workspace(1000, training=True))
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.std(axis=0), 1, rtol=1e-5)


def test_a_single_sample_comes_out_as_beta(rng: np.random.Generator) -> None:
    """As the last batch of an epoch may be of one: nothing is divided by zero."""
    network, state = make(rng)
    y = network.forward(rng.normal(size=(1, 6)), network.workspace(1, training=True))
    np.testing.assert_allclose(y[0], state["beta"], rtol=1e-12)


def test_under_it_the_dense_layer_has_no_biases() -> None:
    dense, norm, _ = block(3, "relu", batch_norm=True)
    assert isinstance(dense, Dense)
    assert not dense.bias
    assert isinstance(norm, BatchNorm)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_the_scale_of_the_weights_below_does_not_matter_in_training(
    scale: float, rng: np.random.Generator
) -> None:
    """What the paper is for: outputs and the gradients above are those of any scale."""
    layers = [*block(8, "tanh", batch_norm=True), *block(3, "softmax")]
    network = Network(4, layers, rng=rng, dtype=np.float64)
    x, targets, loss = (
        rng.normal(size=(20, 4)),
        encode(np.arange(20) % 3, 3),
        LOSSES["cross_entropy"],
    )
    network.dense[0].W *= 1e4  # of which ε is a small part, scaled or not
    value = network.loss_and_gradient(x, targets, loss, network.workspace(20, training=True))
    above = network.dense[1].dW.copy()
    network.dense[0].W *= scale
    again = network.loss_and_gradient(x, targets, loss, network.workspace(20, training=True))
    assert again == pytest.approx(value, rel=1e-3)
    np.testing.assert_allclose(network.dense[1].dW, above, rtol=0.01, atol=1e-4)
