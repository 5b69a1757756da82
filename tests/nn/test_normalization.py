"""Normalization of inputs."""

import numpy as np
import pytest

from mnist_nn.nn import InputNormalization, Network, block


def test_standardized_inputs_have_mean_0_and_deviation_1(rng: np.random.Generator) -> None:
    x = rng.normal(1e9, [1e-3, 1, 1e6], (500, 3))  # where float32 alone would see no difference
    normalized = InputNormalization.standardize(x).apply(x)
    np.testing.assert_allclose(normalized.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(normalized.std(axis=0), 1, rtol=1e-3)
    network = Network(
        3,
        [*block(2, "softmax")],
        rng=rng,
        normalization=InputNormalization.standardize(x),
    )
    np.testing.assert_allclose(network.scale(x, np.empty((500, 3), np.float32)), normalized, 1e-5)


def test_a_unit_range_is_from_0_to_1_and_a_constant_is_0(rng: np.random.Generator) -> None:
    x = np.column_stack([rng.uniform(-7, 9, 50), np.full(50, 3.0)])
    normalized = InputNormalization.to_unit_range(x).apply(x)
    assert normalized.min(axis=0).tolist() == [0, 0]
    assert normalized.max(axis=0).tolist() == [1, 0]


def test_what_varies_by_rounding_errors_only_is_left_alone() -> None:
    constant = InputNormalization.standardize(np.full((100, 1), 0.1))
    assert constant.factor.tolist() == [1]
    assert constant.apply(np.array([[0.11]])) == pytest.approx(0.01)


def test_large_numbers_do_not_overflow() -> None:
    x = np.array([[1e200], [3e200]])
    assert InputNormalization.standardize(x).apply(x).ravel() == pytest.approx([-1, 1])


def test_bytes_are_scaled_before_they_are_normalized(rng: np.random.Generator) -> None:
    x = rng.integers(0, 256, (20, 4), np.uint8)
    normalization = InputNormalization.standardize(x / 255)
    network = Network(
        4,
        [*block(2, "softmax")],
        rng=rng,
        input_scale=1 / 255,
        normalization=normalization,
        dtype=np.float64,
    )
    assert network.predict(x) == pytest.approx(network.predict(x / 255))
    copy = network.astype(np.float32)
    assert copy.predict(x) == pytest.approx(network.predict(x), abs=1e-6)


@pytest.mark.parametrize(
    ("offset", "factor"), [([1.0], [1.0, 2.0]), ([[1.0]], [[1.0]]), ([np.nan], [1.0])]
)
def test_numbers_that_are_no_normalization(offset: list[float], factor: list[float]) -> None:
    with pytest.raises(ValueError, match="a normalization"):
        InputNormalization(np.array(offset), np.array(factor))


def test_a_normalization_of_other_inputs_is_refused() -> None:
    one = InputNormalization(np.zeros(1), np.ones(1))
    with pytest.raises(ValueError, match="of 1 inputs, not of 2"):
        Network(2, [*block(2, "softmax")], rng=None, normalization=one)
