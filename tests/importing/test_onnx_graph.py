"""ONNX files: layers are found whatever the nodes they are written in, and nothing is executed."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from mnist_nn.config import Config
from mnist_nn.data import DATASETS, Samples
from mnist_nn.errors import DataError
from mnist_nn.importing.weights import read_weights
from mnist_nn.model import network_of_weights

RNG = np.random.default_rng(0)
CONSTANTS = {
    "W1": RNG.normal(size=(784, 12)) / 10,
    "W2": RNG.normal(size=(12, 10)),
    "V1": RNG.normal(size=(12, 784)) / 10,  # as PyTorch has them
    "V2": RNG.normal(size=(10, 12)),
    "b1": RNG.normal(size=12),
    "b2": RNG.normal(size=10),
    "gamma": RNG.uniform(0.5, 2, 12),
    "variance": RNG.uniform(0.5, 2, 12),
    "mean": np.array(0.1307),
    "deviation": np.array([0.3081]),
    "bytes": np.array(255.0),
    "half": np.array(0.5),
    "one": np.array(1.0),
    "twenty": np.array(20.0),
    "cube": np.array(0.044715),
    "root": np.array(0.7978845608),
}


def graph(text: str, folder: Path, *, kind: str = "float", **constants: Any) -> Path:
    """Write a graph of statements that make y of x, with the constants that they name."""
    nodes = onnx.parser.parse_graph(f"g (float[N] x) => (float[N] y) {{ {text} }}").node
    used = {name for node in nodes for name in node.input}
    found = {name: array for name, array in (CONSTANTS | constants).items() if name in used}
    types = {"float": TensorProto.FLOAT, "uint8": TensorProto.UINT8}
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info("x", types[kind], ["N", 784])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 10])],
        [
            numpy_helper.from_array(np.asarray(array, np.float32), name)
            for name, array in found.items()
        ],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
    onnx.save(model, folder / "w.onnx")
    return folder / "w.onnx"


def convert(path: Path, hidden: str) -> Any:
    layers = [{"units": 12, "activation": hidden}, {"units": 10, "activation": "softmax"}]
    config = Config.model_validate(
        {"data": {"dataset": "mnist-sample"}, "network": {"layers": layers}}
    )
    file = read_weights(path)
    samples = DATASETS["mnist-sample"].format
    return network_of_weights(config, samples, file.arrays, file.facts)[0]


SECOND = "t = MatMul (h, W2) z2 = Add (t, b2)"
GRAPHS = {  # name: type of the input, whether it is of 0 to 1, hidden activation, statements
    "gemm transposed, logits": (
        *("float", True, "relu"),
        "z = Gemm <transB = 1> (x, V1, b1) h = Relu (z) y = Gemm <transB = 1> (h, V2, b2)",
    ),
    "matmul and add": (
        *("float", True, "sigmoid"),
        f"r = Flatten (x) s = MatMul (r, W1) z = Add (b1, s) h = Sigmoid (z) {SECOND} "
        "y = Softmax <axis = 1> (z2)",
    ),
    "transposed by a node": (
        *("float", True, "tanh"),
        f"T = Transpose <perm = [1, 0]> (V1) s = MatMul (x, T) z = Add (s, b1) h = Tanh (z) "
        f"{SECOND} y = LogSoftmax (z2)",
    ),
    "normalized inside": (
        *("float", True, "relu"),
        f"c = Sub (x, mean) n = Div (c, deviation) z = Gemm (n, W1, b1) h = Relu (z) {SECOND} "
        "y = Softmax (z2)",
    ),
    "bytes, normalized inside": (
        *("uint8", False, "relu"),
        f"f = Cast <to = 1> (x) p = Div (f, bytes) c = Sub (p, mean) n = Div (c, deviation) "
        f"z = Gemm (n, W1, b1) h = Relu (z) {SECOND} y = Softmax (z2)",
    ),
    "floats of 0 to 255": (
        *("float", False, "relu"),
        f"p = Div (x, bytes) z = Gemm (p, W1, b1) h = Relu (z) {SECOND} y = Softmax (z2)",
    ),
    "bytes as they are": (
        *("uint8", False, "tanh"),
        f"f = Cast <to = 1> (x) z = Gemm (f, W1, b1) h = Tanh (z) {SECOND} y = Softmax (z2)",
    ),
    "batch normalization and factors": (
        *("float", True, "relu"),
        "z = Gemm <alpha = 0.5, beta = 2.0> (x, W1, b1) "
        "n = BatchNormalization (z, gamma, b1, gamma, variance) d = Mul (n, half) h = Relu (d) "
        f"{SECOND} s = Div (z2, deviation) y = Softmax (s)",
    ),
    "softplus as PyTorch has it": (
        *("float", True, "softplus"),
        "z = Gemm (x, W1, b1) s = Softplus (z) g = Greater (z, twenty) h = Where (g, z, s) "
        f"{SECOND} y = Softmax (z2)",
    ),
    "gelu as PyTorch has it": (
        *("float", True, "gelu"),
        "z = Gemm (x, W1, b1) p = Mul (z, z) q = Mul (z, p) r = Mul (cube, q) s = Add (z, r) "
        "m = Mul (root, s) u = Tanh (m) v = Add (one, u) w = Mul (z, v) h = Mul (half, w) "
        f"{SECOND} y = Softmax (z2)",
    ),
    "silu in two nodes": (
        *("float", True, "silu"),
        f"z = Gemm (x, W1, b1) s = Sigmoid (z) h = Mul (s, z) {SECOND} y = Softmax (z2)",
    ),
    "constants in nodes": (
        *("float", True, "leaky_relu"),
        "k = Constant <value_float = 2.0> () z = Gemm (x, W1, b1) d = Mul (k, z) h = LeakyRelu (d) "
        f"{SECOND} y = Softmax (z2)",
    ),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_a_graph_becomes_the_network_that_it_computes(
    name: str, tmp_path: Path, digits: Samples
) -> None:
    kind, is_unit, hidden, text = GRAPHS[name]
    path = graph(text, tmp_path, kind=kind)
    network = convert(path, hidden)
    pixels: NDArray[Any] = digits.x[:100]
    x = pixels if kind == "uint8" else (pixels / (255 if is_unit else 1)).astype(np.float32)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (y,) = session.run(None, {"x": x})
    if "LogSoftmax" in text:
        y = np.exp(y)
    found = network.predict(pixels) if "Softmax" in text else network.logits(pixels)
    np.testing.assert_allclose(found, y, atol=2e-5)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (f"z = Gemm (x, W1, b1) h = Erf (z) {SECOND} y = Softmax (z2)", "the operator 'Erf'"),
        (f"z = Gemm (x, W1, b1) h = Gelu (z) {SECOND} y = Softmax (z2)", "the operator 'Gelu'"),
        (
            f"z = Gemm (x, W1, b1) h = LeakyRelu <alpha = 0.2> (z) {SECOND} y = Tanh (z2)",
            "the operator 'LeakyRelu'",
        ),
        (
            "z = Gemm (x, W1, b1) r = Relu (z) h = BatchNormalization (r, b1, b1, b1, b1) "
            f"{SECOND} y = Softmax (z2)",
            "the operator 'BatchNormalization'",
        ),
        ("z = Gemm (x, W2, b2) h = Relu (z) y = Gemm (h, W1, b1)", "do not fit each other"),
        ("z = Gemm (x, W1, b2) h = Relu (z) y = Gemm (h, W2, b2)", "do not fit each other"),
        ("y = Relu (x)", "no stack of dense layers"),
        ("y = Relu (missing)", "no stack of dense layers"),
        ("a = Add (b, x) b = Add (a, x) y = Gemm (a, W1, b1)", "the operator 'Add'"),
        ("y = Gemm (x, x, b1)", "the operator 'Gemm'"),
        ("y = If <then_branch = t () => (float[N] u) { u = Relu (x) }> (x)", "the operator 'If'"),
        (" ".join(f"a{i + 1} = Mul (a{i}, a{i})" for i in range(4999)) + " y = Relu (a0)", "no st"),
        (" ".join(f"a{i} = Relu (x)" for i in range(5001)), "more than 5,000"),
    ],
    ids=[
        *(
            "erf",
            "exact gelu",
            "another slope",
            "norm of relu",
            "sizes",
            "biases",
            "no layer",
            "missing",
            "cycle",
        ),
        *("two samples", "branch", "doubling", "nodes"),
    ],
)
def test_what_is_no_stack_of_layers_is_refused(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=complaint):
        convert(graph(text, tmp_path), "relu")


def test_an_expression_that_doubles_with_every_node_takes_no_time(tmp_path: Path) -> None:
    doubling = " ".join(f"a{i + 1} = Mul (a{i}, a{i})" for i in range(4000))
    text = f"a0 = Gemm (x, W1, b1) {doubling} y = Gemm (a4000, W2, b2)"
    with pytest.raises(DataError, match="the operator 'Mul'"):
        convert(graph(text, tmp_path), "relu")


def test_what_would_take_hours_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    layers = " ".join(f"a{i + 1} = Gemm (a{i}, square)" for i in range(101))
    text = f"a0 = Gemm (x, W1, b1) {layers} y = Gemm (a101, W2, b2)"
    with pytest.raises(DataError, match="it has 103 layers, more than 100"):
        convert(graph(text, tmp_path, square=np.eye(12)), "relu")
    monkeypatch.setattr("mnist_nn.importing.onnx_graph.MAX_WORK", 1 << 20)
    adding = " ".join(f"a{i + 1} = Add (a{i}, big)" for i in range(4000))
    text = f"a0 = Add (x, big) {adding} y = Gemm (a4000, W1, b1)"
    with pytest.raises(DataError, match="more numbers to add than any network"):
        convert(graph(text, tmp_path, big=np.ones(1 << 14)), "relu")


def test_no_other_file_is_read(tmp_path: Path) -> None:
    path = graph("h = Gemm (x, W1, b1) y = Gemm (h, W2, b2)", tmp_path)
    model = onnx.load(path)
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    path.write_bytes(model.SerializeToString())
    with pytest.raises(DataError, match="its weights are in another file"):
        read_weights(path)


def test_a_damaged_graph_is_refused(tmp_path: Path) -> None:
    path = graph("h = Gemm (x, W1, b1) y = Gemm (h, W2, b2)", tmp_path)
    whole = path.read_bytes()
    model = onnx.load(path)
    model.graph.initializer[0].dims[:] = [2**40, 2**20]
    for wrong in (b"", whole[:1000], whole[:-100], b"junk" * 100, model.SerializeToString()):
        path.write_bytes(wrong)
        with pytest.raises(DataError, match="holds no usable weights: it"):
            read_weights(path)
