import json
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator

import mnist_nn.export.onnx
from mnist_nn.data import SampleFormat, Samples, load_dataset
from mnist_nn.errors import ConfigError
from mnist_nn.export import export_model
from mnist_nn.model import Committee, Model
from mnist_nn.nn import ACTIVATIONS, Activation, InputNormalization

from .models import TRAINABLE, layer, random_model, standardized

TOLERANCE = 1e-6


def session(model: Model | Committee, **options: Any) -> onnxruntime.InferenceSession:
    content = export_model(model, "onnx", **options)[".onnx"]
    return onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])


def check(model: Model, x: NDArray[Any], **options: Any) -> None:
    """Hold what ONNX Runtime computes to the model's own answers."""
    outputs, label = session(model, **options).run(None, {"samples": x})
    expected = model.answers(x).outputs
    assert outputs.dtype == expected.dtype
    assert np.abs(outputs - expected).max() <= TOLERANCE
    assert label.dtype == np.int64
    assert label.tolist() == outputs.argmax(axis=1).tolist()


@pytest.fixture
def images(digits: Samples) -> NDArray[np.uint8]:
    return digits.x[:1000].reshape(-1, 28, 28)


@pytest.mark.parametrize(("activation", "batch_norm"), [*product(TRAINABLE, (False, True))])
def test_probabilities_are_the_models(
    activation: str, batch_norm: bool, images: NDArray[np.uint8]
) -> None:
    hidden = layer(activation, 30, batch_norm=batch_norm)
    check(random_model(hidden, hidden, layer("softmax"), temperature=1.7), images)


@pytest.mark.parametrize("activation", TRAINABLE)
def test_a_float64_network_is_computed_in_float64(
    activation: str, images: NDArray[np.uint8]
) -> None:
    model = random_model(layer(activation, 30), layer("softmax"), dtype="float64")
    (probabilities,) = session(model).run(["probabilities"], {"samples": images})
    assert np.abs(probabilities - model.answers(images).outputs).max() <= 1e-8


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_another_runtime_computes_every_activation_as_well(
    dtype: str, images: NDArray[np.uint8]
) -> None:
    layers = [layer(activation) for activation in TRAINABLE]
    model = random_model(*layers, layer("softmax"), dtype=dtype, temperature=1.3)
    graph = onnx.load_model_from_string(export_model(model, "onnx")[".onnx"])
    (probabilities,) = ReferenceEvaluator(graph).run(["probabilities"], {"samples": images})
    assert np.abs(np.asarray(probabilities) - model.answers(images).outputs).max() <= TOLERANCE


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
def test_sigmoids_are_calibrated_one_by_one(
    dtype: str, bias: bool, images: NDArray[np.uint8]
) -> None:
    layers = (layer("tanh", 30), layer("sigmoid"))
    options: dict[str, Any] = {"loss": "binary_cross_entropy", "dtype": dtype, "bias": bias}
    check(random_model(*layers, temperature=0.8, **options), images)


@pytest.mark.parametrize("input_type", ["uint8", "float32", "float64"])
def test_standardized_pixels_are_read_as_any_type(
    input_type: str, digits: Samples, images: NDArray[np.uint8]
) -> None:
    samples = standardized("mnist-sample", digits)
    model = random_model(layer("tanh", 30), layer("softmax"), samples=samples)
    x = images if input_type == "uint8" else (images / 255).astype(input_type)
    check(model, x, input_type=input_type)


@pytest.mark.parametrize("input_type", ["float32", "float64"])
def test_float_pixels_are_from_0_to_1(input_type: str, images: NDArray[np.uint8]) -> None:
    model = random_model(layer("relu", 30), layer("softmax"))
    check(model, (images / 255).astype(input_type), input_type=input_type)


def test_measurements_are_floats_and_normalized(digits: Samples) -> None:
    iris = load_dataset("iris").train
    samples = standardized("iris", iris)
    model = random_model(layer("tanh"), layer("softmax", 3), dataset="iris", samples=samples)
    made = session(model)
    (read,) = made.get_inputs()
    assert (read.type, read.shape) == ("tensor(double)", ["N", 4])
    check(model, np.asarray(iris.x, np.float64))
    check(model, np.asarray(iris.x, np.float32), input_type="float32")
    check(model, np.arange(40, dtype=np.uint8).reshape(-1, 4), input_type="uint8")


def test_large_measurements_keep_their_digits() -> None:
    times = 1.7e9 + 60 * np.arange(100.0)[:, None]
    samples = SampleFormat((1,), ("a", "b"), InputNormalization.standardize(times))
    model = random_model(layer("tanh"), layer("softmax", 2), dataset="iris", samples=samples)
    check(model, times)


def test_a_single_output_becomes_two_columns(images: NDArray[np.uint8]) -> None:
    pairs = SampleFormat((28, 28), ("odd", "even"))
    model = random_model(
        layer("relu", 30),
        layer("sigmoid", 1),
        samples=pairs,
        loss="binary_cross_entropy",
        temperature=1.3,
    )
    made = session(model)
    assert [output.shape for output in made.get_outputs()] == [["N", 2], ["N"]]
    check(model, images)


def test_outputs_that_are_no_probabilities_are_not_called_so(images: NDArray[np.uint8]) -> None:
    model = random_model(layer("tanh", 30), layer("identity"), loss="mean_squared_error")
    assert [output.name for output in session(model).get_outputs()] == ["outputs", "label"]
    check(model, images)


@pytest.mark.parametrize("scale", [1e3, 1e30])
def test_huge_logits_do_not_overflow(scale: float, images: NDArray[np.uint8]) -> None:
    model = random_model(layer("relu", 30), layer("softmax"), temperature=0.5)
    model.network.params *= np.float32(np.sqrt(scale))
    (probabilities,) = session(model).run(["probabilities"], {"samples": images})
    assert np.isfinite(probabilities).all()
    assert (probabilities.argmax(1) == model.answers(images).outputs.argmax(1)).mean() > 0.99


@pytest.mark.parametrize("n", [0, 1, 3])
def test_the_number_of_samples_is_free(n: int, images: NDArray[np.uint8]) -> None:
    made = session(random_model(layer("relu", 30), layer("softmax")))
    (read,) = made.get_inputs()
    assert (read.name, read.type, read.shape) == ("samples", "tensor(uint8)", ["N", 28, 28])
    probabilities, label = made.run(None, {"samples": images[:n]})
    assert (probabilities.shape, label.shape) == ((n, 10), (n,))


def test_facts_and_class_names_are_metadata() -> None:
    names = ('say "no"', "l'œuf", "数字", "</a>\\n", "{}")
    model = random_model(layer("softmax", 5), samples=SampleFormat((28, 28), names), temperature=2)
    meta = session(model).get_modelmeta()
    facts = meta.custom_metadata_map
    assert tuple(json.loads(facts["class_names"])) == names
    assert json.loads(facts["sample_shape"]) == [28, 28]
    assert (facts["dataset"], facts["version"]) == ("mnist-sample", "1")
    assert float(facts["temperature"]) == 2
    assert meta.description == facts["summary"] == model.summary()
    assert meta.producer_name == "mnist-nn"


@pytest.mark.parametrize(
    ("activation", "dtype", "opset"),
    [("relu", "float32", 13), ("elu", "float64", 18), ("gelu", "float32", 20)],
)
def test_operators_are_of_the_lowest_version_that_has_them(
    activation: str, dtype: str, opset: int
) -> None:
    model = random_model(layer(activation, 30), layer("softmax"), dtype=dtype)
    made = onnx.load_model_from_string(export_model(model, "onnx")[".onnx"])
    assert [version.version for version in made.opset_import] == [opset]


def test_nodes_have_the_names_of_what_they_compute() -> None:
    model = random_model(layer("relu", 30), layer("softmax"), temperature=1.5)
    made = onnx.load_model_from_string(export_model(model, "onnx")[".onnx"])
    assert [node.name for node in made.graph.node] == [
        *("rows", "numbers", "inputs", "layer_1/sums", "layer_1/relu", "layer_2/sums"),
        *("calibrated_logits", "probabilities", "label"),
    ]


def test_the_same_model_gives_the_same_bytes() -> None:
    first, second = (
        export_model(random_model(layer("silu", 30), layer("softmax")), "onnx") for _ in range(2)
    )
    assert first == second


def test_a_committee_is_the_mean_of_its_models(digits: Samples, images: NDArray[np.uint8]) -> None:
    committee = Committee(
        [
            random_model(layer("relu", 30), layer("softmax"), temperature=1.7),
            random_model(layer("elu", 20), layer("softmax"), dtype="float64"),
            random_model(layer("softmax"), samples=standardized("mnist-sample", digits)),
        ]
    )
    made = session(committee)
    probabilities, label = made.run(None, {"samples": images})
    expected = committee.answers(images).outputs
    assert np.abs(probabilities - expected).max() <= TOLERANCE
    assert label.tolist() == expected.argmax(axis=1).tolist()
    meta = made.get_modelmeta()
    assert meta.custom_metadata_map["model_1.temperature"] == "1.7"
    assert json.loads(meta.custom_metadata_map["class_names"]) == list("0123456789")
    assert meta.description == "committee of 3: the mean of their probabilities"


def test_a_committee_is_refused_where_only_one_model_fits() -> None:
    committee = Committee([random_model(layer("softmax"))] * 2)
    with pytest.raises(ConfigError, match="npz has one model in a file"):
        export_model(committee, "npz")
    views = Committee([random_model(layer("softmax"), rotation=10)], views=2)
    with pytest.raises(ConfigError, match="cannot distort images"):
        export_model(views, "onnx")


def test_more_than_a_file_can_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mnist_nn.export.onnx, "MAX_BYTES", 60_000)
    model = random_model(layer("softmax"))
    with pytest.raises(ConfigError, match="62,800 bytes of parameters are more than the 60,000"):
        export_model(Committee([model, model]), "onnx")
    assert export_model(model, "onnx")


def test_an_activation_without_statements_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    own = replace(ACTIVATIONS["tanh"], name="own", onnx=None)
    monkeypatch.setitem(ACTIVATIONS, "own", own)
    model = random_model(layer("tanh"), layer("softmax"))
    model.network.layers[1] = Activation("own")
    with pytest.raises(ConfigError, match="own is not known in ONNX"):
        export_model(model, "onnx")


def test_a_network_of_other_layers_is_refused() -> None:
    model = random_model(layer("relu", 30), layer("softmax"))
    model.network.layers.insert(1, model.network.layers[0])
    with pytest.raises(ConfigError, match="ONNX cannot have this network: it has the layer"):
        export_model(model, "onnx")
