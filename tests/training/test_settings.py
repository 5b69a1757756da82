"""What a run does with a schedule, regularisation and distorted pictures."""

from typing import Any

import numpy as np
import pytest

from mnist_nn.augmentation import Augmentation
from mnist_nn.data import Samples
from mnist_nn.nn import LOSSES, Network, block, encode
from mnist_nn.rngs import make_rngs
from mnist_nn.training import (
    SGD,
    Adam,
    Cosine,
    EpochMetrics,
    Exponential,
    OneCycle,
    ReduceOnPlateau,
    Step,
    TrainingConfig,
)
from mnist_nn.training.schedules import PlateauState

from ..fitting import fit

engines = pytest.mark.parametrize("engine", ["numpy", "numba"])


@pytest.fixture
def few(digits: Samples) -> Samples:
    return digits.take(np.arange(0, 5000, 5))


def make_network(dropout: float = 0.0) -> Network:
    layers = [*block(16, "sigmoid", dropout=dropout), *block(10, "softmax")]
    return Network(784, layers, rng=np.random.default_rng(0), input_scale=1 / 255)


def train(samples: Samples, network: Network | None = None, **options: Any) -> list[EpochMetrics]:
    options = {"rng": np.random.default_rng(1), "epochs": 3, **options}
    return list(fit(network or make_network(), samples, **options))


def test_the_rate_of_each_epochs_last_step_is_reported(few: Samples) -> None:
    history = train(few, optimizer=SGD(learning_rate=0.4), schedule=Step(every=1, factor=0.5))
    assert [r.learning_rate for r in history] == pytest.approx([0.4, 0.2, 0.1])
    history = train(few, batch_size=100, schedule=Exponential(factor=0.5, warmup=1))
    assert [r.learning_rate for r in history] == pytest.approx(
        [0.1, 0.1 * 0.5**0.9, 0.1 * 0.5**1.9]
    )


@pytest.mark.parametrize("length", [{"epochs": 4}, {"epochs": None, "iterations": 36}])
def test_a_schedule_ends_with_the_run(few: Samples, length: dict[str, Any]) -> None:
    history = train(few, batch_size=100, schedule=Cosine(), **length)
    n = 40 if length["epochs"] else 36
    last = 0.1 * (1 + np.cos(np.pi * (n - 1) / n)) / 2
    assert history[-1].learning_rate == pytest.approx(last)


@engines
def test_rates_are_those_of_steps_in_whatever_pieces_an_engine_takes_them(
    digits: Samples, engine: str
) -> None:
    """The NumPy engine takes a thousand samples at a time, so an epoch has several pieces."""
    network, by_hand = make_network(), make_network()
    train(digits, network, engine=engine, epochs=1, shuffle=False, schedule=OneCycle())
    sgd = SGD()
    state, done = sgd.start(by_hand.params, by_hand.spec.n_decaying), np.arange(157) / 157
    up = 0.04 + 0.96 * (1 - np.cos(np.pi * done / 0.3)) / 2
    down = 4e-6 + (1 - 4e-6) * (1 + np.cos(np.pi * (done - 0.3) / 0.7)) / 2
    for step, rate in enumerate(np.where(done < 0.3, up, down)):
        part = slice(step * 32, step * 32 + 32)
        targets = encode(digits.y[part], 10, np.float32)
        by_hand.loss_and_gradient(digits.x[part], targets, LOSSES["cross_entropy"])
        sgd.step(by_hand.params, by_hand.grads, state, 0.1 * rate)
    np.testing.assert_allclose(network.params, by_hand.params, atol=1e-5)


def test_a_plateau_of_the_validation_loss_lowers_the_rate(few: Samples) -> None:
    """Samples of random classes: what is learnt of them makes others no better."""
    wrong = Samples(few.x, np.random.default_rng(0).permutation(few.y))
    schedule = ReduceOnPlateau(factor=0.5, patience=2, min_delta=0)
    options: dict[str, Any] = {
        "schedule": schedule,
        "optimizer": SGD(learning_rate=1.0),
        "epochs": 12,
    }
    history = train(
        wrong.take(np.arange(800)), validation=wrong.take(np.arange(800, 1000)), **options
    )
    losses, rates = [[getattr(r, k) for r in history] for k in ("validation_loss", "learning_rate")]
    assert rates[0] == 1
    assert rates[-1] < 1
    for epoch in range(12):
        best, waited, falls = np.inf, 0, 0
        for loss in losses[:epoch]:
            waited, best = (0, loss) if loss < best else (waited + 1, best)
            if waited == 2:
                waited, falls = 0, falls + 1
        assert rates[epoch] == 0.5**falls


@engines
def test_the_network_has_its_averaged_parameters_whenever_it_is_looked_at(
    few: Samples, engine: str
) -> None:
    """And when the run is over; yet training itself continues from where it was."""
    options: dict[str, Any] = {"batch_size": "full", "engine": engine}
    network, plain = make_network(), make_network()
    unaveraged = fit(plain, few, rng=np.random.default_rng(1), **options)
    average = plain.params.copy()
    half: dict[str, Any] = {"ema_decay": 0.5, **options}
    for metrics in fit(network, few, rng=np.random.default_rng(1), **half):
        next(unaveraged)
        kept = min(0.5, (1 + metrics.epoch) / (10 + metrics.epoch))  # a step per epoch
        average = kept * average + (1 - kept) * plain.params
        np.testing.assert_allclose(network.params, average, atol=1e-5)
    assert metrics.epoch == 10
    np.testing.assert_allclose(network.params, average, atol=1e-5)
    assert np.abs(network.params - plain.params).max() > 1e-3


def test_the_average_is_what_is_validated(few: Samples) -> None:
    network = make_network()
    held = few.take(np.arange(100))
    options: dict[str, Any] = {"ema_decay": 0.99, "validation": held}
    for metrics in fit(network, few, rng=np.random.default_rng(0), **options):
        right = network.predict(held.x).argmax(axis=1) == held.y
        assert metrics.validation_accuracy == right.mean()


@engines
@pytest.mark.parametrize(
    "option",
    [{"l2": 0.1}, {"optimizer": SGD(weight_decay=0.1)}],
    ids=str,
)
def test_a_penalty_and_decay_keep_weights_small_and_are_no_part_of_the_loss(
    few: Samples, option: dict[str, Any], engine: str
) -> None:
    free, held = make_network(), make_network()
    train(few, free, engine=engine)
    history = train(few, held, engine=engine, **option)
    sizes = [np.linalg.norm(n.weights) for n in (free, held)]
    assert sizes[1] < 0.7 * sizes[0]
    full = {"batch_size": "full", "epochs": 1, "engine": engine}
    losses = [train(few, make_network(), **full, **more)[0].loss for more in ({}, option)]
    assert losses[0] == losses[1]
    assert history[-1].loss < history[0].loss


@engines
def test_a_gradient_is_clipped_to_its_norm(few: Samples, engine: str) -> None:
    network = make_network()
    start = network.params.copy()
    sgd = SGD(learning_rate=1.0)
    train(
        few,
        network,
        batch_size="full",
        epochs=1,
        optimizer=sgd,
        clip_norm=0.01,
        engine=engine,
    )
    assert np.linalg.norm(network.params - start) == pytest.approx(0.01, rel=1e-3)


@engines
def test_dropout_follows_its_own_stream(few: Samples, engine: str) -> None:
    """Another dropout stream makes another run; the order of samples is not touched by it."""
    ends = []
    for seed in (5, 5, 6):
        network = make_network(0.5)
        rngs = make_rngs(1)._replace(dropout=np.random.default_rng(seed))
        train(few, network, rng=rngs, engine=engine)
        ends.append(network.params)
    np.testing.assert_array_equal(ends[0], ends[1])
    assert (ends[0] != ends[2]).any()


def test_both_engines_drop_the_same_units_and_show_the_same_pictures(digits: Samples) -> None:
    ends = []
    for engine in ("numpy", "numba"):
        network = make_network(0.3)
        augmentation = Augmentation(shift=1, rotation=10)
        train(digits, network, engine=engine, epochs=1, augmentation=augmentation)
        ends.append(network.params)
    np.testing.assert_allclose(ends[0], ends[1], atol=2e-4)


@engines
def test_distorted_digits_are_harder_to_learn_and_teach_more(digits: Samples, engine: str) -> None:
    order = np.random.default_rng(0).permutation(5000)
    kept, held = digits.take(order[:500]), digits.take(order[500:])
    options: dict[str, Any] = {
        "epochs": 60,
        "optimizer": Adam(learning_rate=0.01),
        "validation": held,
    }
    found = {}
    for rotation in (0, 12):
        augmentation = Augmentation(rotation=rotation, shift=rotation / 8, scale=rotation / 100)
        found[rotation] = train(
            kept, engine=engine, augmentation=augmentation, schedule=OneCycle(), **options
        )[-1]
    assert found[12].accuracy < found[0].accuracy
    bent, plain = (found[rotation].validation_accuracy for rotation in (12, 0))
    assert bent is not None
    assert plain is not None
    assert bent > plain + 0.01


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"label_smoothing": 1.0}, "label_smoothing\n  Input should be less than 1"),
        ({"l2": -1.0}, "l2\n  Input should be greater than or equal to 0"),
        ({"clip_norm": 0.0}, "clip_norm\n  Input should be greater than 0"),
        ({"ema_decay": 1.0}, "ema_decay\n.*  Input should be less than 1"),
    ],
)
def test_numbers_out_of_range_are_refused(options: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        TrainingConfig(**options)


@pytest.mark.parametrize(
    ("n_inputs", "dtype", "image_shape"),
    [
        (784, "float64", None),
        (280, "uint8", None),
        (280, "uint8", (14, 28)),
        (1025, "uint8", (1, 1025)),
    ],
)
def test_only_pictures_can_be_distorted(
    few: Samples, n_inputs: int, dtype: str, image_shape: tuple[int, int] | None
) -> None:
    x = np.resize(few.x, (len(few.y), n_inputs)).astype(dtype)
    with pytest.raises(ValueError, match="augmentation needs"):
        fit(
            Network(n_inputs, block(10, "softmax"), rng=None),
            Samples(x, few.y),
            rng=np.random.default_rng(0),
            augmentation=Augmentation(shift=1),
            image_shape=image_shape,
        )


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_pictures_that_are_not_square_are_distorted_by_their_shape(
    few: Samples, engine: str
) -> None:
    wide = Samples(few.x.reshape(-1, 28, 28)[:, 4:24].reshape(len(few.y), -1), few.y)
    losses = []
    for shift in (0, 3):
        network = Network(
            560, block(10, "softmax"), rng=np.random.default_rng(1), input_scale=1 / 255
        )
        trainer = fit(
            network,
            wide,
            rng=np.random.default_rng(0),
            augmentation=Augmentation(shift=shift),
            image_shape=(20, 28),
            engine=engine,
            epochs=2,
        )
        losses.append([metrics.loss for metrics in trainer][-1])
    assert losses[0] < losses[1] < 2.3  # harder, but it learns


def test_a_plateau_looks_at_each_loss_once(few: Samples, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many epochs there have been, so that the last does not take longer than the first."""
    looked: list[float] = []
    watch = ReduceOnPlateau.watch

    def counted(self: ReduceOnPlateau, seen: PlateauState, loss: float) -> PlateauState:
        looked.append(loss)
        return watch(self, seen, loss)

    monkeypatch.setattr(ReduceOnPlateau, "watch", counted)
    history = train(few, schedule=ReduceOnPlateau(), epochs=6, batch_size="full")
    assert looked == [metrics.loss for metrics in history]
