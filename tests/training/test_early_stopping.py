from typing import Any

import numpy as np
import pytest

from mnist_nn.nn import Network, block
from mnist_nn.training import EarlyStopper, EarlyStopping, EpochMetrics


def metrics(epoch: int, loss: float, accuracy: float | None = None) -> EpochMetrics:
    return EpochMetrics(
        epoch, 100, loss, 0.5, 1.0, 0.1, validation_loss=loss, validation_accuracy=accuracy
    )


def watch(losses: list[float], **settings: Any) -> tuple[int, int, float]:
    """Show losses one by one: the last epoch shown, the best one, and a parameter afterwards."""
    network = Network(2, [*block(1, "sigmoid")], rng=None)
    stopper = EarlyStopper(EarlyStopping(**settings), network)
    for epoch, loss in enumerate(losses, 1):
        network.params[...] = epoch
        stopper.watch(metrics(epoch, loss))
        if stopper.is_over(epoch):
            break
    stopper.restore()
    assert stopper.best is not None
    return epoch, stopper.best.epoch, float(network.params[0])


def test_it_stops_when_patience_is_over_and_goes_back_to_the_best_epoch() -> None:
    assert watch([5, 4, 3, 3.5, 3.2, 2], patience=2) == (5, 3, 3)


def test_a_better_epoch_renews_patience() -> None:
    assert watch([5, 6, 4, 5, 3, 4, 2], patience=2) == (7, 7, 7)


def test_better_means_by_min_delta() -> None:
    assert watch([5, 4.95, 4.93, 4.7], patience=2, min_delta=0.1) == (3, 1, 1)
    assert watch([5, 4.95, 4.93, 4.7], patience=3, min_delta=0.1) == (4, 4, 4)


def test_a_loss_that_is_the_same_is_no_better() -> None:
    assert watch([1, 1, 1], patience=2) == (3, 1, 1)


def test_an_accuracy_should_rise() -> None:
    stopper = EarlyStopper(
        EarlyStopping(monitor="validation_accuracy", patience=1),
        Network(2, [*block(1, "sigmoid")], rng=None),
    )
    verdicts = []
    for epoch, share in enumerate([0.1, 0.2, 0.2], 1):
        stopper.watch(metrics(epoch, 1.0, share))
        verdicts.append(stopper.is_over(epoch))
    assert verdicts == [False, False, True]


def test_what_is_not_measured_cannot_be_watched() -> None:
    stopper = EarlyStopper(EarlyStopping(), Network(2, [*block(1, "sigmoid")], rng=None))
    with pytest.raises(ValueError, match="validation_loss needs validation samples"):
        stopper.watch(EpochMetrics(1, 100, 1.0, 0.5, 1.0, 0.1))


def test_the_parameters_it_keeps_are_a_copy() -> None:
    network = Network(2, [*block(1, "sigmoid")], rng=np.random.default_rng(0))
    start, stopper = network.params.copy(), EarlyStopper(EarlyStopping(), network)
    stopper.watch(metrics(1, 1.0))
    network.params[...] = 0
    stopper.restore()
    assert stopper.best is not None
    np.testing.assert_array_equal(network.params, start)


def test_the_statistics_of_batch_normalization_are_restored_too() -> None:
    layers = [*block(3, "relu", batch_norm=True), *block(2, "softmax")]
    network = Network(4, layers, rng=np.random.default_rng(0))
    stopper = EarlyStopper(EarlyStopping(monitor="loss", patience=1), network)
    stopper.watch(EpochMetrics(1, 10, loss=1.0, accuracy=0.5, seconds=0.0, learning_rate=0.1))
    best = network.named_parameters()["layer_1.mean"].copy()
    network.forward(np.ones((8, 4)), network.workspace(8, training=True))
    assert (network.named_parameters()["layer_1.mean"] != best).any()
    stopper.restore()
    assert stopper.best is not None
    np.testing.assert_array_equal(network.named_parameters()["layer_1.mean"], best)
