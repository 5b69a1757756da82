"""Copies and pickles of networks: each has parameters of its own, once."""

import copy
import pickle
from collections.abc import Callable

import numpy as np
import pytest

from mnist_nn.nn import Network, block


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda network: pickle.loads(pickle.dumps(network))]
)
def test_a_copy_has_parameters_of_its_own(
    duplicate: Callable[[Network], Network], rng: np.random.Generator
) -> None:
    layers = [*block(5, "relu", batch_norm=True, dropout=0.5), *block(3, "softmax")]
    network = Network(4, layers, rng=rng)
    x = rng.normal(size=(6, 4))
    twin = duplicate(network)
    np.testing.assert_array_equal(twin.predict(x), network.predict(x))
    twin.params[...] = 0
    assert not twin.dense[0].W.any()
    assert network.dense[0].W.all()
    assert not np.shares_memory(twin.grads, network.grads)


def test_a_pickle_holds_the_parameters_once(rng: np.random.Generator) -> None:
    network = Network(100, [*block(50, "relu"), *block(10, "softmax")], rng=rng)
    assert len(pickle.dumps(network)) < 1.5 * network.params.nbytes
