from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.errors import DivergenceError
from mnist_nn.nn import LOSSES, Network, block, encode
from mnist_nn.nn.arrays import FloatArray
from mnist_nn.nn.workspace import Workspace
from mnist_nn.training import SGD, TrainingConfig, run_length

from ..fitting import fit


@pytest.fixture
def few(digits: Samples) -> Samples:
    return digits.take(np.arange(0, 5000, 5))


def small_network(seed: int = 0) -> Network:
    layers = [*block(16, "sigmoid"), *block(10, "softmax")]
    return Network(784, layers, rng=np.random.default_rng(seed), input_scale=1 / 255)


def stream(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_a_network_learns_real_digits(few: Samples) -> None:
    history = list(
        fit(small_network(), few, rng=stream(), optimizer=SGD(learning_rate=1.0), epochs=10)
    )
    assert [r.epoch for r in history] == list(range(1, 11))
    assert history[0].loss > 5 * history[-1].loss
    assert history[-1].accuracy > 0.95


def test_the_same_streams_give_the_same_parameters_bit_for_bit(few: Samples) -> None:
    networks = [small_network(), small_network()]
    for network in networks:
        list(fit(network, few, rng=stream(), epochs=2))
    np.testing.assert_array_equal(networks[0].params, networks[1].params)


def test_watching_does_not_change_training(few: Samples) -> None:
    plain, watched = small_network(), small_network()
    expected = list(fit(plain, few, rng=stream(), epochs=2, batch_size=7))
    history = list(fit(watched, few, rng=stream(), epochs=2, batch_size=7, running=True))
    np.testing.assert_array_equal(plain.params, watched.params)
    assert [r.loss for r in history if r.complete] == [r.loss for r in expected]


def test_running_reports_count_up_to_the_epoch(digits: Samples) -> None:
    options: dict[str, Any] = {"rng": stream(), "epochs": 1, "engine": "numpy", "running": True}
    history = list(fit(small_network(), digits, **options))
    assert [r.samples for r in history] == [1024, 2048, 3072, 4096, 5000]
    assert [r.complete for r in history] == [False] * 4 + [True]


def test_full_batch_loss_is_that_of_the_network_before_the_step(few: Samples) -> None:
    network = small_network()
    probabilities = network.predict(few.x)[np.arange(1000), few.y]
    metrics = next(fit(network, few, rng=stream(), batch_size="full", epochs=1))
    assert metrics.loss == pytest.approx(-np.log(probabilities).mean(), rel=1e-5)


def test_a_full_batch_step_is_gradient_descent(few: Samples) -> None:
    one, per_batch = small_network(), small_network()
    list(fit(one, few, rng=stream(), batch_size="full", epochs=1, optimizer=SGD(learning_rate=0.5)))
    sums = np.zeros(per_batch.params.size)
    for i in range(0, 1000, 100):
        probe = small_network()
        part = few.take(np.arange(i, i + 100))
        list(
            fit(
                probe,
                part,
                rng=stream(),
                batch_size=100,
                epochs=1,
                optimizer=SGD(learning_rate=0.5),
            )
        )
        sums += probe.params
    np.testing.assert_allclose(one.params, sums / 10, atol=1e-6)


def test_a_short_last_batch_weighs_each_of_its_samples_more(few: Samples) -> None:
    """Batches of 600 and 400: the second is a step of its own, along its own mean gradient."""
    network, by_hand = small_network(), small_network()
    sgd = SGD(learning_rate=0.5)
    state = sgd.start(by_hand.params, by_hand.spec.n_decaying)
    order: dict[str, Any] = {"rng": stream(), "shuffle": False, "optimizer": sgd, "epochs": 1}
    metrics = next(fit(network, few, batch_size=600, **order))
    for part in (slice(0, 600), slice(600, 1000)):
        targets = encode(few.y[part], 10, np.float32)
        by_hand.loss_and_gradient(few.x[part], targets, LOSSES["cross_entropy"])
        sgd.step(by_hand.params, by_hand.grads, state)
    assert metrics.samples == 1000
    np.testing.assert_allclose(network.params, by_hand.params, atol=1e-6)


def test_iterations_may_end_within_an_epoch(few: Samples) -> None:
    history = list(
        fit(small_network(), few, rng=stream(), batch_size=100, epochs=None, iterations=25)
    )
    assert [r.samples for r in history] == [1000, 1000, 500]


@pytest.mark.parametrize(
    ("batch_size", "epochs", "iterations", "expected"),
    [
        (32, 3, None, (3, 3000)),
        (100, None, 25, (3, 2500)),
        (300, None, 4, (1, 1000)),
        (300, None, 5, (2, 1300)),
        ("full", None, 7, (7, 7000)),
        (5000, None, 2, (2, 2000)),
    ],
)
def test_run_length_is_what_fit_will_do(
    batch_size: int | str, epochs: int | None, iterations: int | None, expected: Any, few: Samples
) -> None:
    length: dict[str, Any] = {"batch_size": batch_size, "epochs": epochs, "iterations": iterations}
    assert run_length(1000, TrainingConfig(**length)) == expected
    history = list(fit(small_network(), few, rng=stream(), **length))
    assert (len(history), sum(r.samples for r in history)) == expected


def seen_by_an_epoch(few: Samples, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """How often each sample is shown in one epoch, and in which order."""
    shown: list[int] = []
    marked = Samples(np.arange(1000.0)[:, None], few.y)
    network = Network(1, [*block(10, "softmax")], rng=stream())
    forward = network.forward

    def spy(x: FloatArray, workspace: Workspace | None = None) -> FloatArray:
        shown.extend(x[:, 0].astype(int))
        return forward(x * 0, workspace)

    network.forward = spy  # type: ignore[method-assign]
    list(fit(network, marked, rng=stream(), epochs=1, engine="numpy", **options))
    return np.bincount(shown, minlength=1000), np.array(shown)


def test_shuffling_shows_every_sample_once_in_another_order(few: Samples) -> None:
    counts, order = seen_by_an_epoch(few)
    assert (counts == 1).all()
    assert (order != np.arange(1000)).any()


def test_without_shuffling_the_order_is_that_of_the_data(few: Samples) -> None:
    _, order = seen_by_an_epoch(few, shuffle=False)
    np.testing.assert_array_equal(order, np.arange(1000))


def test_replacement_shows_some_twice_and_some_never(few: Samples) -> None:
    counts, _ = seen_by_an_epoch(few, replacement=True)
    assert counts.sum() == 1000
    assert 300 < (counts == 0).sum() < 430  # 1000 / e is 368


def test_validation_is_measured_and_not_learnt_from(few: Samples) -> None:
    alone, watched = small_network(), small_network()
    kept, held = few.take(np.arange(800)), few.take(np.arange(800, 1000))
    list(fit(alone, kept, rng=stream(), epochs=2))
    history = list(fit(watched, kept, rng=stream(), epochs=2, validation=held))
    np.testing.assert_array_equal(alone.params, watched.params)
    right = watched.predict(held.x).argmax(axis=1) == held.y
    assert history[-1].validation_accuracy == right.mean()


def test_divergence_stops_the_run_and_names_epoch_and_rate(few: Samples) -> None:
    layers = [*block(16, "relu"), *block(10, "identity")]
    network = Network(784, layers, rng=stream(), input_scale=1 / 255)
    options: dict[str, Any] = {"loss": "mean_squared_error", "optimizer": SGD(learning_rate=1e6)}
    with pytest.raises(DivergenceError, match=r"(?s)in epoch 1: .*learning_rate 1e\+06\n.*smaller"):
        list(fit(network, few, rng=stream(), **options))


def test_a_validation_loss_that_is_not_finite_is_divergence_too(few: Samples) -> None:
    network = Network(784, [*block(10, "identity")], rng=stream())
    far = Samples(np.full((3, 784), 1e38), few.y[:3])
    options: dict[str, Any] = {"loss": "mean_squared_error", "optimizer": SGD(learning_rate=1e-9)}
    with pytest.raises(DivergenceError, match="in epoch 1"):
        list(fit(network, few, rng=stream(), validation=far, **options))


def test_a_loss_that_does_not_fit_is_refused(few: Samples) -> None:
    with pytest.raises(ValueError, match="binary_cross_entropy does not fit a softmax output"):
        fit(small_network(), few, rng=stream(), loss="binary_cross_entropy")


def test_a_step_layer_is_refused(few: Samples) -> None:
    network = Network(784, [*block(16, "step"), *block(10, "softmax")], rng=stream())
    with pytest.raises(ValueError, match="the activation step has no derivative"):
        fit(network, few, rng=stream())


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"batch_size": 0}, "batch_size\n.*must be a whole number from 1 to 1,000,000,000"),
        ({"epochs": -3}, "epochs\n.*greater than or equal to 1"),
        ({"epochs": None, "iterations": 0}, "iterations\n.*greater than or equal to 1"),
        ({"epochs": None}, "give either epochs or iterations"),
        ({"epochs": 1, "iterations": 1}, "give either epochs or iterations"),
        ({"loss": "cross_entropi"}, r"unknown loss 'cross_entropi' \(did you mean 'cross_entropy'"),
    ],
)
def test_arguments_out_of_range_are_refused_at_once(
    options: dict[str, Any], complaint: str, few: Samples
) -> None:
    with pytest.raises(ValueError, match=complaint):
        fit(small_network(), few, rng=stream(), **options)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda s: Samples(s.x[:, :5], s.y), r"shape \(n, 784\) with n labels, got \(1000, 5\)"),
        (lambda s: Samples(s.x, s.y[:5]), "got .* with 5"),
        (lambda s: Samples(s.x[:0], s.y[:0]), "got .* with 0"),
        (lambda s: Samples(s.x, s.y + 5), r"labels must lie in 0\.\.9 for 10 outputs"),
        (lambda s: Samples(s.x, s.y.astype(int) - 1), r"got -1\.\.8"),
        (lambda s: Samples(s.x, s.y.astype(float)), "labels must be whole numbers"),
    ],
)
def test_samples_that_are_not_the_networks_are_refused(
    change: Callable[[Samples], Samples], complaint: str, few: Samples
) -> None:
    for samples, validation in ((change(few), None), (few, change(few))):
        with pytest.raises(ValueError, match=complaint):
            fit(small_network(), samples, rng=stream(), validation=validation)
