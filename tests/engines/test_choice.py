import subprocess
import sys

import numpy as np
import pytest

from mnist_nn.engines import Recipe, choose_engine, make_engine
from mnist_nn.nn import LOSSES, Dense, Network
from mnist_nn.training import SGD

NETWORK = Network(784, [Dense(10, "softmax")], rng=None)
WITHOUT_NUMBA = (
    "import sys; sys.modules['numba'] = None\n"
    "import mnist_nn.cli\n"
    "sys.argv[0] = 'mnist-nn'; mnist_nn.cli.main()"
)


@pytest.mark.parametrize(("name", "expected"), [("auto", "numba"), ("numpy", "numpy")])
def test_auto_takes_the_fastest(name, expected) -> None:
    assert choose_engine(name, NETWORK, 32) == (expected, "")


@pytest.mark.parametrize("name", ["auto", "numba"])
def test_what_numba_cannot_run_is_numpys_and_the_reason_is_given(name) -> None:
    choice = choose_engine(name, NETWORK, 60_000)
    assert choice.name == "numpy"
    assert "batches of up to" in choice.reason


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_engine_made_is_the_one_chosen(name) -> None:
    network = Network(784, [Dense(10, "softmax")], rng=None)
    x, y = np.zeros((3, 784), np.uint8), np.zeros(3, np.uint8)
    choice = choose_engine(name, network, 1)
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
