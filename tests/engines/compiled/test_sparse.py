import numpy as np
import pytest
from numba import njit

from mnist_nn.data import Samples
from mnist_nn.engines.compiled.sparse import SLACK, Inputs, Lists, list_inputs


@njit
def listed(x: np.ndarray, at: int, n: int, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    indices, values = np.full(n + SLACK, -1, np.int32), np.full(n + SLACK, np.nan, scale.dtype)
    lists = Lists(indices, values, np.empty(0, np.int64))
    end = list_inputs(Inputs(x, scale), at, n, lists, 0)
    return indices[:end], values[:end]


@pytest.mark.parametrize("n_inputs", [1, 4, 8, 15, 784])
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
def test_a_list_has_every_input_that_is_not_zero(
    digits: Samples, n_inputs: int, kind: type
) -> None:
    flat: np.ndarray = digits.x[:50].ravel().astype(kind)
    scale = np.array([0.5], np.float32)
    lanes = 16
    for at in range(0, flat.size - n_inputs + 1, max(n_inputs, 97)):
        sample = flat[at : at + n_inputs]
        indices, values = listed(flat, at, n_inputs, scale)
        np.testing.assert_array_equal(indices, np.flatnonzero(sample) * lanes)
        np.testing.assert_array_equal(values, sample[sample != 0] * np.float32(0.5))


def test_a_number_that_is_none_is_listed() -> None:
    indices, values = listed(np.array([0, np.nan, 0, 2.0]), 0, 4, np.array([1.0]))
    np.testing.assert_array_equal(indices, [8, 24])
    np.testing.assert_array_equal(values, [np.nan, 2])
