import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import Samples, load_dataset
from mnist_nn.engines import NumpyEngine, StepConfig
from mnist_nn.engines.compiled import NumbaEngine, unsupported_reason
from mnist_nn.engines.compiled.elementwise import ACTIVATION_CODES, LOSS_CODES
from mnist_nn.engines.compiled.sparse import SLACK
from mnist_nn.nn import ACTIVATIONS, LOSSES, Initializer, InputNormalization, Network, block, score
from mnist_nn.training import SGD

TRAINABLE = [a.name for a in ACTIVATIONS.values() if a.trainable and not a.needs_sums]
PLAIN = StepConfig(LOSSES["cross_entropy"], SGD())
PAIRS = [(loss.name, y) for loss in LOSSES.values() for y in loss.fits if y in ACTIVATION_CODES]


def make_network(
    *layers: tuple[int, str], n_inputs: int = 784, dtype: type = np.float32, bias: bool = True
) -> Network:
    """A network whose biases are not zero at the start, where it has any."""
    return Network(
        n_inputs,
        [part for units, activation in layers for part in block(units, activation, bias=bias)],
        rng=np.random.default_rng(5),
        initializer=Initializer(biases=bias),
        input_scale=1 / 255,
        dtype=dtype,
    )


def run_both(
    network: Network, loss: str, samples: Samples, size: int, order: np.ndarray, rate: float = 0.3
) -> tuple[tuple[float, int], Network, tuple[float, int], Network]:
    """Run one order through either engine, from the same start."""
    results: list[Any] = []
    for engine in (NumpyEngine, NumbaEngine):
        copy = network.astype(network.dtype)
        step_config = StepConfig(LOSSES[loss], SGD())
        worker = engine(copy, step_config, *samples, size, np.random.default_rng(0))
        results += [worker.run(order, np.full(len(order), rate)), copy]
    return tuple(results)


def assert_same_step(
    network: Network,
    loss: str,
    samples: Samples,
    size: int,
    order: np.ndarray,
    rate: float = 0.3,
) -> None:
    """Float64 agrees to 1e-12 of the largest change, float32 to 1e-6 of the largest parameter."""
    numpy, by_numpy, numba, by_numba = run_both(network, loss, samples, size, order, rate)
    double = network.dtype == np.float64
    change = np.abs(by_numpy.params - network.params).max()
    assert change > 1e-3
    unit = change if double else np.abs(by_numpy.params).max()
    tolerance = 1e-12 if double else 1e-6
    np.testing.assert_allclose(by_numba.params / unit, by_numpy.params / unit, atol=tolerance)
    assert numba[0] == pytest.approx(numpy[0], rel=tolerance)
    assert numba[1] == numpy[1]


def test_every_loss_and_activation_that_needs_only_its_output_has_a_code() -> None:
    assert set(ACTIVATION_CODES) == set(TRAINABLE)
    assert set(LOSS_CODES) == set(LOSSES)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 5, 32])
@pytest.mark.parametrize("hidden", TRAINABLE)
def test_a_step_is_numpys_for_every_activation(
    digits: Samples, hidden: str, size: int, dtype: type
) -> None:
    network = make_network((20, hidden), (13, hidden), (10, "softmax"), dtype=dtype)
    assert_same_step(network, "cross_entropy", digits, size, np.arange(700, 700 + size))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 32])
@pytest.mark.parametrize(("loss", "output"), PAIRS)
def test_a_step_is_numpys_for_every_loss(
    digits: Samples, loss: str, output: str, size: int, dtype: type
) -> None:
    network = make_network((17, "tanh"), (10, output), dtype=dtype)
    assert_same_step(network, loss, digits, size, np.arange(size))


@pytest.mark.parametrize("size", [1, 3, 16, 32])
@pytest.mark.parametrize("bias", [True, False])
def test_batches_with_a_short_last_one_are_numpys(digits: Samples, size: int, bias: bool) -> None:
    """Small batches go in groups, and both the last group and its last batch may be short."""
    network = make_network((20, "sigmoid"), (10, "softmax"), dtype=np.float64, bias=bias)
    order = np.random.default_rng(1).permutation(5000)[: 2 * max(size, 16) + size // 2 + 1]
    assert_same_step(network, "cross_entropy", digits, size, order)


def test_a_network_without_a_hidden_layer(digits: Samples) -> None:
    network = make_network((10, "softmax"), dtype=np.float64)
    assert_same_step(network, "cross_entropy", digits, 1, np.arange(40))


def test_layers_of_many_panels(digits: Samples) -> None:
    network = make_network((70, "relu"), (50, "relu"), (10, "softmax"), dtype=np.float64)
    assert_same_step(network, "cross_entropy", digits, 40, np.arange(40))


@pytest.mark.parametrize("dataset", ["iris", "moons"])
@pytest.mark.parametrize("size", [1, 50])
def test_inputs_that_are_few_floats(dataset: str, size: int) -> None:
    samples = load_dataset(dataset).train
    n_inputs, single = samples.x.shape[1], dataset == "moons"
    output = (1, "sigmoid") if single else (3, "softmax")
    network = make_network((8, "tanh"), output, n_inputs=n_inputs, dtype=np.float64)
    loss = "binary_cross_entropy" if single else "cross_entropy"
    assert_same_step(network, loss, samples, size, np.arange(99))


@pytest.mark.parametrize("kind", [np.float32, ">i8"])
def test_inputs_of_other_types_and_layouts(digits: Samples, kind: str | type) -> None:
    every_other = np.asfortranarray(digits.x[:100].astype(kind))[:, ::2]
    network = make_network((10, "softmax"), n_inputs=392, dtype=np.float64)
    samples = Samples(every_other / 255 if kind is np.float32 else every_other, digits.y[:100])
    assert_same_step(network, "cross_entropy", samples, 32, np.arange(100))


def standardized(samples: Samples, dtype: type = np.float64) -> Samples:
    """Pictures of which hardly an input is zero."""
    x = (samples.x - samples.x.mean(axis=0)) / (samples.x.std(axis=0) + 8)
    return Samples(x.astype(dtype), samples.y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [1, 3, 13, 32, 47, 150])
def test_inputs_of_which_few_are_zero(digits: Samples, size: int, dtype: type) -> None:
    """Blocks of rows and inputs, and what is left of them, of layers narrow and wide."""
    samples = standardized(digits, dtype)
    network = make_network((300, "sigmoid"), (45, "relu"), (10, "softmax"), dtype=dtype)
    order = np.arange(2 * max(size, 16) + size // 2)
    assert_same_step(network, "cross_entropy", samples, size, order, 0.02)


@pytest.mark.parametrize("share", [0.1, 0.9])
def test_the_first_layer_is_listed_or_dense_by_the_share_of_zeros(
    digits: Samples, share: float
) -> None:
    x = np.random.default_rng(0).random((100, 784)) < share
    network = make_network((20, "tanh"), (10, "softmax"), dtype=np.float64)
    samples = Samples(x * digits.x[0] + x * np.uint8(1), digits.y[:100])
    engine = NumbaEngine(network, PLAIN, *samples, 32, np.random.default_rng(0))
    assert len(engine.setup.lists.indices) == (0 if share > 0.5 else 32 * (784 + SLACK))
    assert_same_step(network, "cross_entropy", samples, 32, np.arange(100))


@pytest.mark.slow
@pytest.mark.parametrize(("size", "rate"), [(1, 0.05), (32, 1.0)])
def test_an_epoch_of_mnist_comes_to_the_same_accuracy(
    data_dir: Path, size: int, rate: float
) -> None:
    dataset = load_dataset("mnist", data_dir)
    layers = [*block(128, "sigmoid"), *block(64, "sigmoid"), *block(10, "softmax")]
    network = Network(784, layers, rng=np.random.default_rng(0), input_scale=1 / 255)
    order = np.random.default_rng(2).permutation(60_000)
    assert dataset.test is not None
    numpy, by_numpy, numba, by_numba = run_both(
        network, "cross_entropy", dataset.train, size, order, rate
    )
    accuracies = [
        np.mean(score(trained, LOSSES["cross_entropy"], *dataset.test)[1] == dataset.test.y)
        for trained in (by_numpy, by_numba)
    ]
    assert accuracies[0] > 0.9
    assert accuracies[1] == pytest.approx(accuracies[0], abs=0.001)
    assert numba[1] == pytest.approx(numpy[1], abs=60)


def trained(samples: Samples, n_tasks: int, pieces: int = 1, units: int = 40) -> np.ndarray:
    network = make_network((units, "sigmoid"), (units, "tanh"), (10, "softmax"))
    engine = NumbaEngine(network, PLAIN, *samples, 64, np.random.default_rng(0), threads=n_tasks)
    for order in np.split(np.arange(1920), pieces):
        engine.run(order, np.full(30, 0.3))
    return network.params


@pytest.mark.parametrize("n_tasks", [2, 3])
def test_the_number_of_threads_changes_no_bit(digits: Samples, n_tasks: int) -> None:
    np.testing.assert_array_equal(trained(digits, n_tasks), trained(digits, 1))


@pytest.mark.parametrize("n_tasks", [2, 3])
def test_nor_does_it_where_inputs_are_dense_and_layers_wide(digits: Samples, n_tasks: int) -> None:
    samples = standardized(digits, np.float32)
    one, more = (trained(samples, n, units=300) for n in (1, n_tasks))
    np.testing.assert_array_equal(more, one)


def test_a_run_in_pieces_is_the_same_run(digits: Samples) -> None:
    np.testing.assert_array_equal(trained(digits, 2, pieces=3), trained(digits, 2))


@pytest.mark.parametrize("size", [1, 32])
def test_divergence_shows_in_what_a_run_returns(digits: Samples, size: int) -> None:
    network = make_network((12, "relu"), (10, "softmax"))
    engine = NumbaEngine(network, PLAIN, *digits, size, np.random.default_rng(0))
    total, _ = engine.run(np.arange(500), np.full(500, 1e30))
    assert not (np.isfinite(total) and np.isfinite(network.params).all())


def test_enormous_batches_are_left_to_numpy() -> None:
    network = make_network((10, "softmax"))
    assert unsupported_reason(network, PLAIN, 10_000) is None
    reason = unsupported_reason(network, PLAIN, 60_000)
    assert "up to 10,591 samples of 784 inputs" in str(reason)


def test_a_second_process_finds_the_kernel_compiled() -> None:
    program = (
        "import numpy as np\n"
        "from mnist_nn.data import load_dataset\n"
        "from mnist_nn.engines import StepConfig\n"
        "from mnist_nn.engines.compiled import engine\n"
        "from mnist_nn.nn import LOSSES, block, Network\n"
        "from mnist_nn.training import SGD\n"
        "network = Network(784, [*block(10, 'softmax')], rng=np.random.default_rng(0))\n"
        "samples = load_dataset('mnist-sample').train\n"
        "step_config = StepConfig(LOSSES['cross_entropy'], SGD())\n"
        "engine.NumbaEngine(network, step_config, *samples, 32, np.random.default_rng(0))\n"
        "stats = engine._kernel().stats\n"
        "print(sum(stats.cache_hits.values()), sum(stats.cache_misses.values()))\n"
    )
    outputs = [
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert outputs[1] == "1 0\n"


def test_what_would_reach_beyond_an_array_is_refused(digits: Samples) -> None:
    network = make_network((10, "softmax"))
    rng = np.random.default_rng(0)
    for x, y in ((digits.x[:9], digits.y), (digits.x[:, :9], digits.y), (digits.x, digits.y + 1)):
        with pytest.raises(ValueError, match=r"samples must be|labels must lie in 0\.\.9"):
            NumbaEngine(network, PLAIN, x, y, 32, rng)
    engine = NumbaEngine(network, PLAIN, *digits, 32, rng)
    for order in ([0, 5000], [-1, 0]):
        with pytest.raises(IndexError, match=r"0\.\.4999"):
            engine.run(np.array(order), np.ones(1))


@pytest.mark.parametrize("kind", ["bytes", "floats"])
def test_normalized_inputs_are_the_same_in_both_engines(kind: str) -> None:
    samples = load_dataset("mnist-sample").train
    x = samples.x if kind == "bytes" else samples.x / 16.0 + 1000
    network = make_network((16, "relu"), (10, "softmax"), dtype=np.float64)
    network.normalization = InputNormalization.standardize(x * (1 / 255 if kind == "bytes" else 1))
    order = np.random.default_rng(0).permutation(len(samples.y))[:500]
    assert_same_step(network, "cross_entropy", Samples(x, samples.y), 8, order, 0.01)
