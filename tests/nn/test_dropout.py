import numpy as np
import pytest

from mnist_nn.nn import Cache, Dropout, Network, block, draw_noise, set_dropout_masks
from mnist_nn.nn.layers.dropout import LEVELS, threshold

ALL = np.arange(LEVELS, dtype=np.uint16)[:, None]


@pytest.mark.parametrize("rate", [0.1, 0.25, 0.5, 0.999])
def test_a_mask_drops_its_share_and_keeps_the_mean(rate: float) -> None:
    mask = mask_of(rate)
    assert np.mean(mask == 0) == pytest.approx(rate, abs=2 / LEVELS)
    assert mask.mean() == pytest.approx(1)
    assert len(np.unique(mask)) == 2


def test_no_rate_drops_nothing() -> None:
    assert threshold(0) == 0
    assert (mask_of(0) == 1).all()


def mask_of(rate: float) -> np.ndarray:
    """The mask that all noise there is makes."""
    cache = Cache(np.float64, training=True, bottom=False, overwrite=False)
    Dropout(rate).fill_mask(ALL, cache)
    return cache["mask"]


def test_units_are_dropped_in_training_and_never_in_evaluation(rng: np.random.Generator) -> None:
    network = Network(5, [*block(40, "sigmoid", dropout=0.5), *block(3, "softmax")], rng=rng)
    x, noise = rng.normal(size=(6, 5)), rng.integers(0, LEVELS, (6, 40), np.uint16)
    work = network.workspace(6, training=True)
    set_dropout_masks(network, noise, work)
    dropped = network.forward(x, work).copy()
    hidden, passed_on = work.caches[1]["y"], work.caches[3]["x"]
    kept = np.where(noise >= LEVELS // 2, 2 * hidden, 0)
    np.testing.assert_allclose(passed_on, kept, rtol=1e-6)
    assert np.abs(dropped - network.predict(x)).max() > 0.01
    plain = Network(5, [*block(40, "sigmoid"), *block(3, "softmax")], rng=None)
    plain.params[...] = network.params
    np.testing.assert_array_equal(network.predict(x), plain.predict(x))


@pytest.mark.parametrize("units", [7, 8])
def test_noise_is_the_same_in_however_many_calls_it_is_drawn(units: int) -> None:
    network = Network(5, [*block(units, "relu", dropout=0.5), *block(3, "softmax")], rng=None)
    whole = draw_noise(network, 50, np.random.default_rng(1))
    stream = np.random.default_rng(1)
    pieces = [draw_noise(network, n, stream) for n in (0, 1, 30, 0, 19)]
    np.testing.assert_array_equal(np.concatenate([p for p in pieces if len(p)]), whole)
    assert whole.shape[1] >= units


def test_a_network_without_dropout_takes_nothing_from_the_stream() -> None:
    network = Network(5, [*block(7, "sigmoid"), *block(3, "softmax")], rng=None)
    stream = np.random.default_rng(1)
    assert draw_noise(network, 50, stream).shape == (50, 0)
    assert stream.random() == np.random.default_rng(1).random()


def test_the_outputs_are_the_answer_and_cannot_be_dropped() -> None:
    with pytest.raises(ValueError, match="last layer must be an Activation"):
        Network(5, [*block(3, "softmax", dropout=0.1)], rng=None)


@pytest.mark.parametrize("rate", [-0.1, 1.0, float("nan")])
def test_an_impossible_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="dropout must be 0 or more and below 1"):
        block(3, "relu", dropout=rate)


def test_a_list_of_dicts_may_have_dropout() -> None:
    rows = [
        {"input_dim": 5, "output_dim": 4, "activation": "relu", "dropout": 0.25},
        {"input_dim": 4, "output_dim": 3, "activation": "softmax"},
    ]
    layers = Network.from_architecture(rows, rng=None).layers
    assert str(layers) == str([*block(4, "relu", dropout=0.25), *block(3, "softmax")])


def test_a_copy_in_another_precision_keeps_dropout() -> None:
    network = Network(5, [*block(4, "relu", dropout=0.25), *block(3, "softmax")], rng=None)
    assert str(network.astype(np.float64)) == str(network)
