"""What makes a step other than a plain one, and dropout: the same as NumPy's."""

from typing import Any, get_args

import numpy as np
import pytest

from mnist_nn.data import Samples, load_dataset
from mnist_nn.engines import NumpyEngine, Regularization, StepConfig
from mnist_nn.engines.compiled import NumbaEngine
from mnist_nn.engines.compiled.elementwise import ACTIVATION_CODES
from mnist_nn.engines.compiled.tuner import ThreadTuner
from mnist_nn.engines.compiled.update import OPTIMIZERS
from mnist_nn.nn import ACTIVATIONS, LOSSES, Initializer, Network, block
from mnist_nn.training import SGD, AdaGrad, Adam, AdamW, AnyOptimizer, RMSprop
from mnist_nn.training.optimizers import Optimizer

PAIRS = [(loss.name, y) for loss in LOSSES.values() for y in loss.fits if y in ACTIVATION_CODES]
VARIANTS = [
    SGD(momentum=0.9),
    SGD(momentum=0.8, nesterov=True, weight_decay=0.1),
    AdaGrad(),
    RMSprop(),
    Adam(beta_1=0.8),
    AdamW(weight_decay=0.5),
]


def make_network(
    *layers: tuple[Any, ...], n_inputs: int = 784, dtype: type = np.float64
) -> Network:
    """A network whose biases are not zero at the start."""
    return Network(
        n_inputs,
        [part for row in layers for part in block(*row[:2], dropout=sum(row[2:]))],
        rng=np.random.default_rng(5),
        initializer=Initializer(biases=True),
        input_scale=1 / 255,
        dtype=dtype,
    )


def some_steps(
    network: Network,
    step_config: StepConfig,
    samples: Samples,
    size: int,
    rate: float,
    n: int = 200,
) -> list[tuple[float, Network, Network]]:
    """Take the same steps, at a rate that falls, with either engine."""
    found = []
    for engine in (NumpyEngine, NumbaEngine):
        copy = network.astype(network.dtype)
        worker = engine(copy, step_config, *samples, size, np.random.default_rng(7))
        learning_rates = rate / np.arange(1, -(-n // size) + 1)
        total, _ = worker.run(np.arange(n), learning_rates)
        found.append((total, copy, worker.averaged or copy))
    return found


def assert_same_course(
    network: Network, step_config: StepConfig, samples: Samples, size: int, rate: float
) -> None:
    (total, by_numpy, average), (numba_total, by_numba, numba_average) = some_steps(
        network, step_config, samples, size, rate
    )
    change = np.abs(by_numpy.params - network.params).max()
    assert change > 1e-3
    tolerance = (1e-10 if network.dtype == np.float64 else 5e-3) * change
    np.testing.assert_allclose(by_numba.params, by_numpy.params, atol=tolerance, rtol=0)
    np.testing.assert_allclose(numba_average.params, average.params, atol=tolerance, rtol=0)
    assert numba_total == pytest.approx(total, rel=1e-5)


def test_every_optimizer_has_a_code() -> None:
    names = {cls.__name__ for cls in get_args(get_args(AnyOptimizer)[0])}
    assert set(OPTIMIZERS) == names == {type(optimizer).__name__ for optimizer in VARIANTS}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 7, 32])
@pytest.mark.parametrize("optimizer", VARIANTS, ids=repr)
def test_many_steps_are_numpys_for_every_optimizer(
    digits: Samples, optimizer: Optimizer, size: int, dtype: type
) -> None:
    network = make_network((20, "sigmoid"), (13, "tanh"), (10, "softmax"), dtype=dtype)
    rate = 0.1 if optimizer.name == "sgd" else 0.01
    assert_same_course(network, StepConfig(LOSSES["cross_entropy"], optimizer), digits, size, rate)


@pytest.mark.parametrize("size", [4, 32])
@pytest.mark.parametrize("optimizer", [SGD(), SGD(weight_decay=0.1), Adam()], ids=repr)
@pytest.mark.parametrize(
    "more",
    [
        {"label_smoothing": 0.2},
        {"l2": 0.05},
        {"clip_norm": 0.5},
        {"ema_decay": 0.9},
        {"label_smoothing": 0.1, "l2": 0.01, "clip_norm": 0.3, "ema_decay": 0.99},
    ],
    ids=str,
)
def test_many_steps_are_numpys_for_every_regularisation(
    digits: Samples, more: dict[str, Any], optimizer: Optimizer, size: int
) -> None:
    network = make_network((20, "sigmoid"), (10, "softmax"))
    step_config = StepConfig(LOSSES["cross_entropy"], optimizer, Regularization(**more))
    assert_same_course(network, step_config, digits, size, 0.05)


@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_smoothed_labels_are_numpys_for_every_loss(digits: Samples, loss: str, output: str) -> None:
    network = make_network((17, "tanh"), (10, output))
    assert_same_course(
        network, StepConfig(LOSSES[loss], SGD(), Regularization(0.3)), digits, 32, 0.1
    )


def test_a_smoothed_single_output_is_numpys() -> None:
    samples = load_dataset("moons").train
    network = make_network((8, "tanh"), (1, "sigmoid"), n_inputs=2)
    step_config = StepConfig(LOSSES["binary_cross_entropy"], SGD(), Regularization(0.2))
    assert_same_course(network, step_config, samples, 10, 0.5)


@pytest.mark.parametrize("size", [1, 5, 32])
@pytest.mark.parametrize("hidden", [name for name in ACTIVATION_CODES if name in ACTIVATIONS])
def test_dropout_is_numpys(digits: Samples, hidden: str, size: int) -> None:
    """Of two of three hidden layers, one of an odd number of units."""
    network = make_network((20, hidden, 0.3), (9, hidden), (13, hidden, 0.5), (10, "softmax"))
    for optimizer in (SGD(), Adam()):
        rate = 0.1 if optimizer.name == "sgd" else 0.01
        assert_same_course(
            network, StepConfig(LOSSES["cross_entropy"], optimizer), digits, size, rate
        )


@pytest.mark.parametrize("engine", [NumpyEngine, NumbaEngine])
def test_other_pictures_may_be_shown_in_place_of_the_samples(digits: Samples, engine: type) -> None:
    shown, swapped = (
        make_network((12, "relu"), (10, "softmax"), dtype=np.float32) for _ in range(2)
    )
    order, learning_rates = np.arange(100, 200), np.full(20, 0.1)
    mirrored = digits.x[:, ::-1]
    step_config, rng = (
        StepConfig(LOSSES["cross_entropy"], SGD(momentum=0.5)),
        np.random.default_rng(0),
    )
    engine(shown, step_config, mirrored, digits.y, 5, rng).run(order, learning_rates)
    engine(swapped, step_config, *digits, 5, rng).run(order, learning_rates, mirrored[order])
    np.testing.assert_array_equal(shown.params, swapped.params)


class Restless(ThreadTuner):
    """A tuner of another size for each piece, and pieces of odd lengths."""

    def __init__(self) -> None:
        self.pieces = 0

    def next_piece(self) -> tuple[int, int]:
        self.pieces += 1
        return 1 + self.pieces % 2, 1 + self.pieces % 3

    def record(self, threads: int, seconds_per_batch: float) -> None:
        assert seconds_per_batch > 0


@pytest.mark.parametrize("optimizer", [SGD(), Adam()], ids=lambda optimizer: optimizer.name)
def test_neither_pieces_nor_threads_change_a_bit(digits: Samples, optimizer: Optimizer) -> None:
    """Of the parameters, nor of the loss that is reported."""
    results = []
    for tuner in (None, Restless()):
        network = make_network((40, "relu", 0.2), (10, "softmax"), dtype=np.float32)
        step_config, rng = StepConfig(LOSSES["cross_entropy"], optimizer), np.random.default_rng(3)
        engine = NumbaEngine(network, step_config, *digits, 20, rng, threads=2)
        if tuner is not None:
            engine.tuner = tuner
        found = [engine.run(np.arange(k, k + 990), np.full(50, 0.01)) for k in (0, 990)]
        results.append((found, network.params))
    assert results[0][0] == results[1][0]
    np.testing.assert_array_equal(results[0][1], results[1][1])


def test_a_dropout_that_is_next_to_none_takes_its_noise_too(digits: Samples) -> None:
    network = make_network((20, "tanh", 1e-6), (13, "tanh", 0.5), (10, "softmax"))
    assert_same_course(network, StepConfig(LOSSES["cross_entropy"], SGD()), digits, 32, 0.1)


def test_threads_change_no_bit_of_what_is_not_plain(digits: Samples) -> None:
    step_config = StepConfig(LOSSES["cross_entropy"], AdamW(), Regularization(0.1, 1e-4, 1.0, 0.99))
    results = []
    for n_tasks in (1, 2, 3):
        network = make_network((130, "relu", 0.2), (10, "softmax"), dtype=np.float32)
        rng = np.random.default_rng(3)
        engine = NumbaEngine(network, step_config, *digits, 64, rng, threads=n_tasks)
        engine.run(np.arange(1000), np.full(16, 0.01))
        results.append(network.params)
    np.testing.assert_array_equal(results[1], results[0])
    np.testing.assert_array_equal(results[2], results[0])
