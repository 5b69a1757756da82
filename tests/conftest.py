"""What several tests need: real digits, a data folder made of them, and the command line."""

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import settings

from mnist_nn.cli import main
from mnist_nn.data import DATASETS, Samples, load_dataset
from mnist_nn.data.download import import_folder
from mnist_nn.nn import ACTIVATIONS, ActivationFunction
from mnist_nn.nn.activations import sigmoid, softmax

from .ids import (  # noqa: F401, pytest finds its hooks here
    pytest_collection,
    pytest_collection_modifyitems,
    pytest_make_parametrize_id,
)
from .mnist import find_files, places

ROOM = 400 << 20  # bytes
CONFIGS = Path(__file__).parents[1] / "configs"

settings.register_profile("bounded", max_examples=100, deadline=None)  # machines are shared
settings.register_profile("deep", max_examples=10_000, deadline=None)
settings.load_profile("bounded")  # unless pytest --hypothesis-profile=deep


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to begin where there is no room for what the tests write."""
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    if free < ROOM and not hasattr(config, "workerinput"):
        raise pytest.UsageError(
            f"the tests need {ROOM >> 20} MB for temporary files, {folder} has {free >> 20} MB "
            "free; name another folder in TMPDIR"
        )


@pytest.fixture(autouse=True)
def signals_are_heard() -> Iterator[None]:
    """Let the signals arrive that a shell or nohup has ignored for what runs in the background."""
    usual: dict[str, Any] = {"SIGINT": signal.default_int_handler, "SIGHUP": signal.SIG_DFL}
    ignored = [
        number
        for name in usual
        if (number := getattr(signal, name, None)) is not None
        and signal.getsignal(number) is signal.SIG_IGN
    ]
    for number in ignored:
        signal.signal(number, usual[number.name])
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that all workers share; files appear whole in it."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def mnist_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the real MNIST files."""
    folders, caches = places("mnist")
    spare = tmp_path_factory.mktemp("mnist")
    folder = find_files(DATASETS["mnist"], folders, caches, spare)
    if folder is None:
        looked = ", ".join(map(str, folders))
        pytest.skip(f"the full MNIST is nowhere: {looked}; fetch it with: make data")
    return folder


@pytest.fixture(scope="session")
def data_dir(mnist_files: Path, shared_folder: Path) -> Path:
    """A data folder with the cache of the real MNIST."""
    folder = shared_folder / "data"
    if not (folder / "mnist.npz").exists():
        import_folder(DATASETS["mnist"], mnist_files, folder)
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
        code = caught.value.code
        assert isinstance(code, int)
        return Result(code, *capsys.readouterr())

    return invoke


@pytest.fixture
def published_a(monkeypatch: pytest.MonkeyPatch) -> str:
    """The activation of write-up A's second hidden layer as published: right forward, wrong back.

    Its delta is multiplied by the derivative of softmax, element by element, at the layer's sums,
    although the layer is a sigmoid.
    """

    def wrong(z: np.ndarray, y: np.ndarray, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
        y = np.clip(y, 1e-15, 1 - 1e-15)
        s = softmax(np.log(y / (1 - y)))  # of the sums, as far as the outputs tell them
        np.multiply(dy, s * (1 - s), out=out)
        return out

    published = ActivationFunction("published", sigmoid, wrong)
    monkeypatch.setitem(ACTIVATIONS, "published", published)
    return "published"


@pytest.fixture(scope="session")
def trained_on_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model file, trained for a moment on the sample; tests leave it as it is."""
    path = tmp_path_factory.mktemp("trained") / "model.pkl"
    quickly = ["--set", "data.validation=0", "--epochs", "2", "--quiet"]
    with pytest.raises(SystemExit) as caught:
        main(["train", "--config", "sample", *quickly, "-o", str(path)])
    assert caught.value.code == 0
    return path


@pytest.fixture
def sample_model(trained_on_sample: Path, tmp_path: Path) -> Path:
    """A copy of that model file, ``model.pkl`` in the test's own folder."""
    return Path(shutil.copy(trained_on_sample, tmp_path / "model.pkl"))
