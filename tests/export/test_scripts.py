import ast
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.data import SampleFormat, Samples, load_dataset
from mnist_nn.errors import ConfigError
from mnist_nn.export import export_model
from mnist_nn.model import Model
from mnist_nn.nn import ACTIVATIONS, ActivationFunction

from .models import TRAINABLE, layer, random_model, standardized

NAMES = ('"""', "it's \\", "{x}$y%s", "数字", "\\N{BULLET}", "'; raise SystemExit #")


# Keras on PyTorch
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


@pytest.fixture(scope="module", params=["torch", "keras"])
def library(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KERAS_BACKEND", "torch")
        pytest.importorskip(name)
    return name


@pytest.fixture
def images(digits: Samples) -> NDArray[np.uint8]:
    return digits.x[:500].reshape(-1, 28, 28)


def run(library: str, model: Model, folder: Path) -> dict[str, Any]:
    """Run an exported script; its names."""
    for suffix, content in export_model(model, library).items():
        (folder / f"exported{suffix}").write_bytes(content)
    return runpy.run_path(str(folder / "exported.py"))


def check(library: str, model: Model, folder: Path, *inputs: NDArray[Any]) -> None:
    """Hold what a script predicts to the model's own answers."""
    script = run(library, model, folder)
    for x in inputs:
        outputs, expected = script["predict"](x), model.answers(x).outputs
        assert outputs.shape == expected.shape
        assert np.abs(outputs - expected).max() <= 1e-6
    if library == "torch":
        assert outputs.dtype == model.network.dtype


@pytest.mark.parametrize("activation", TRAINABLE)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_probabilities_are_the_models(
    library: str, activation: str, batch_norm: bool, images: NDArray[np.uint8], tmp_path: Path
) -> None:
    hidden = layer(activation, 30, batch_norm=batch_norm, dropout=0.2)
    model = random_model(hidden, hidden, layer("softmax"), temperature=1.7)
    check(library, model, tmp_path, images, images.reshape(-1, 784) / 255)


def test_float64_stays_float64(images: NDArray[np.uint8], tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = random_model(layer("elu", 30), layer("softmax"), dtype="float64", bias=False)
    outputs = run("torch", model, tmp_path)["predict"](images)
    assert np.abs(outputs - model.answers(images).outputs).max() <= 1e-13


def test_a_single_output_becomes_two_columns(
    library: str, images: NDArray[np.uint8], tmp_path: Path
) -> None:
    layers = (layer("relu", 30), layer("sigmoid", 1))
    pairs = SampleFormat((28, 28), ("odd", "even"))
    loss = "binary_cross_entropy"
    check(library, random_model(*layers, samples=pairs, loss=loss), tmp_path, images)
    model = random_model(*layers, samples=pairs, loss=loss, temperature=1.3)
    check(library, model, tmp_path, images)


def test_measurements_are_normalized(library: str, tmp_path: Path) -> None:
    iris = load_dataset("iris").train
    layers = (layer("tanh"), layer("softmax", 3))
    model = random_model(*layers, dataset="iris", samples=standardized("iris", iris))
    check(library, model, tmp_path, iris.x, np.arange(40).reshape(-1, 4))


def test_outputs_that_are_no_probabilities_are_the_models(
    library: str, images: NDArray[np.uint8], tmp_path: Path
) -> None:
    model = random_model(layer("tanh", 30), layer("identity"), loss="mean_squared_error")
    check(library, model, tmp_path, images)


@pytest.mark.parametrize("to", ["torch", "keras"])
def test_no_class_name_breaks_out_of_a_script(to: str) -> None:
    def statements(names: tuple[str, ...]) -> list[ast.stmt]:
        hidden = layer("gelu", 3, batch_norm=True, dropout=0.5)
        model = random_model(hidden, layer("softmax", 6), samples=SampleFormat((28, 28), names))
        return ast.parse(export_model(model, to)[".py"]).body

    plain, hostile = statements(tuple("012345")), statements(NAMES)
    for one, other in zip(plain, hostile, strict=True):
        if isinstance(other, ast.Assign) and ast.unparse(other.targets[0]) == "CLASS_NAMES":
            assert tuple(ast.literal_eval(other.value)) == NAMES
        else:
            assert ast.dump(one) == ast.dump(other)


def test_training_continues_in_pytorch(images: NDArray[np.uint8], tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    model = random_model(layer("relu", 30, batch_norm=True, dropout=0.1), layer("softmax"))
    script = run("torch", model, tmp_path)
    network = script["load"]().train()
    labels = torch.arange(len(images)) % 10
    logits = network(script["prepare"](images))
    torch.nn.functional.cross_entropy(logits, labels).backward()
    assert all((weights.grad != 0).any() for weights in network.parameters())


@pytest.mark.parametrize("to", ["torch", "keras", "c"])
def test_what_a_format_lacks_is_said(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = ActivationFunction("odd", ACTIVATIONS["tanh"].function, ACTIVATIONS["tanh"].backward)
    monkeypatch.setitem(ACTIVATIONS, "odd", odd)
    with pytest.raises(ConfigError, match="the activation odd has no"):
        export_model(random_model(layer("odd", 3), layer("softmax")), to)
