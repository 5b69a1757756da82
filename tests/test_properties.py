"""What holds for every network, not only for those in other tests."""

import random
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mnist_nn.config import Source, resolve
from mnist_nn.data import DATASETS
from mnist_nn.model import Model, build_network, load_model, save_model
from mnist_nn.nn import ACTIVATIONS, LOSSES, Network, check_gradients
from mnist_nn.training import EpochMetrics

HIDDEN = [name for name, activation in ACTIVATIONS.items() if activation.trainable]
FITTING = [(loss.name, output) for loss in LOSSES.values() for output in loss.fits]


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """A config of a small network for irises, of any kind that can be trained."""
    loss, output = draw(st.sampled_from(FITTING))
    hidden = st.fixed_dictionaries(
        {
            "units": st.integers(1, 9),
            "activation": st.sampled_from([name for name in HIDDEN if name != "softmax"]),
        }
    )
    layers = [*draw(st.lists(hidden, max_size=4)), {"units": 3, "activation": output}]
    network = {
        "layers": layers,
        "bias": draw(st.booleans()),
        "dtype": draw(st.sampled_from(["float32", "float64"])),
        "initializer": {"biases": True},  # a sum of exactly 0 would be on the kink of a ReLU
    }
    seed = draw(st.integers(0, 2**63 - 1))
    return {
        "seed": seed,
        "data": {"dataset": "iris"},
        "network": network,
        "training": {"loss": loss},
    }


def network_of(values: dict[str, Any]) -> Network:
    config = resolve([Source("", values)])
    return build_network(
        config, DATASETS["iris"].format, np.random.default_rng(config.seed % 2**32)
    )


@given(configs())
def test_the_gradient_of_any_network_is_right(values: dict[str, Any]) -> None:
    network, rng = network_of(values), np.random.default_rng(values["seed"])
    x, y = rng.normal(size=(5, 4)), rng.integers(0, 3, 5)
    loss = LOSSES[values["training"]["loss"]]
    groups = list(check_gradients(network, loss, x, y))
    assert groups
    for group in groups:
        assert group.error < 1e-6 or not group.measurable, group


@given(configs())
def test_a_model_that_is_saved_and_loaded_is_the_same(values: dict[str, Any]) -> None:
    network = network_of(values)
    history = [EpochMetrics(1, 10, 0.5, 0.5, 0.1, 0.01)]
    model = Model(
        resolve([Source("", values)]),
        network,
        DATASETS["iris"].format,
        history,
        {"x_train": "ab"},
        {"a": "1"},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.pkl"
        save_model(path, model)
        loaded = load_model(path)
    assert loaded.network.params.tobytes() == network.params.tobytes()
    assert loaded.network.dtype == network.dtype
    assert (loaded.config, loaded.history) == (model.config, history)
    x = np.random.default_rng(0).normal(size=(5, 4))
    np.testing.assert_array_equal(loaded.network.predict(x), network.predict(x))


@given(configs(), st.randoms(use_true_random=False))
def test_permuting_hidden_units_of_any_network_leaves_its_outputs(
    values: dict[str, Any], dice: random.Random
) -> None:
    values["network"]["dtype"] = "float64"
    network = network_of(values)
    x = np.random.default_rng(0).normal(size=(5, 4))
    before = network.predict(x)
    for layer, following in zip(network.dense, network.dense[1:], strict=False):
        order = list(range(layer.W.shape[1]))
        dice.shuffle(order)
        layer.W[...] = layer.W[:, order]
        if layer.b is not None:
            layer.b[...] = layer.b[order]
        following.W[...] = following.W[order]
    np.testing.assert_allclose(network.predict(x), before, rtol=1e-9, atol=1e-12)
