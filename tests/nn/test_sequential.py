import numpy as np
import pytest

from mnist_nn.nn import Dense, Sequential


def test_the_input_size_is_read_from_the_data(rng: np.random.Generator) -> None:
    model = Sequential()
    for units in (6, 8, 10):
        model.add(Dense(units, "relu"))
    model.add(Dense(3, "softmax"))
    network = model.build(np.zeros((150, 4)), rng=rng, dtype=np.float64)
    assert network.sizes == (4, 6, 8, 10, 3)
    assert network.dtype == np.float64


def test_an_empty_builder_is_refused(rng: np.random.Generator) -> None:
    with pytest.raises(ValueError, match="needs inputs and layers, got 4 and 0"):
        Sequential().build(np.zeros((1, 4)), rng=rng)
