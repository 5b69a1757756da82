"""Weights made elsewhere: what a file holds becomes the network that it came from."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.config import Config
from mnist_nn.data import DATASETS, Samples
from mnist_nn.errors import ConfigError, DataError
from mnist_nn.export import export_model
from mnist_nn.importing.weights import read_weights
from mnist_nn.model import Model, network_of_weights
from mnist_nn.nn import InputNormalization, Network

from ..export.models import TRAINABLE, layer, random_model, standardized

MNIST = DATASETS["mnist-sample"].format


def config_of(*layers: dict[str, Any], **network: Any) -> Config:
    return Config.model_validate(
        {"data": {"dataset": "mnist-sample"}, "network": {"layers": list(layers), **network}}
    )


def convert(path: Path, config: Config, samples: Any = MNIST) -> tuple[Network, str]:
    """Return the network of a file, and the notes as one text."""
    file = read_weights(path)
    network, notes = network_of_weights(config, samples, file.arrays, file.facts)
    return network, "\n".join([*file.notes, *notes])


def exported(model: Model, to: str, folder: Path, **options: Any) -> Path:
    path = folder / f"weights.{to}"
    path.write_bytes(export_model(model, to, **options)[f".{to}"])
    return path


def saved(path: Path, *arrays: Any, **named: Any) -> Path:
    np.savez(path, *arrays, **named)
    return path


def random(*shape: int) -> NDArray[np.float32]:
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("to", ["npz", "safetensors", "onnx"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False])
def test_what_was_exported_comes_back_bit_for_bit(
    to: str, dtype: str, bias: bool, tmp_path: Path
) -> None:
    entries = layer("tanh", 12), layer("relu", 12), layer("softmax")
    model = random_model(*entries, dtype=dtype, bias=bias, temperature=1.7)
    network, notes = convert(exported(model, to, tmp_path), model.config)
    np.testing.assert_array_equal(network.params, model.network.params)
    assert notes == (
        "its layers: 784-12-12-10\nits calibration is left out: probabilities are the network's own"
    )


@pytest.mark.parametrize("activation", TRAINABLE)
def test_a_graph_says_its_activations(activation: str, tmp_path: Path) -> None:
    model = random_model(layer(activation, 12), layer("softmax"))
    path = exported(model, "onnx", tmp_path)
    network, _ = convert(path, model.config)
    np.testing.assert_array_equal(network.params, model.network.params)
    other = "relu" if activation != "relu" else "tanh"
    with pytest.raises(ConfigError, match=f"activation: it is '{activation}' in the file, and"):
        convert(path, config_of(layer(other, 12), layer("softmax")))


@pytest.mark.parametrize("to", ["npz", "safetensors"])
def test_batch_normalization_comes_back(to: str, tmp_path: Path) -> None:
    model = random_model(layer("relu", 12, batch_norm=True), layer("softmax"))
    network, _ = convert(exported(model, to, tmp_path), model.config)
    np.testing.assert_array_equal(network.params, model.network.params)


def test_a_graph_has_batch_normalization_in_its_weights(tmp_path: Path, digits: Samples) -> None:
    model = random_model(layer("relu", 12, batch_norm=True), layer("softmax"))
    path = exported(model, "onnx", tmp_path)
    network, _ = convert(path, config_of(layer("relu", 12), layer("softmax")))
    x = digits.x[:50]
    np.testing.assert_allclose(network.predict(x), model.predict(x), atol=1e-6)
    with pytest.raises(ConfigError, match=r"'layer_1.gamma' is missing in the file") as caught:
        convert(path, model.config)
    assert str(caught.value).endswith(
        "--set 'network.layers=[{units: 12, activation: relu}, {units: 10, activation: softmax}]'"
    )


def test_a_negative_variance_is_refused(tmp_path: Path) -> None:
    model = random_model(layer("relu", 12, batch_norm=True), layer("softmax"))
    model.network.named_parameters()["layer_1.variance"][:] = -1
    with pytest.raises(DataError, match=r"a number of its layer_1.variance is negative"):
        convert(exported(model, "npz", tmp_path), model.config)


@pytest.mark.parametrize("input_type", ["uint8", "float32"])
def test_two_classes_of_one_unit_come_back(input_type: str, tmp_path: Path) -> None:
    samples = replace(MNIST, class_names=("no", "yes"))
    entries = layer("tanh", 5), layer("sigmoid", 1)
    model = random_model(*entries, samples=samples, loss="binary_cross_entropy")
    path = exported(model, "onnx", tmp_path, input_type=input_type)
    network, _ = convert(path, model.config, samples)
    np.testing.assert_array_equal(network.params, model.network.params)
    with pytest.raises(ConfigError, match="its classes are"):
        convert(path, model.config, replace(MNIST, class_names=("maybe", "yes")))


@pytest.mark.parametrize("to", ["npz", "safetensors", "onnx"])
@pytest.mark.parametrize("other", [False, True])
def test_a_normalization_that_the_dataset_has_not_goes_into_the_weights(
    to: str, other: bool, tmp_path: Path, digits: Samples
) -> None:
    x = digits.x[:50]
    theirs = standardized("mnist-sample", digits)
    noise = np.random.default_rng(0).uniform(0.1, 1, (2, 784))
    ours = replace(MNIST, normalization=InputNormalization(*noise)) if other else MNIST
    model = random_model(layer("tanh", 12), layer("softmax"), samples=theirs)
    model.network.params *= 0.1
    path = exported(model, to, tmp_path)
    again, _ = convert(path, model.config, theirs)
    np.testing.assert_array_equal(again.params, model.network.params)
    network, notes = convert(path, model.config, ours)
    assert "the scale of its inputs is now in the weights of the first layer" in notes
    np.testing.assert_allclose(network.predict(x), model.predict(x), atol=1e-5)
    without = random_model(layer("softmax"), samples=theirs, bias=False)
    with pytest.raises(ConfigError, match="only biases in the first layer can make up for"):
        convert(exported(without, to, tmp_path), without.config, ours)


SIZES = layer("relu", 30), layer("relu", 30), layer("softmax")
W = random(784, 30), random(30, 30), random(30, 10)
B = random(30), random(30) + 1, random(10)


def by_name(weight: str, bias: str, first: str, second: str, third: str) -> dict[str, Any]:
    """Return the arrays of three layers in alphabetical order, matrices as PyTorch has them."""
    names = first, second, third
    arrays = {weight.format(n): w.T for n, w in zip(names, W, strict=True)}
    arrays |= {bias.format(n): b for n, b in zip(names, B, strict=True)}
    return dict(sorted(arrays.items()))


@pytest.mark.parametrize(
    "arrays",
    [
        {"arr_0": W[0], "arr_1": B[0], "arr_2": W[1], "arr_3": B[1], "arr_4": W[2], "arr_5": B[2]},
        {"W1": W[0], "W2": W[1], "W3": W[2], "b1": B[0], "b2": B[1], "b3": B[2]},
        by_name("{}.weight", "{}.bias", "fc1", "fc2", "fc3"),
        by_name("{}.weight", "{}.bias", "input", "hidden", "output"),
        by_name("a{}", "b{}", "1", "2", "3"),
    ],
    ids=["arr_0", "W1", "torch", "names that sort otherwise", "transposed without names"],
)
def test_arrays_are_found_by_shape_and_order(arrays: dict[str, Any], tmp_path: Path) -> None:
    network, notes = convert(saved(tmp_path / "w.npz", **arrays), config_of(*SIZES))
    for dense, matrix, biases in zip(network.dense, W, B, strict=True):
        np.testing.assert_array_equal(dense.W, matrix)
        np.testing.assert_array_equal(dense.b, biases)
    is_torch = next(a for a in arrays.values() if a.size == W[0].size).shape == (30, 784)
    assert notes.count("transposed from") == 3 * is_torch


def test_numbers_of_names_sort_by_their_size(tmp_path: Path) -> None:
    save = pytest.importorskip("safetensors.numpy").save_file
    layers: list[dict[str, Any]] = []
    arrays: dict[str, NDArray[np.float32]] = {}
    for i in range(0, 22, 2):
        arrays |= {f"{i}.weight": random(10, 784 if i == 0 else 10) + i, f"{i}.bias": random(10)}
        layers.append(layer("softmax" if i == 20 else "relu"))
    save(
        {name: np.ascontiguousarray(array) for name, array in arrays.items()},
        tmp_path / "w.safetensors",
    )
    network, _ = convert(tmp_path / "w.safetensors", config_of(*layers))
    for i, dense in enumerate(network.dense):
        np.testing.assert_array_equal(dense.W, arrays[f"{2 * i}.weight"].T)


@pytest.mark.parametrize(
    ("name", "transposed"), [("weight", True), ("kernel", False), ("W", False)]
)
def test_a_square_matrix_is_read_by_its_name(name: str, transposed: bool, tmp_path: Path) -> None:
    samples = replace(MNIST, sample_shape=(10,), preparation=None)
    config, square = config_of(layer("softmax", 10), bias=False), random(10, 10)
    path = saved(tmp_path / "w.npz", **{f"layer/{name}": square})
    network, _ = convert(path, config, samples)
    np.testing.assert_array_equal(network.dense[0].W, square.T if transposed else square)
    with pytest.raises(ConfigError, match="as many rows as columns"):
        convert(saved(path, square), config, samples)


def test_other_precisions_are_converted_and_said(tmp_path: Path) -> None:
    arrays = [W[0].astype(np.float16), B[0].astype(">f8"), W[1], B[1], W[2], B[2]]
    network, notes = convert(saved(tmp_path / "w.npz", *arrays), config_of(*SIZES))
    np.testing.assert_array_equal(network.dense[0].W, arrays[0])
    assert "numbers are converted from float16 and float64 to float32" in notes


def test_missing_biases_are_zeros_which_is_said(tmp_path: Path) -> None:
    path = saved(tmp_path / "w.npz", *W)
    network, notes = convert(path, config_of(*SIZES))
    assert all(dense.b is not None and not dense.b.any() for dense in network.dense)
    assert notes.count("zeros for biases, which the file has not") == 3
    network, notes = convert(path, config_of(*SIZES, bias=False))
    assert "biases" not in notes
    with pytest.raises(ConfigError, match="and the config's network none"):
        convert(saved(path, *W, *B), config_of(*SIZES, bias=False))


@pytest.mark.parametrize(
    ("arrays", "complaint"),
    [
        ([*W, *B[:2]], "has 3 dense layers, each with a matrix and biases; the file has 'arr_0'"),
        ([W[0], W[2], *B[::2]], "has 3 dense layers, each with a matrix"),
        ([W[0], random(30, 20), W[2], *B], "layer 2 of the config's network has 30 inputs and 30"),
        ([*W, B[2], B[0], B[1]], "'arr_3' should be the biases of 'arr_0', but is"),
        ([*W, *B, random(3, 3, 3, 3)], "each with a matrix and biases"),
        ([], "the file has none"),
    ],
    ids=["biases", "layers", "shape", "order", "convolution", "nothing"],
)
def test_what_is_another_network_is_refused(
    arrays: list[Any], complaint: str, tmp_path: Path
) -> None:
    path = saved(tmp_path / "w.npz", *arrays, **({} if arrays else {"metadata": "no facts"}))
    with pytest.raises(ConfigError, match=complaint):
        convert(path, config_of(*SIZES))


def test_numbers_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    for wrong in (np.nan, 1e300):
        first = W[0].astype(np.float64)
        first[3, 4] = wrong
        with pytest.raises(DataError, match="a weight is not finite"):
            convert(saved(tmp_path / "w.npz", first, *W[1:], *B), config_of(*SIZES))


def test_networks_of_pytorch_are_the_same_here(tmp_path: Path, digits: Samples) -> None:
    torch = pytest.importorskip("torch")
    save = pytest.importorskip("safetensors.torch").save_file
    torch.manual_seed(0)
    nn = torch.nn
    model = nn.Sequential(
        nn.Linear(784, 30), nn.SiLU(), nn.Linear(30, 30), nn.Tanh(), nn.Linear(30, 10)
    )
    x = digits.x[:200]
    with torch.no_grad():
        expected = torch.softmax(model(torch.tensor(x / 255, dtype=torch.float32)), 1).numpy()
    config = config_of(layer("silu", 30), layer("tanh", 30), layer("softmax"))
    state = model.state_dict()
    save(state, tmp_path / "w.safetensors")
    saved(tmp_path / "w.npz", **{name: tensor.numpy() for name, tensor in state.items()})
    for name in ("w.safetensors", "w.npz"):
        network, notes = convert(tmp_path / name, config)
        assert np.abs(network.predict(x) - expected).max() <= 1e-6
        assert "layer 1 (silu): '0.weight', transposed from (30, 784), and '0.bias'" in notes
    half = {name: tensor.to(torch.bfloat16) for name, tensor in state.items()}
    save(half, tmp_path / "w.safetensors")
    network, notes = convert(tmp_path / "w.safetensors", config)
    np.testing.assert_array_equal(network.dense[0].W, half["0.weight"].float().numpy().T)
    assert "'0.weight' is converted from bfloat16" in notes


def test_statistics_of_batch_normalization_are_told_to_come_as_onnx(tmp_path: Path) -> None:
    names = ("0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var")
    arrays = random(30, 784), *np.zeros((5, 30)), random(10, 30), random(10)
    path = saved(
        tmp_path / "w.npz", **dict(zip((*names, "3.weight", "3.bias"), arrays, strict=True))
    )
    with pytest.raises(ConfigError, match="read only from files of mnist-nn export and from ONNX"):
        convert(path, config_of(layer("relu", 30), layer("softmax")))


@pytest.mark.parametrize("how", ["coefs first", "by turns"])
def test_networks_of_scikit_learn_are_the_same_here(
    how: str, tmp_path: Path, digits: Samples
) -> None:
    neural_network = pytest.importorskip("sklearn.neural_network")
    few = digits.take(np.arange(300))
    theirs = neural_network.MLPClassifier((20,), max_iter=3, random_state=0)
    with pytest.warns(UserWarning, match="converge"):
        theirs.fit(few.x / 255, few.y)
    pairs = zip(theirs.coefs_, theirs.intercepts_, strict=True)
    turns = [array for pair in pairs for array in pair]
    arrays = turns if how == "by turns" else [*theirs.coefs_, *theirs.intercepts_]
    config = config_of(layer("relu", 20), layer("softmax"), dtype="float64")
    network, _ = convert(saved(tmp_path / "w.npz", *arrays), config)
    x = digits.x[1000:2000]
    probabilities = theirs.predict_proba(x / 255)
    np.testing.assert_allclose(network.predict(x), probabilities, atol=1e-9)
