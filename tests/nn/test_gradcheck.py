from itertools import product

import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.nn import (
    ACTIVATIONS,
    LOSSES,
    Activation,
    ActivationFunction,
    Dense,
    Dropout,
    Initializer,
    Network,
    block,
    check_gradients,
    noise_width,
    target_rows,
)
from mnist_nn.nn.activations import relu

TRAINABLE = [name for name, a in ACTIVATIONS.items() if a.trainable]
FITTING = [(loss.name, output) for loss in LOSSES.values() for output in loss.fits]
EACH = [  # every activation and every pair, but not every combination
    (TRAINABLE[i % len(TRAINABLE)], FITTING[i % len(FITTING)])
    for i in range(max(len(TRAINABLE), len(FITTING)))
]


def worst(network: Network, loss: str, samples: Samples, labels: np.ndarray | None = None) -> float:
    y = samples.y if labels is None else labels
    groups = list(check_gradients(network, LOSSES[loss], samples.x, y))
    assert all(group.measurable for group in groups)
    return float(np.max([group.error for group in groups]))  # NaN, if one is


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("hidden", "pair"), list(product(TRAINABLE, FITTING)))
def test_backpropagation_is_right(
    hidden: str, pair: tuple[str, str], bias: bool, rng: np.random.Generator
) -> None:
    loss, output = pair
    units = (6, hidden), (5, hidden), (3, output)
    layers = [layer for entry in units for layer in block(*entry, bias=bias)]
    initializer = Initializer(biases=True)
    network = Network(4, layers, rng=rng, initializer=initializer, dtype=np.float64)
    samples = Samples(rng.normal(size=(4, 4)), np.array([0, 1, 2, 1], np.uint8))
    assert worst(network, loss, samples) < 1e-7


def test_the_main_network_is_right_on_real_digits(
    digits: Samples, rng: np.random.Generator
) -> None:
    layers = [*block(128, "sigmoid"), *block(64, "sigmoid"), *block(10, "softmax")]
    network = Network(784, layers, rng=rng, input_scale=1 / 255)
    groups = list(
        check_gradients(
            network, LOSSES["cross_entropy"], digits.x[:3], digits.y[:3], limit=200, rng=rng
        )
    )
    assert [group.name for group in groups][:2] == ["layer_1.weights", "layer_1.biases"]
    assert [group.checked for group in groups] == [200, 128, 200, 64, 200, 10]
    assert max(group.error for group in groups) < 1e-7


@pytest.mark.parametrize(("hidden", "pair"), EACH)
def test_backpropagation_is_right_with_dropout_smoothed_labels_and_a_penalty(
    hidden: str, pair: tuple[str, str], rng: np.random.Generator
) -> None:
    loss, output = pair
    layers = [
        *block(7, hidden, dropout=0.3),
        *block(6, hidden),
        *block(5, hidden, dropout=0.2),
        *block(3, output),
    ]
    initializer = Initializer(biases=True)
    network = Network(4, layers, rng=rng, initializer=initializer, dtype=np.float64)
    noise = rng.integers(0, 1 << 16, (4, noise_width(network)), np.uint16)
    targets = target_rows(3, np.float64, 0.2)[[0, 1, 2, 1]]
    x = rng.normal(size=(4, 4))
    groups = list(
        check_gradients(network, LOSSES[loss], x, targets, l2=0.3, training=True, noise=noise)
    )
    assert max(group.error for group in groups) < 1e-7


def test_the_check_sees_that_a_mask_was_not_applied_on_the_way_back(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    layers = [*block(9, "tanh", dropout=0.5), *block(3, "softmax")]
    network = Network(4, layers, rng=rng)
    noise = rng.integers(0, 1 << 16, (5, 9), np.uint16)
    monkeypatch.setattr(Dropout, "backward", lambda self, dy, cache: dy)
    x, y, loss = rng.normal(size=(5, 4)), np.array([0, 1, 2, 1, 0]), LOSSES["cross_entropy"]
    groups = check_gradients(network, loss, x, y, training=True, noise=noise)
    errors = {group.name: group.error for group in groups}
    assert errors["layer_1.weights"] > 0.1
    assert errors["layer_2.weights"] < 1e-7


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("hidden", "pair"), EACH)
def test_backpropagation_is_right_through_batch_normalization(
    hidden: str, pair: tuple[str, str], training: bool, rng: np.random.Generator
) -> None:
    loss, output = pair
    layers = [
        *block(6, hidden, batch_norm=True, dropout=0.2),
        *block(5, hidden, batch_norm=True),
        *block(3, output, batch_norm=True),
    ]
    network = Network(4, layers, rng=rng, dtype=np.float64)
    network.params[:] += rng.uniform(0, 0.5, network.params.size)  # statistics and γ, β of any kind
    x, y = rng.normal(size=(7, 4)), rng.integers(0, 3, 7)
    noise = rng.integers(0, 1 << 16, (7, 6), np.uint16)
    groups = list(check_gradients(network, LOSSES[loss], x, y, training=training, noise=noise))
    assert len(groups) == 9
    assert max(group.error for group in groups) < 1e-7


def test_a_single_sigmoid_output_is_right(rng: np.random.Generator) -> None:
    network = Network(2, [*block(4, "tanh"), *block(1, "sigmoid")], rng=rng)
    samples = Samples(rng.normal(size=(5, 2)), np.array([0, 1, 1, 0, 1], np.uint8))
    assert worst(network, "binary_cross_entropy", samples) < 1e-7


def test_the_check_finds_the_wrong_line_of_write_up_a(
    rng: np.random.Generator, published_a: str
) -> None:
    layers = [*block(6, "sigmoid"), *block(5, published_a), *block(3, "softmax")]
    network = Network(4, layers, rng=rng)
    x, y = rng.normal(size=(4, 4)), np.array([0, 1, 2, 1])
    errors = {g.name: g.error for g in check_gradients(network, LOSSES["cross_entropy"], x, y)}
    assert errors["layer_3.weights"] < 1e-7  # above the wrong line, all is well
    assert errors["layer_2.weights"] > 0.1
    assert errors["layer_1.weights"] > 0.1


def test_the_check_finds_the_stale_activations_of_write_up_b(
    rng: np.random.Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its backward pass uses the activations of epoch 0 for ever."""
    remembered: list[np.ndarray] = []

    def stale(z: np.ndarray, y: np.ndarray, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
        remembered.append(y.copy())
        product: np.ndarray = np.multiply(dy, remembered[0] > 0, out=out)
        return product

    monkeypatch.setitem(ACTIVATIONS, "stale", ActivationFunction("stale", relu, stale))
    network = Network(4, [*block(6, "stale"), *block(3, "softmax")], rng=rng)
    samples = Samples(rng.normal(size=(8, 4)), (np.arange(8) % 3).astype(np.uint8))
    assert worst(network, "cross_entropy", samples) < 1e-7  # in epoch 0 nothing shows
    network.params[:] = rng.normal(size=network.params.size)
    assert worst(network, "cross_entropy", samples) > 0.01


def test_a_kink_is_not_taken_for_an_error(rng: np.random.Generator) -> None:
    """A ReLU's sum within the first step's width of 0: only a smaller step sees one side."""
    network = Network(1, [*block(1, "relu"), *block(1, "identity")], rng=rng, dtype=np.float64)
    network.params[:] = [1, 1, 3e-6 - 1, 0]  # two weights, two biases: z = x - 1 + 3e-6
    loss = LOSSES["mean_squared_error"]
    first, second, *_ = check_gradients(network, loss, np.ones((1, 1)), [1])
    assert (first.name, second.name) == ("layer_1.weights", "layer_1.biases")
    assert first.error < 1e-7
    assert second.error < 1e-7


def test_a_gradient_that_is_not_a_number_shows(rng: np.random.Generator) -> None:
    network = Network(4, [*block(3, "softmax")], rng=rng)
    x = np.array([[1.0, 2.0, np.nan, 0.0]])
    groups = list(check_gradients(network, LOSSES["cross_entropy"], x, [1]))
    assert all(np.isnan(group.error) for group in groups)
    assert all(group.measurable for group in groups)


def test_gradients_below_the_rounding_error_are_not_judged(rng: np.random.Generator) -> None:
    layers = [*(block(5, "sigmoid") * 8), *block(3, "softmax")]
    network = Network(4, layers, rng=rng, initializer=Initializer("normal"))
    x, y = rng.normal(size=(4, 4)), [0, 1, 2, 1]
    groups = list(check_gradients(network, LOSSES["cross_entropy"], x, y))
    assert not groups[0].measurable
    assert groups[-1].measurable
    assert max(group.error for group in groups if group.measurable) < 1e-7


def test_checking_leaves_the_network_alone(rng: np.random.Generator) -> None:
    network = Network(4, [*block(3, "softmax")], rng=rng)
    before = network.params.copy()
    worst(network, "cross_entropy", Samples(rng.normal(size=(2, 4)), np.array([0, 1], np.uint8)))
    np.testing.assert_array_equal(network.params, before)
    assert not network.grads.any()


@pytest.mark.parametrize("training", [True, False])
def test_an_activation_may_stand_on_dropout(training: bool, rng: np.random.Generator) -> None:
    """In evaluation dropout hands on what it is given, which the layer below still needs."""
    layers = [
        Dense(6),
        Activation("tanh"),
        Dropout(0.4),
        Activation("sigmoid"),
        *block(3, "softmax"),
    ]
    network = Network(4, layers, rng=rng, dtype=np.float64)
    x, y, noise = (
        rng.normal(size=(5, 4)),
        [0, 1, 2, 1, 0],
        rng.integers(0, 1 << 16, (5, 6), np.uint16),
    )
    loss = LOSSES["cross_entropy"]
    for group in check_gradients(network, loss, x, y, training=training, noise=noise):
        assert group.error < 1e-7
