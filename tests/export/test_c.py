import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.data import SampleFormat, Samples, load_dataset
from mnist_nn.errors import ConfigError
from mnist_nn.export import c, export_model
from mnist_nn.model import Model

from .models import TRAINABLE, layer, random_model, standardized

NAMES = ('"', "\\", "\\n", "what??/", '??/"', "*/", "%s%n", "æøå数字", "\\012", "é0")
STRICT = ("-Wall", "-Wextra", "-pedantic", "-Werror", "-DMNIST_NN_MAIN")

pytestmark = pytest.mark.skipif(not shutil.which("gcc"), reason="there is no gcc")


@pytest.fixture
def images(digits: Samples) -> NDArray[np.uint8]:
    return digits.x[:200]


def run(model: Model, samples: bytes, folder: Path, compiler: str = "gcc -std=c99") -> list[str]:
    """Compile an exported file with all warnings as errors, and run it; its lines."""
    source, program = folder / "exported.c", folder / "program"
    source.write_bytes(export_model(model, "c")[".c"])
    command = [*compiler.split(), *STRICT, str(source), "-o", str(program), "-lm"]
    subprocess.run(command, check=True)
    result = subprocess.run([program], input=samples, check=True, stdout=subprocess.PIPE)
    return result.stdout.decode().splitlines()


def check(model: Model, x: NDArray[Any], folder: Path, **options: str) -> None:
    """Hold what the program prints to the model's own answers."""
    samples = x.tobytes()
    if model.format.image_shape is None:
        samples = "\n".join(" ".join(map(repr, row)) for row in x.tolist()).encode()
    rows = [line.split("\t") for line in run(model, samples, folder, **options)]
    outputs, expected = np.array([row[1:] for row in rows], float), model.answers(x).outputs
    tolerance = 3e-6 if model.network.dtype == "float32" else 1e-13
    assert np.abs(outputs - expected).max() <= tolerance
    assert [row[0] for row in rows] == [model.format.class_names[i] for i in outputs.argmax(axis=1)]


@pytest.mark.parametrize("activation", TRAINABLE)
@pytest.mark.parametrize("batch_norm", [True, False])
def test_probabilities_are_the_models(
    activation: str, batch_norm: bool, images: NDArray[np.uint8], tmp_path: Path
) -> None:
    hidden = layer(activation, 10, batch_norm=batch_norm)
    model = random_model(hidden, hidden, layer("softmax"), temperature=1.7)
    check(model, images, tmp_path)


def test_a_float64_network_is_computed_in_double(images: NDArray[np.uint8], tmp_path: Path) -> None:
    layers = (layer("gelu", 10), layer("softplus", 10), layer("softmax"))
    check(random_model(*layers, dtype="float64", bias=False), images, tmp_path)


def test_it_is_cpp_as_well(images: NDArray[np.uint8], tmp_path: Path) -> None:
    if not shutil.which("g++"):
        pytest.skip("there is no g++")
    layers = [layer(name, 5) for name in TRAINABLE]
    model = random_model(*layers, layer("softmax"), temperature=1.7)
    check(model, images, tmp_path, compiler="g++ -x c++ -std=c++11")


@pytest.mark.parametrize("compiler", ["gcc -std=c99", "g++ -x c++ -std=c++11"])
def test_another_file_calls_it_and_reads_the_names(compiler: str, tmp_path: Path) -> None:
    if not shutil.which(compiler.split()[0]):
        pytest.skip(f"there is no {compiler}")
    model = random_model(layer("softmax", 3), dataset="iris")
    (tmp_path / "exported.c").write_bytes(export_model(model, "c")[".c"])
    (tmp_path / "caller.c").write_text(
        "#include <stdio.h>\n"
        "int predict(const double sample[4], float outputs[3]);\n"
        "extern const char *const CLASS_NAMES[3];\n"
        "int main(void) {\n"
        "    double x[4] = {5.1, 3.5, 1.4, 0.2};\n"
        "    float p[3];\n"
        "    return !puts(CLASS_NAMES[predict(x, p)]);\n"
        "}\n"
    )
    sources = [str(tmp_path / name) for name in ("exported.c", "caller.c")]
    program = tmp_path / "program"
    subprocess.run([*compiler.split(), *sources, "-o", str(program), "-lm"], check=True)
    best = model.answers(np.array([[5.1, 3.5, 1.4, 0.2]])).outputs.argmax()
    name = subprocess.run([program], stdout=subprocess.PIPE, check=False).stdout.decode()
    assert name == f"{model.format.class_names[best]}\n"


def test_a_single_output_becomes_two(images: NDArray[np.uint8], tmp_path: Path) -> None:
    pairs = SampleFormat((28, 28), ("odd", "even"))
    model = random_model(
        layer("relu"),
        layer("sigmoid", 1),
        samples=pairs,
        loss="binary_cross_entropy",
        temperature=1.3,
    )
    check(model, images, tmp_path)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_measurements_are_normalized(dtype: str, tmp_path: Path) -> None:
    iris = load_dataset("iris").train
    samples = standardized("iris", iris)
    layers = (layer("tanh"), layer("softmax", 3))
    check(random_model(*layers, dataset="iris", samples=samples, dtype=dtype), iris.x, tmp_path)


def test_normalized_pixels_are_scaled_first(
    digits: Samples, images: NDArray[np.uint8], tmp_path: Path
) -> None:
    samples = standardized("mnist-sample", digits)
    layers = (layer("tanh"), layer("identity"))
    model = random_model(*layers, samples=samples, loss="mean_squared_error")
    check(model, images, tmp_path)


def test_no_class_name_breaks_out_of_its_string(tmp_path: Path) -> None:
    model = random_model(layer("softmax"), samples=SampleFormat((28, 28), NAMES))
    x = np.random.default_rng(0).integers(0, 256, (300, 784), dtype=np.uint8)
    check(model, x, tmp_path)
    expected = {NAMES[i] for i in model.answers(x).outputs.argmax(1)}
    assert len(expected) > 3
    text = export_model(model, "c")[".c"].decode()
    assert "??" not in text


def test_numbers_that_are_not_finite_are_refused() -> None:
    model = random_model(layer("relu"), layer("softmax"))
    model.network.params[5] = np.nan
    with pytest.raises(ConfigError, match=r"in W1\[784\]\[10\] a number is not finite"):
        export_model(model, "c")


def test_a_network_that_compilers_do_not_take_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(c, "MAX_PARAMETERS", 7000)
    with pytest.raises(ConfigError, match="7,960 parameters, more than the 7,000"):
        export_model(random_model(layer("relu"), layer("softmax")), "c")
