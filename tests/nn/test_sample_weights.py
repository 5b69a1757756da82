"""Sample weights: how much each sample counts in the training loss."""

import numpy as np
import pytest

from mnist_nn.nn import (
    LOSSES,
    Network,
    balanced_weights,
    block,
    check_gradients,
    encode,
    score,
    target_rows,
    weighted,
)

PAIRS = [
    ("cross_entropy", "softmax"),
    ("binary_cross_entropy", "sigmoid"),
    ("mean_squared_error", "tanh"),
]
LABELS = [0, 1, 2, 1, 2]
WEIGHTS = np.array([0.0, 5.0, 0.5, 1.0, 2.5])


def test_balanced_weights_let_every_class_count_the_same() -> None:
    labels = np.array([0, 0, 0, 0, 2, 2, 2, 3])
    weights = balanced_weights(labels, 5)
    np.testing.assert_allclose(weights, [8 / (3 * 4), 0, 8 / (3 * 3), 8 / 3, 0])
    assert np.mean(weights[labels]) == pytest.approx(1)


@pytest.mark.parametrize("smoothing", [0.0, 0.3])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_the_gradient_is_that_of_the_weighted_loss(
    loss: str, output: str, smoothing: float, rng: np.random.Generator
) -> None:
    network = Network(4, [*block(6, "tanh"), *block(3, output)], rng=rng)
    targets = target_rows(3, np.float64, smoothing)[LABELS]
    x = rng.normal(size=(5, 4))
    plain, heavy = (
        list(check_gradients(network, entry, x, targets))
        for entry in (LOSSES[loss], weighted(LOSSES[loss], WEIGHTS))
    )
    assert max(group.error for group in heavy) < 1e-7
    assert heavy[0].analytic != plain[0].analytic


def test_the_gradient_check_sees_weights_that_are_in_the_loss_only(
    rng: np.random.Generator,
) -> None:
    network = Network(4, [*block(6, "tanh"), *block(3, "softmax")], rng=rng)
    loss = LOSSES["cross_entropy"]
    half = type(loss)(
        loss.name, weighted(loss, WEIGHTS).values, loss.gradient, loss.fits, loss.reason
    )
    groups = check_gradients(network, half, rng.normal(size=(5, 4)), LABELS)
    assert max(group.error for group in groups) > 0.1


def test_samples_with_weights_are_balanced_by_their_sums() -> None:
    labels, own = np.array([0, 0, 0, 0, 2, 2, 2, 3]), np.array([1.0, 2.0, 0, 0, 3, 1, 2, 0])
    np.testing.assert_allclose(
        balanced_weights(labels, 5, own), [9 / (2 * 3), 0, 9 / (2 * 6), 0, 0]
    )


def test_the_loss_is_the_mean_of_so_many_times_each(rng: np.random.Generator) -> None:
    network = Network(4, [*block(3, "softmax")], rng=rng)
    loss, x, targets = LOSSES["cross_entropy"], rng.normal(size=(5, 4)), encode(LABELS, 3)
    each = [network.loss(x[k : k + 1], targets[k : k + 1], loss) for k in range(5)]
    assert network.loss(x, targets, weighted(loss, WEIGHTS)) == pytest.approx(
        np.mean(WEIGHTS * each)
    )
    assert score(network, loss, x, np.array(LABELS), 2, weights=WEIGHTS)[0] == pytest.approx(
        np.mean(WEIGHTS * each)
    )


def test_a_single_output_is_weighted_like_any(rng: np.random.Generator) -> None:
    network = Network(2, [*block(4, "tanh"), *block(1, "sigmoid")], rng=rng, dtype=np.float64)
    loss, x = LOSSES["binary_cross_entropy"], rng.normal(size=(2, 2))
    no, yes = (network.loss(x[i : i + 1], encode([i], 1), loss) for i in (0, 1))
    both = network.loss(x, encode([0, 1], 1), weighted(loss, np.array([2.0, 10.0])))
    assert both == pytest.approx((2 * no + 10 * yes) / 2)
