import subprocess
import sys

import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.engines import Recipe, choose_engine, make_engine
from mnist_nn.nn import LOSSES, Dense, Network
from mnist_nn.training import SGD, fit

NETWORK = Network(784, [Dense(10, "softmax")], rng=None)
WITHOUT_NUMBA = (
    "import sys; sys.modules['numba'] = None\n"
    "import mnist_nn.cli\n"
    "sys.argv[0] = 'mnist-nn'; mnist_nn.cli.main()"
)


@pytest.mark.parametrize(("name", "expected"), [("auto", "numba"), ("numpy", "numpy")])
def test_auto_takes_the_fastest(name, expected) -> None:
    assert choose_engine(name, NETWORK, SGD(), 32) == (expected, "")


@pytest.mark.parametrize("name", ["auto", "numba"])
def test_what_numba_cannot_run_is_numpys_and_the_reason_is_given(name) -> None:
    choice = choose_engine(name, NETWORK, SGD(), 60_000)
    assert choice.name == "numpy"
    assert "batches of up to" in choice.reason


class Twice(SGD):
    """An optimizer of a user's own."""

    def move(self, params, grads, state, rate) -> None:
        super().move(params, grads, state, 2 * rate)


def test_an_optimizer_of_ones_own_is_numpys(digits: Samples) -> None:
    choice = choose_engine("numba", NETWORK, Twice(), 32)
    assert choice == ("numpy", "the numba engine does not know the optimizer Twice")
    ends = []
    for optimizer in (Twice(learning_rate=0.1), SGD(learning_rate=0.2)):
        network = Network(784, [Dense(10, "softmax")], rng=None, input_scale=1 / 255)
        list(fit(network, digits, rng=np.random.default_rng(0), epochs=1, optimizer=optimizer))
        ends.append(network.params)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_engine_made_is_the_one_chosen(name) -> None:
    network = Network(784, [Dense(10, "softmax")], rng=None)
    x, y = np.zeros((3, 784), np.uint8), np.zeros(3, np.uint8)
    choice = choose_engine(name, network, SGD(), 1)
    recipe = Recipe(LOSSES["cross_entropy"], SGD())
    engine = make_engine(choice, network, recipe, x, y, 1, np.random.default_rng(0))
    assert type(engine).__name__.lower() == f"{name}engine"


def train_without_numba(tmp_path, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", WITHOUT_NUMBA, "train", "--config", "base.yaml", *arguments]
    (tmp_path / "base.yaml").write_text("data: {dataset: mnist-sample}\ntraining: {epochs: 1}\n")
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_without_numba_auto_trains_with_numpy_and_says_what_would_be_faster(tmp_path) -> None:
    result = train_without_numba(tmp_path)
    assert result.returncode == 0, result.stderr
    assert "engine: numpy (numba is not installed; pip install 'mnist-nn[fast]'" in result.stderr
    assert (tmp_path / "model.pkl").exists()


def test_numba_asked_for_by_name_must_be_there(tmp_path) -> None:
    result = train_without_numba(tmp_path, "--engine", "numba")
    assert result.returncode == 2
    assert "numba is not installed" in result.stderr
    assert "pip install 'mnist-nn[fast]'" in result.stderr
    assert not (tmp_path / "model.pkl").exists()
