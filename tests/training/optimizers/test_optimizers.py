"""Every optimizer against ten lines of the paper's formulas, and one step by hand."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from mnist_nn.training import SGD, AdaGrad, Adam, AdamW, AnyOptimizer, RMSprop
from mnist_nn.training.optimizers import Optimizer

OPTIMIZERS = get_args(get_args(AnyOptimizer)[0])
VARIANTS = [
    SGD(learning_rate=0.1),
    SGD(learning_rate=0.1, momentum=0.9),
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    AdaGrad(learning_rate=0.1),
    RMSprop(learning_rate=0.01, weight_decay=0.1),
    Adam(learning_rate=0.01),
    Adam(learning_rate=0.01, beta_1=0.5, beta_2=0.9, epsilon=1e-3),
    AdamW(learning_rate=0.01),
]

every = pytest.mark.parametrize("optimizer", [cls() for cls in OPTIMIZERS], ids=lambda o: o.name)
variants = pytest.mark.parametrize("optimizer", VARIANTS, ids=repr)


def reference(
    rule: Any, params: np.ndarray, n_weights: int, slope: Callable[..., Any]
) -> np.ndarray:
    """Fifty steps in float64, from the papers, one parameter at a time."""
    end = []
    for i, p in enumerate(params):
        decay = rule.weight_decay if i < n_weights else 0.0
        a, b = getattr(rule, "initial_accumulator_value", 0.0), 0.0
        for t in range(1, 51):
            g = slope(p)
            p -= rule.learning_rate * decay * p
            if rule.name == "sgd":
                a = rule.momentum * a - rule.learning_rate * g
                p += rule.momentum * a - rule.learning_rate * g if rule.nesterov else a
            elif rule.name in ("adagrad", "rmsprop"):
                kept = rule.rho if rule.name == "rmsprop" else 1
                a = kept * a + (1 - kept if rule.name == "rmsprop" else 1) * g * g
                p -= rule.learning_rate * g / (a + rule.epsilon) ** 0.5
            else:
                a = rule.beta_1 * a + (1 - rule.beta_1) * g
                b = rule.beta_2 * b + (1 - rule.beta_2) * g * g
                m, v = a / (1 - rule.beta_1**t), b / (1 - rule.beta_2**t)
                p -= rule.learning_rate * m / (v**0.5 + rule.epsilon)
        end.append(p)
    return np.array(end)


def slope(p: np.ndarray) -> np.ndarray:
    """Of a function with valleys of several widths: p² + sin 3p."""
    height: np.ndarray = 2 * p + 3 * np.cos(3 * p)
    return height


@variants
def test_fifty_steps_are_those_of_the_paper(optimizer: Optimizer) -> None:
    params = np.random.default_rng(0).normal(size=12)
    expected = reference(optimizer, params.copy(), 8, slope)
    state = optimizer.start(params, 8)
    for _ in range(50):
        optimizer.step(params, slope(params), state)
    np.testing.assert_allclose(params, expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [  # from 1 along a gradient of 0.5, then one of -0.5
        (SGD(learning_rate=0.1), [0.95, 1.0]),
        (SGD(learning_rate=0.1, momentum=0.9), [0.95, 0.955]),
        (SGD(learning_rate=0.1, momentum=0.9, nesterov=True), [0.905, 0.9595]),
        (AdaGrad(learning_rate=0.1, epsilon=1e-12), [1 - 0.05 / 0.35**0.5, None]),
        (RMSprop(learning_rate=0.1, epsilon=1e-12), [1 - 0.05 / 0.025**0.5, None]),
        (Adam(learning_rate=0.1, epsilon=1e-12), [0.9, 0.9 - 0.1 * (-0.005 / 0.19) / 0.5]),
        (AdamW(learning_rate=0.1, epsilon=1e-12, weight_decay=0.5), [0.95 - 0.1, None]),
    ],
    ids=repr,
)
def test_a_step_or_two_by_hand(optimizer: Optimizer, expected: list[float | None]) -> None:
    params = np.array([1.0])
    state = optimizer.start(params, 1)
    for gradient, place in zip((0.5, -0.5), expected, strict=True):
        optimizer.step(params, np.array([gradient]), state)
        if place is not None:
            assert params[0] == pytest.approx(place, abs=1e-9)


@every
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_steps_are_in_place_and_keep_the_dtype(optimizer: Optimizer, dtype: type) -> None:
    params: np.ndarray = np.ones(5, dtype)
    view, state = params[1:3], optimizer.start(params, 5)
    optimizer.step(params, np.ones(5, dtype), state)
    assert params.dtype == state.slots.dtype == dtype
    assert state.slots.shape == (optimizer.n_slots, 5)
    assert (view < 1).all()


@every
def test_a_quadratic_is_lowered(optimizer: Optimizer) -> None:
    optimizer = replace(optimizer, learning_rate=0.1)
    params = np.array([3.0, -2.0])
    state = optimizer.start(params, 2)
    for _ in range(400):
        optimizer.step(params, 2 * params, state, 0.1)
    assert np.abs(params).max() < 0.5


@every
def test_the_rate_of_a_step_wins_over_the_learning_rate(optimizer: Optimizer) -> None:
    moved = {}
    for rate in (None, optimizer.learning_rate, 2 * optimizer.learning_rate):
        params = np.ones(1)
        optimizer.step(params, np.ones(1), optimizer.start(params, 0), rate)
        moved[rate] = 1 - params[0]
    assert moved[None] == moved[optimizer.learning_rate]
    assert moved[2 * optimizer.learning_rate] == pytest.approx(2 * moved[None])


@every
def test_weights_decay_and_biases_do_not(optimizer: Optimizer) -> None:
    optimizer = replace(optimizer, learning_rate=0.1, weight_decay=0.2)
    params = np.ones(4)
    optimizer.step(params, np.zeros(4), optimizer.start(params, 3))
    np.testing.assert_allclose(params, [0.98, 0.98, 0.98, 1])


@pytest.mark.parametrize(
    ("cls", "key", "value"),
    [
        *((cls, "learning_rate", bad) for cls in OPTIMIZERS for bad in (0, -1, np.nan, "0.1")),
        (SGD, "momentum", 1),
        (SGD, "nesterov", "x"),
        (RMSprop, "rho", -0.1),
        (Adam, "beta_2", 1.0),
        (Adam, "epsilon", 0),
        (AdamW, "weight_decay", -1),
        (AdaGrad, "initial_accumulator_value", -1),
    ],
)
def test_impossible_values_are_refused(cls: type, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        cls(**{key: value})


def test_defaults_are_those_of_keras() -> None:
    assert (SGD().momentum, SGD().nesterov) == (0, False)
    assert (AdaGrad().learning_rate, AdaGrad().initial_accumulator_value) == (0.001, 0.1)
    assert (RMSprop().learning_rate, RMSprop().rho, RMSprop().epsilon) == (0.001, 0.9, 1e-7)
    adam = Adam()
    assert (adam.learning_rate, adam.beta_1, adam.beta_2, adam.epsilon) == (1e-3, 0.9, 0.999, 1e-7)
    assert AdamW().weight_decay == 0.004
