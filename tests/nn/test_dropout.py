import numpy as np
import pytest

from mnist_nn.nn import Dense, Network, draw_noise, drop
from mnist_nn.nn.dropout import LEVELS, fill_mask, threshold

ALL = np.arange(LEVELS, dtype=np.uint16)[:, None]


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.999])
def test_a_mask_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    mask = np.empty(ALL.shape)
    fill_mask(ALL, rate, mask)
    assert np.mean(mask == 0) == pytest.approx(rate, abs=2 / LEVELS)
    assert mask.mean() == pytest.approx(1)
    assert len(np.unique(mask)) == 2


def test_no_rate_drops_nothing() -> None:
    assert threshold(0) == 0
    mask = np.empty(ALL.shape)
    fill_mask(ALL, 0, mask)
    assert (mask == 1).all()


def test_units_are_dropped_in_training_and_never_in_evaluation(rng: np.random.Generator) -> None:
    network = Network(5, [Dense(40, "sigmoid", 0.5), Dense(3, "softmax")], rng=rng)
    x, noise = rng.normal(size=(6, 5)), rng.integers(0, LEVELS, (6, 40), np.uint16)
    work = network.workspace(6, training=True)
    drop(network, noise, work)
    dropped = network.forward(x, work).copy()
    kept = np.where(noise >= LEVELS // 2, 2 * work.outputs[1], 0)
    np.testing.assert_allclose(work.inputs[1], kept, rtol=1e-6)
    assert np.abs(dropped - network.predict(x)).max() > 0.01
    plain = Network(5, [Dense(40, "sigmoid"), Dense(3, "softmax")], rng=None)
    plain.params[...] = network.params
    np.testing.assert_array_equal(network.predict(x), plain.predict(x))


@pytest.mark.parametrize("units", [7, 8])
def test_noise_is_the_same_in_however_many_calls_it_is_drawn(units: int) -> None:
    network = Network(5, [Dense(units, "relu", 0.5), Dense(3, "softmax")], rng=None)
    whole = draw_noise(network, 50, np.random.default_rng(1))
    stream = np.random.default_rng(1)
    pieces = [draw_noise(network, n, stream) for n in (0, 1, 30, 0, 19)]
    np.testing.assert_array_equal(np.concatenate([p for p in pieces if len(p)]), whole)
    assert whole.shape[1] >= units


def test_a_network_without_dropout_takes_nothing_from_the_stream() -> None:
    network = Network(5, [Dense(7), Dense(3, "softmax")], rng=None)
    stream = np.random.default_rng(1)
    assert draw_noise(network, 50, stream).shape == (50, 0)
    assert stream.random() == np.random.default_rng(1).random()


def test_the_outputs_are_the_answer_and_cannot_be_dropped() -> None:
    with pytest.raises(ValueError, match="cannot be dropped"):
        Network(5, [Dense(3, "softmax", 0.1)], rng=None)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="dropout must be 0 or more and below 1"):
        Dense(3, "relu", rate)


def test_a_list_of_dicts_keeps_dropout() -> None:
    network = Network(5, [Dense(4, "relu", 0.25), Dense(3, "softmax")], rng=None)
    again = Network.from_architecture(network.architecture, rng=None)
    assert [layer.dropout for layer in again.layers] == [0.25, 0]


def test_a_copy_in_another_precision_keeps_dropout() -> None:
    network = Network(5, [Dense(4, "relu", 0.25), Dense(3, "softmax")], rng=None)
    assert [layer.dropout for layer in network.astype(np.float64).layers] == [0.25, 0]
