from typing import get_args

import numpy as np
import pytest
from pydantic import ValidationError

from mnist_nn.training import SGD, Optimizer

OPTIMIZERS = get_args(Optimizer) or (Optimizer,)

every = pytest.mark.parametrize("optimizer", [cls() for cls in OPTIMIZERS])


def test_one_step_of_sgd_by_hand() -> None:
    params, grads = np.array([1.0, -2.0]), np.array([0.5, 4.0])
    SGD(learning_rate=0.1).step(params, grads)
    np.testing.assert_allclose(params, [0.95, -2.4])


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_are_in_place_and_keep_the_dtype(optimizer: Optimizer, dtype: type) -> None:
    params = np.ones(5, dtype)
    view = params[1:3]
    optimizer.step(params, np.ones(5, dtype))
    assert params.dtype == dtype
    assert (view < 1).all()


@every
def test_a_quadratic_is_lowered(optimizer: Optimizer) -> None:
    params = np.array([3.0, -2.0])
    for _ in range(200):
        optimizer.step(params, 2 * params)
    assert np.abs(params).max() < 1e-3


@pytest.mark.parametrize("learning_rate", [0, -1, float("nan"), float("inf"), "0.1"])
def test_an_impossible_learning_rate_is_refused(learning_rate: object) -> None:
    with pytest.raises(ValidationError, match="learning_rate"):
        SGD(learning_rate=learning_rate)  # type: ignore[arg-type]
