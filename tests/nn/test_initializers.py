import math

import numpy as np
import pytest

from mnist_nn.nn import INITIALIZERS, Initializer

N_IN, N_OUT = 300, 200
SPREAD = {  # standard deviation for scale 1
    "glorot_uniform": math.sqrt(2 / (N_IN + N_OUT)),
    "glorot_normal": math.sqrt(2 / (N_IN + N_OUT)),
    "he_uniform": math.sqrt(2 / N_IN),
    "he_normal": math.sqrt(2 / N_IN),
    "normal": 1.0,
    "uniform": 1 / math.sqrt(3),
    "fan_out_normal": math.sqrt(1 / N_OUT),
}


def draw(
    initializer: Initializer, seed: int = 0, gain: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    weights, biases = np.empty((N_IN, N_OUT)), np.empty(N_OUT)
    initializer.fill(np.random.default_rng(seed), weights, biases, gain)
    return weights, biases


@pytest.mark.parametrize("name", INITIALIZERS)
def test_spread_follows_the_formula(name: str) -> None:
    weights, biases = draw(Initializer(name, scale=2.0))
    assert weights.std() == pytest.approx(2 * SPREAD[name], rel=0.01)
    assert weights.mean() == pytest.approx(0, abs=0.02 * SPREAD[name])
    np.testing.assert_array_equal(biases, 0)


def test_glorot_follows_the_activation_unless_a_scale_is_given() -> None:
    plain, _ = draw(Initializer("glorot_normal", scale=1.0), gain=4.0)
    scaled, _ = draw(Initializer("glorot_normal"), gain=4.0)
    np.testing.assert_allclose(scaled, 4 * plain)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_the_seed_decides(name: str) -> None:
    np.testing.assert_array_equal(draw(Initializer(name))[0], draw(Initializer(name))[0])
    assert (draw(Initializer(name))[0] != draw(Initializer(name), seed=1)[0]).any()


def test_legacy_draws_are_those_of_the_write_ups() -> None:
    """Write-up C: seed 2, then ``randn(out, in) * 0.1`` and ``randn(out, 1) * 0.1``."""
    legacy = np.random.RandomState(2)
    expected_weights = legacy.randn(3, 2) * 0.1
    expected_biases = legacy.randn(3, 1) * 0.1
    weights, biases = np.empty((2, 3)), np.empty(3)
    Initializer("normal", 0.1, biases=True).fill(np.random.RandomState(2), weights, biases, 1.0)
    np.testing.assert_array_equal(weights, expected_weights.T)
    np.testing.assert_array_equal(biases, expected_biases[:, 0])


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown initializer 'xavier'; known: glorot_uniform"):
        Initializer("xavier")


@pytest.mark.parametrize("scale", [0, -1.0, float("nan")])
def test_a_scale_that_is_not_above_0_is_refused(scale: float) -> None:
    with pytest.raises(ValueError, match="scale must be above 0"):
        Initializer("normal", scale)
