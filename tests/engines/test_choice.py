import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.data import Samples
from mnist_nn.engines import EngineName, StepConfig, choose_engine, make_engine
from mnist_nn.extras import install_command
from mnist_nn.nn import ACTIVATIONS, LOSSES, Activation, Dense, Layer, Network, block
from mnist_nn.nn.arrays import FloatArray
from mnist_nn.training import SGD
from mnist_nn.training.optimizers.base import OptimizerState

from ..fitting import fit

NETWORK = Network(784, block(10, "softmax"), rng=None)
PLAIN = StepConfig(LOSSES["cross_entropy"], SGD())
WITHOUT_NUMBA = (
    "import sys; sys.modules['numba'] = None\n"
    "import mnist_nn.cli\n"
    "sys.argv[0] = 'mnist-nn'; mnist_nn.cli.main()"
)


@pytest.mark.parametrize(("name", "expected"), [("auto", "numba"), ("numpy", "numpy")])
def test_auto_takes_the_fastest(name: EngineName, expected: str) -> None:
    assert choose_engine(name, NETWORK, PLAIN, 32) == (expected, "")


@pytest.mark.parametrize("name", ["auto", "numba"])
def test_what_numba_cannot_run_is_numpys_and_the_reason_is_given(name: EngineName) -> None:
    choice = choose_engine(name, NETWORK, PLAIN, 60_000)
    assert choice.name == "numpy"
    assert "batches of up to" in choice.reason


class Twice(SGD):
    """An optimizer of a user's own."""

    def move(
        self, params: FloatArray, grads: FloatArray, state: OptimizerState, rate: float
    ) -> None:
        super().move(params, grads, state, 2 * rate)


def test_an_optimizer_of_ones_own_is_numpys(digits: Samples) -> None:
    choice = choose_engine("numba", NETWORK, StepConfig(LOSSES["cross_entropy"], Twice()), 32)
    assert choice == ("numpy", "the numba engine does not know the optimizer Twice")
    ends = []
    for optimizer in (Twice(learning_rate=0.1), SGD(learning_rate=0.2)):
        network = Network(784, [*block(10, "softmax")], rng=None, input_scale=1 / 255)
        list(fit(network, digits, rng=np.random.default_rng(0), epochs=1, optimizer=optimizer))
        ends.append(network.params)
    np.testing.assert_allclose(ends[0], ends[1], atol=1e-5)


def test_an_activation_and_a_loss_of_ones_own_train_with_the_default_engine(
    digits: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is one entry of its table, and NumPy's from then on."""
    monkeypatch.setitem(ACTIVATIONS, "bent", replace(ACTIVATIONS["relu"], name="bent"))
    monkeypatch.setitem(LOSSES, "mine", replace(LOSSES["cross_entropy"], name="mine"))
    ends, reasons = [], []
    for activation, loss in (
        ("bent", "cross_entropy"),
        ("relu", "mine"),
        ("relu", "cross_entropy"),
    ):
        layers = [*block(16, activation), *block(10, "softmax")]
        rng = np.random.default_rng(0)
        network = Network(784, layers, rng=rng, input_scale=1 / 255)
        step_config = StepConfig(LOSSES[loss], SGD())
        reasons.append(choose_engine("auto", network, step_config, 32).reason)
        trainer = fit(network, digits, rng=np.random.default_rng(0), epochs=1, loss=loss)
        *_, report = trainer
        ends.append(network.params)
    unknown = "the numba engine does not know the"
    assert reasons == [f"{unknown} activation bent", f"{unknown} loss mine", ""]
    assert report.accuracy > 0.7
    np.testing.assert_array_equal(ends[0], ends[1])
    np.testing.assert_allclose(ends[0], ends[2], atol=1e-4)


def test_what_takes_a_known_name_is_numpys_too() -> None:
    own = replace(LOSSES["cross_entropy"], reason="it is another one")
    choice = choose_engine("auto", NETWORK, StepConfig(own, SGD()), 32)
    assert choice == ("numpy", "the numba engine does not know the loss cross_entropy")
    optimizer = type("SGD", (Twice,), {"__module__": "mine"})()
    choice = choose_engine("auto", NETWORK, StepConfig(LOSSES["cross_entropy"], optimizer), 32)
    assert choice == ("numpy", "the numba engine does not know the optimizer SGD")


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (block(9, "gelu"), "does not know the activation gelu"),
        (block(9, "relu", batch_norm=True), "does not know the layer BatchNorm"),
        ([Dense(9), Dense(9), Activation("relu")], "does not take a layer Dense there"),
    ],
    ids=["gelu", "batch normalization", "two dense layers"],
)
def test_what_the_compiled_engine_lacks_is_numpys(layers: list[Layer], reason: str) -> None:
    network = Network(784, [*layers, *block(10, "softmax")], rng=None)
    assert choose_engine("auto", network, PLAIN, 32) == ("numpy", f"the numba engine {reason}")


@pytest.mark.parametrize(
    ("name", "size", "cpus", "expected"),
    [
        ("auto", 128, 1, "numpy"),
        ("auto", 128, 2, "numba"),
        ("auto", 32, 1, "numba"),
        ("numba", 128, 1, "numba"),
    ],
)
def test_auto_leaves_wide_layers_in_large_batches_on_one_processor_to_numpy(
    monkeypatch: pytest.MonkeyPatch, name: EngineName, size: int, cpus: int, expected: str
) -> None:
    monkeypatch.setattr("mnist_nn.engines.compiled.engine.most_threads", lambda: cpus)
    wide = Network(
        784, [*block(1024, "relu"), *block(1024, "relu"), *block(10, "softmax")], rng=None
    )
    choice = choose_engine(name, wide, PLAIN, size)
    assert choice.name == expected
    assert ("layers of 1,048,576 weights" in choice.reason) == (expected == "numpy")


@pytest.mark.parametrize("name", ["numpy", "numba"])
def test_the_engine_made_is_the_one_chosen(name: EngineName) -> None:
    network = Network(784, [*block(10, "softmax")], rng=None)
    x, y = np.zeros((3, 784), np.uint8), np.zeros(3, np.uint8)
    choice = choose_engine(name, network, PLAIN, 1)
    engine = make_engine(choice, network, PLAIN, x, y, 1, np.random.default_rng(0))
    assert type(engine).__name__.lower() == f"{name}engine"


def train_without_numba(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", WITHOUT_NUMBA, "train", "--config", "base.yaml", *arguments]
    (tmp_path / "base.yaml").write_text("data: {dataset: mnist-sample}\ntraining: {epochs: 1}\n")
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_without_numba_auto_trains_with_numpy_and_says_what_would_be_faster(tmp_path: Path) -> None:
    result = train_without_numba(tmp_path)
    assert result.returncode == 0, result.stderr
    assert f"engine: numpy (numba is not installed; {install_command('fast')} " in result.stderr
    assert (tmp_path / "model.pkl").exists()


def test_numba_asked_for_by_name_must_be_there(tmp_path: Path) -> None:
    result = train_without_numba(tmp_path, "--engine", "numba")
    assert result.returncode == 2
    assert "numba is not installed" in result.stderr
    assert f"{install_command('fast')} makes training several times faster" in result.stderr
    assert not (tmp_path / "model.pkl").exists()


CHOOSE = """
from mnist_nn.engines import choose_engine
from mnist_nn.errors import ConfigError
from mnist_nn.engines import StepConfig
from mnist_nn.nn import LOSSES, Network, block
from mnist_nn.nn.arrays import FloatArray
from mnist_nn.training import SGD
from mnist_nn.training.optimizers.base import OptimizerState

network = Network(784, block(10, "softmax"), rng=None)
step_config = StepConfig(LOSSES["cross_entropy"], SGD())
for name in ("auto", "numba"):
    try:
        print(*choose_engine(name, network, step_config, 32))
    except ConfigError as error:
        print("ConfigError", str(error).replace(chr(10), " "))
"""


def choose_in(folder: Path, **variables: str) -> list[str]:
    """Choose an engine in a fresh process: what "auto" gives, and what "numba"."""
    environment = os.environ | variables
    result = subprocess.run(
        [sys.executable, "-c", CHOOSE],
        env=environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stderr == ""
    return result.stdout.splitlines()


@pytest.mark.parametrize(
    "fault",
    [
        "SystemError('initialization failed')",
        "ImportError('Numba needs NumPy 2.x or less')",
    ],
    ids=["SystemError", "ImportError"],
)
def test_a_numba_that_cannot_be_imported_leaves_numpy(tmp_path: Path, fault: str) -> None:
    (tmp_path / "numba.py").write_text(f"raise {fault}\n")
    auto, numba = choose_in(tmp_path)  # the folder that it starts in is first on sys.path
    kind, _, reason = fault.strip("')").partition("('")
    assert auto.startswith(f"numpy numba cannot be imported: {kind}: {reason}; reinstall")
    assert numba.startswith(f"ConfigError training.engine: numba cannot be imported: {kind}")


def test_a_numba_that_may_not_compile_leaves_numpy(tmp_path: Path) -> None:
    auto, numba = choose_in(tmp_path, NUMBA_DISABLE_JIT="1")
    reason = "the environment variable NUMBA_DISABLE_JIT is set; unset it"
    assert auto == f"numpy {reason}"
    assert (
        numba
        == f"ConfigError training.engine: {reason} use engine auto or numpy to train without it"
    )


@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("NUMBA_NUM_THREADS", "0", "'0' is not a number of threads, 1 or more"),
        ("NUMBA_NUM_THREADS", "abc", "Numba cannot read the value 'abc'"),
        ("NUMBA_OPT", "nonsense", "Numba cannot read the value 'nonsense'"),
        ("NUMBA_CACHE_DIR", "file", "'file' is not a folder"),
        ("NUMBA_CPU_FEATURES", "sse", "'sse' has a feature without + or - before it"),
    ],
)
def test_a_variable_with_nonsense_is_named(
    tmp_path: Path, name: str, value: str, rule: str
) -> None:
    (tmp_path / "file").touch()
    message = f"ConfigError environment variable {name}: {rule} correct or unset it"
    assert choose_in(tmp_path, **{name: value}) == [message] * 2
