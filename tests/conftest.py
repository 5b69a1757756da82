"""What several tests need: real digits, a data folder made of them, and the command line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from mnist_nn.cli import main
from mnist_nn.data import Samples, load_dataset
from mnist_nn.data.download import import_folder
from mnist_nn.data.sources import SOURCES
from mnist_nn.nn import ACTIVATIONS, Activation
from mnist_nn.nn.activations import sigmoid, softmax

from .ids import (  # noqa: F401, pytest finds its hooks here
    pytest_collection,
    pytest_collection_modifyitems,
    pytest_make_parametrize_id,
)

CONFIGS = Path(__file__).parents[1] / "configs"
MNIST = Path(__file__).parents[2] / "shared" / "data" / "mnist"

settings.register_profile("bounded", max_examples=100, deadline=None)  # machines are shared
settings.register_profile("deep", max_examples=10_000, deadline=None)
settings.load_profile("bounded")  # unless pytest --hypothesis-profile=deep


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def mnist_files() -> Path:
    """The folder with the real MNIST files."""
    folder = Path(os.environ.get("MNIST_NN_TEST_FILES", MNIST))
    if not (folder / "train-images-idx3-ubyte.gz").exists():
        pytest.skip(f"the full MNIST is not in {folder}; name its folder in MNIST_NN_TEST_FILES")
    return folder


@pytest.fixture(scope="session")
def data_dir(mnist_files: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the cache of the real MNIST."""
    folder = tmp_path_factory.mktemp("data")
    import_folder(SOURCES["mnist"], mnist_files, folder)
    return folder


@pytest.fixture(scope="session")
def digits() -> Samples:
    """Real digits: the 5,000 training images of the sample."""
    return load_dataset("mnist-sample").train


class Result(NamedTuple):
    """What a command left behind."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Run a command in a fresh folder that holds no data: ``run("train", "--config", …)``."""
    monkeypatch.setattr("mnist_nn.cli.guard._debug", False)
    monkeypatch.setenv("MNIST_NN_DATA_DIR", str(tmp_path / "no-data"))
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments: object) -> Result:
        capsys.readouterr()
        with pytest.raises(SystemExit) as caught:
            main([str(argument) for argument in arguments])
        return Result(caught.value.code, *capsys.readouterr())

    return invoke


@pytest.fixture
def published_a(monkeypatch: pytest.MonkeyPatch) -> str:
    """The activation of write-up A's second hidden layer as published: right forward, wrong back.

    Its delta is multiplied by the derivative of softmax, element by element, at the layer's sums,
    although the layer is a sigmoid.
    """

    def pullback(y: np.ndarray, dy: np.ndarray, out: np.ndarray | None = None) -> np.ndarray:
        y = np.clip(y, 1e-15, 1 - 1e-15)
        s = softmax(np.log(y / (1 - y)))  # of the sums, recovered from the sigmoid's outputs
        return np.multiply(dy, s * (1 - s), out=out)

    monkeypatch.setitem(ACTIVATIONS, "published", Activation("published", sigmoid, pullback))
    return "published"


@pytest.fixture
def sample_model(run: Callable[..., Result], tmp_path: Path) -> Path:
    """A model file, trained for a moment on the sample."""
    path = tmp_path / "model.pkl"
    result = run(
        *("train", "--config", CONFIGS / "base.yaml", "--config", CONFIGS / "sample.yaml"),
        *("--epochs", 2, "-o", path, "--quiet"),
    )
    assert result.exit_code == 0, result.stderr
    return path
