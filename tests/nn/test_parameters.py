from typing import Any

import numpy as np
import pytest

from mnist_nn.nn import BatchNorm, Dense, Network, Parameter, ParameterSpec, block, parameter_spec

LAYERS = [*block(3, "relu", batch_norm=True), *block(2, "softmax")]


def test_a_vector_has_what_decays_first_and_what_is_not_trained_last() -> None:
    network = Network(4, LAYERS, rng=np.random.default_rng(0))
    (first, norm, _), (second, _) = network.layers[:3], network.layers[3:]
    assert isinstance(first, Dense)
    assert isinstance(norm, BatchNorm)
    assert isinstance(second, Dense)
    assert second.b is not None
    parts = (first.W, second.W, norm.gamma, norm.beta, second.b, norm.mean, norm.variance)
    np.testing.assert_array_equal(network.params, np.concatenate([part.ravel() for part in parts]))
    assert (network.spec.n_decaying, network.spec.n_trainable, network.spec.size) == (18, 26, 32)
    assert network.grads.size == 26


def test_names_are_in_the_order_of_the_layers() -> None:
    spec = parameter_spec(4, LAYERS)
    assert list(spec.views(np.zeros(32))) == [
        "layer_1.weights",
        "layer_1.gamma",
        "layer_1.beta",
        "layer_1.mean",
        "layer_1.variance",
        "layer_2.weights",
        "layer_2.biases",
    ]
    assert "layer_1.mean" not in spec.views(np.zeros(26))


def test_views_share_the_vectors_memory() -> None:
    vector = np.zeros(32)
    parameter_spec(4, LAYERS).views(vector)["layer_2.weights"][...] = 7
    assert (vector == 7).sum() == 6


def test_two_parameters_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="two parameters are named w"):
        ParameterSpec([Parameter("w", (2,)), Parameter("w", (3,))])


@pytest.mark.parametrize(
    ("shapes", "complaint"),
    [
        ({"a": (2, 3)}, r"wants 'b' of shape \(4,\), it has None"),
        ({"a": (2, 3), "b": (5,)}, r"wants 'b' of shape \(4,\), it has \(5,\)"),
        ({"a": (2, 3), "b": (4,), "c": (1,)}, r"wants 'c' of shape None, it has \(1,\)"),
    ],
    ids=["missing", "another shape", "one too many"],
)
def test_arrays_that_do_not_fit_are_refused(shapes: dict[str, Any], complaint: str) -> None:
    spec = ParameterSpec([Parameter("a", (2, 3)), Parameter("b", (4,))])
    spec.check({"a": (2, 3), "b": (4,)})
    with pytest.raises(ValueError, match=complaint):
        spec.check(shapes)
