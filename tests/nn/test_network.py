from typing import Any

import numpy as np
import pytest

from mnist_nn.nn import LOSSES, Dense, Initializer, Network, block, encode, predicted_classes
from mnist_nn.nn.activations import sigmoid, softmax
from mnist_nn.nn.arrays import FloatArray

LAYERS = [*block(5, "sigmoid"), *block(3, "softmax")]


@pytest.fixture
def network(rng: np.random.Generator) -> Network:
    return Network(4, LAYERS, rng=rng, initializer=Initializer(biases=True), dtype=np.float64)


def biases(layer: Dense) -> FloatArray:
    assert layer.b is not None
    return layer.b


def test_forward_is_what_the_formula_says(network: Network, rng: np.random.Generator) -> None:
    x = rng.normal(size=(7, 4))
    first, second = network.dense
    expected = softmax(sigmoid(x @ first.W + biases(first)) @ second.W + biases(second))
    np.testing.assert_allclose(network.predict(x), expected, rtol=1e-14)


def test_params_are_all_weights_then_all_biases(network: Network) -> None:
    first, second = network.dense
    expected = [first.W.ravel(), second.W.ravel(), biases(first), biases(second)]
    np.testing.assert_array_equal(network.params, np.concatenate(expected))
    assert network.spec.n_decaying == 4 * 5 + 5 * 3


def test_layers_are_views_of_the_two_vectors(network: Network) -> None:
    network.params[:] = 7
    network.grads[:] = 8
    for layer in network.dense:
        assert (layer.W == 7).all()
        assert (biases(layer) == 7).all()
        assert (layer.dW == 8).all()
        assert layer.db is not None
        assert (layer.db == 8).all()


def test_a_network_without_biases_has_only_weights(rng: np.random.Generator) -> None:
    layers = [*block(5, "sigmoid", bias=False), *block(3, "softmax", bias=False)]
    network = Network(4, layers, rng=rng)
    assert network.params.size == network.spec.n_decaying == 35
    assert list(network.named_parameters()) == ["layer_1.weights", "layer_2.weights"]


def test_bytes_are_scaled_on_the_way_in(rng: np.random.Generator) -> None:
    network = Network(4, LAYERS, rng=rng, input_scale=1 / 255, dtype=np.float64)
    plain = Network(4, LAYERS, rng=rng, dtype=np.float64)
    plain.params[:] = network.params
    pixels = rng.integers(0, 256, (6, 4), dtype=np.uint8)
    np.testing.assert_allclose(network.predict(pixels), plain.predict(pixels / 255), rtol=1e-14)


def test_floats_are_taken_to_be_scaled_already(rng: np.random.Generator) -> None:
    network = Network(4, LAYERS, rng=rng, input_scale=1 / 255, dtype=np.float64)
    pixels = rng.integers(0, 256, (6, 4), dtype=np.uint8)
    np.testing.assert_allclose(network.predict(pixels / 255), network.predict(pixels), rtol=1e-14)


@pytest.mark.parametrize("shape", [(4,), (6, 3), (6, 1), (6, 4, 1)])
def test_samples_of_another_shape_are_refused(network: Network, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="samples must be"):
        network.predict(np.zeros(shape))


@pytest.mark.parametrize("dtype", [int, np.float16, complex])
def test_other_precisions_are_refused(dtype: type, rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="dtype must be float32 or float64"):
        Network(4, LAYERS, rng=rng, dtype=dtype)


def test_without_random_numbers_all_parameters_are_zero() -> None:
    assert not Network(4, LAYERS, rng=None).params.any()


def test_batches_do_not_change_predictions(network: Network, rng: np.random.Generator) -> None:
    x = rng.normal(size=(10, 4))
    np.testing.assert_allclose(network.predict(x, batch_size=3), network.predict(x), rtol=1e-14)


def test_a_gradient_is_the_mean_of_its_samples_gradients(
    network: Network, rng: np.random.Generator
) -> None:
    x, targets = rng.normal(size=(3, 4)), encode([0, 2, 1], 3)
    loss = LOSSES["cross_entropy"]
    one, three = network.workspace(1), network.workspace(3)
    singles = []
    for i in range(3):
        network.loss_and_gradient(x[i : i + 1], targets[i : i + 1], loss, one)
        singles.append(network.grads.copy())
    network.loss_and_gradient(x, targets, loss, three)
    np.testing.assert_allclose(network.grads, np.mean(singles, axis=0), rtol=1e-12)


def test_a_short_batch_gets_a_workspace_of_its_own(
    network: Network, rng: np.random.Generator
) -> None:
    x, targets = rng.normal(size=(2, 4)), encode([0, 2], 3)
    loss = LOSSES["cross_entropy"]
    value = network.loss_and_gradient(x, targets, loss, network.workspace(2))
    grads = network.grads.copy()
    assert network.loss_and_gradient(x, targets, loss, network.workspace(9).resized(2)) == value
    np.testing.assert_array_equal(network.grads, grads)


def test_permuting_hidden_units_leaves_outputs_unchanged(
    network: Network, rng: np.random.Generator
) -> None:
    x = rng.normal(size=(6, 4))
    before = network.predict(x)
    first, second = network.dense
    order = rng.permutation(5)
    first.W[:], second.W[:] = first.W[:, order], second.W[order]
    biases(first)[:] = biases(first)[order]
    np.testing.assert_allclose(network.predict(x), before, rtol=1e-12)


def test_an_architecture_may_be_a_list_of_dicts(rng: np.random.Generator) -> None:
    architecture = [
        {"input_dim": 2, "output_dim": 25, "activation": "relu"},
        {"input_dim": 25, "output_dim": 1, "activation": "sigmoid"},
    ]
    network = Network.from_architecture(architecture, rng=rng)
    assert str(network.layers) == str([*block(25, "relu"), *block(1, "sigmoid")])
    assert network.predict(np.zeros((3, 2))).shape == (3, 1)


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([], "needs inputs and layers"),
        ([{"input_dim": 2, "units": 3}], "layer 1 must have the keys"),
        (
            [
                {"input_dim": 2, "output_dim": 3, "activation": "relu"},
                {"input_dim": 4, "output_dim": 1, "activation": "relu"},
            ],
            "layer 2 reads 4 numbers, but gets 3",
        ),
        ([{"input_dim": 2, "output_dim": 0, "activation": "relu"}], "units must be 1 or more"),
        ([{"input_dim": 2, "output_dim": 1, "activation": "cos"}], "unknown activation 'cos'"),
    ],
)
def test_an_impossible_architecture_is_refused(
    rows: list[dict[str, Any]], complaint: str, rng: np.random.Generator
) -> None:
    with pytest.raises(ValueError, match=complaint):
        Network.from_architecture(rows, rng=rng)


def test_step_units_can_answer(rng: np.random.Generator) -> None:
    """A hand-made XOR of step units, which no training could find through their flat derivative."""
    xor = Network(2, [*block(2, "step"), *block(1, "step")], rng=rng)
    hidden, output = xor.dense
    hidden.W[:], biases(hidden)[:] = [[1, 1], [1, 1]], [-0.5, -1.5]  # or, and
    output.W[:], biases(output)[:] = [[1], [-2]], [-0.5]
    answers = xor.predict(np.array([[0, 0], [0, 1], [1, 0], [1, 1]]))
    np.testing.assert_array_equal(answers[:, 0], [0, 1, 1, 0])


def test_classes_are_read_off_the_outputs() -> None:
    np.testing.assert_array_equal(predicted_classes(np.array([[0.1, 0.9], [0.8, 0.2]])), [1, 0])
    np.testing.assert_array_equal(predicted_classes(np.array([[0.4], [0.6]])), [0, 1])
