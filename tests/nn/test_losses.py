from typing import Any

import numpy as np
import pytest

from mnist_nn.nn import ACTIVATIONS, LOSSES, encode, target_rows
from mnist_nn.nn.losses import Loss


def value_and_gradient(
    loss: str, activation: str, logits: np.ndarray, targets: np.ndarray
) -> tuple[float, np.ndarray]:
    gradient = np.empty_like(logits)
    outputs = ACTIVATIONS[activation].function(logits, None)
    LOSSES[loss].gradient(ACTIVATIONS[activation], logits, outputs, targets, gradient)
    return LOSSES[loss].mean(logits, outputs, targets), gradient


LOGITS = np.array([[1.0, 2.0, 0.5], [-1.0, 0.0, 3.0]])
TARGETS = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])


def test_cross_entropy_is_minus_the_log_of_the_right_probability() -> None:
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    value, gradient = value_and_gradient("cross_entropy", "softmax", LOGITS, TARGETS)
    assert value == pytest.approx(-(np.log(p[0, 1]) + np.log(p[1, 0])) / 2, rel=1e-12)
    np.testing.assert_allclose(gradient, (p - TARGETS) / 2, atol=1e-15)


def test_cross_entropy_takes_soft_targets() -> None:
    soft = np.array([[0.1, 0.8, 0.1], [0.7, 0.2, 0.1]])
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    value, _ = value_and_gradient("cross_entropy", "softmax", LOGITS, soft)
    assert value == pytest.approx(-(soft * np.log(p)).sum() / 2, rel=1e-12)


def test_binary_cross_entropy_sums_over_the_outputs() -> None:
    y = 1 / (1 + np.exp(-LOGITS))
    expected = -(TARGETS * np.log(y) + (1 - TARGETS) * np.log(1 - y)).sum() / 2
    value, gradient = value_and_gradient("binary_cross_entropy", "sigmoid", LOGITS, TARGETS)
    assert value == pytest.approx(expected, rel=1e-12)
    np.testing.assert_allclose(gradient, (y - TARGETS) / 2, atol=1e-15)


def test_mean_squared_error_is_half_the_squared_distance() -> None:
    value, gradient = value_and_gradient("mean_squared_error", "identity", LOGITS, TARGETS)
    assert value == pytest.approx(0.5 * ((LOGITS - TARGETS) ** 2).sum() / 2)
    np.testing.assert_allclose(gradient, (LOGITS - TARGETS) / 2)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("loss", "activation", "expected"),
    [("cross_entropy", "softmax", 2e4), ("binary_cross_entropy", "sigmoid", 2e4)],
)
def test_a_network_wrong_with_certainty_has_a_finite_loss(
    loss: str, activation: str, expected: float, dtype: type
) -> None:
    logits: np.ndarray = np.array([[1e4, -1e4]], dtype)
    value, gradient = value_and_gradient(loss, activation, logits, np.array([[0.0, 1.0]], dtype))
    assert value == pytest.approx(expected)
    np.testing.assert_array_equal(gradient, [[1, -1]])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=lambda loss: loss.name)
def test_a_right_answer_costs_nothing(loss: Loss) -> None:
    activation = loss.fits[0]
    logits = np.array([[1e4, -1e4]])
    outputs = ACTIVATIONS[activation].function(logits, None)
    value, gradient = value_and_gradient(loss.name, activation, logits, outputs)
    assert value == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose(gradient, 0, atol=1e-12)


def test_a_loss_says_why_an_output_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"relu output: it scores probabilities .* softmax"):
        LOSSES["cross_entropy"].check("relu")


def test_labels_become_one_hot_rows() -> None:
    np.testing.assert_array_equal(encode([2, 0], 3), [[0, 0, 1], [1, 0, 0]])
    np.testing.assert_array_equal(encode([1, 0], 1), [[1], [0]])


def test_rows_stay_rows() -> None:
    rows = encode(TARGETS, 3, np.float32)
    assert rows.dtype == np.float32
    np.testing.assert_array_equal(rows, TARGETS)


@pytest.mark.parametrize(
    ("labels", "complaint"),
    [
        ([0, 3], r"0\.\.2 for 3 outputs, got 0\.\.3"),
        ([-1, 0], r"got -1\.\.0"),
        ([[1, 0]], r"\(n, 3\)"),
    ],
)
def test_labels_that_are_no_classes_are_refused(labels: list[Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        encode(labels, 3)


def test_a_single_output_has_two_classes() -> None:
    np.testing.assert_array_equal(target_rows(1, np.float32), [[0], [1]])
