"""ONNX: a graph from samples to calibrated probabilities and labels, which many programs run.

Its arithmetic is the network's: whole numbers are scaled and measurements are normalized as
`Network.scale` does it, and batch normalization is folded into the layers.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import __version__
from ..errors import ConfigError
from ..extras import required
from ..model import Committee, Model
from ..nn import FoldedLayer, Network, folded_layers
from .facts import facts

INPUT_TYPES = ("uint8", "float32", "float64")
OPSET = 13  # the lowest whose Softmax has an axis; runtimes of 2020 have it
DOUBLE_OPSET = 18  # the lowest in which ONNX Runtime computes every activation in float64
GELU_OPSET = 20
MAX_BYTES = 2_000_000_000  # of parameters: a file of the format has less than 2 GiB


class _Graph:
    """A graph under construction: a node has the name of what it returns."""

    def __init__(self) -> None:
        self.onnx = required("onnx")
        self.parser = required("onnx.parser")
        self.prefix = ""  # of the names of what is added
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []

    def constant(self, name: str, value: Any, dtype: Any) -> str:
        """Add a constant; return its name."""
        name = self.prefix + name
        array = np.array(value, dtype)
        self.initializers.append(self.onnx.numpy_helper.from_array(array, name))
        return name

    def node(self, operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        """Add a node with one output; return its name."""
        name = self.prefix + name
        made = self.onnx.helper.make_node(operator, inputs, [name], name, **attributes)
        self.nodes.append(made)
        return name

    def cast(self, x: str, dtype: Any, name: str) -> str:
        """Add a conversion to a type of numbers."""
        return self.node("Cast", [x], name, to=self.type_of(dtype))

    def statements(self, text: str, z: str, name: str) -> str:
        """Add the nodes of statements that make ``y`` of ``z``."""
        parsed = self.parser.parse_graph(f"g (float[N] z) => (float[N] y) {{ {text} }}")
        name = self.prefix + name
        names = {"z": z, "y": name}
        for node in parsed.node:
            for values in (node.input, node.output):
                values[:] = [names.get(value, f"{name}/{value}") for value in values]
            node.name = node.output[0]
            self.nodes.append(node)
        return name

    def type_of(self, dtype: Any) -> int:
        """Return ONNX's number of a type."""
        number: int = self.onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return number


def write_onnx(model: Model | Committee, *, input_type: str | None = None) -> tuple[bytes]:
    """Write a graph that reads ``samples`` and returns ``probabilities`` and ``label``."""
    models = model.models if isinstance(model, Committee) else (model,)
    size = sum(member.network.params.nbytes for member in models)
    if size > MAX_BYTES:
        raise ConfigError(
            f"{size:,} bytes of parameters are more than the {MAX_BYTES:,} that ONNX takes in a "
            "file; export fewer models together"
        )
    graph, samples = _Graph(), model.format
    input_type = input_type or ("uint8" if samples.image_shape else "float64")
    output = "probabilities" if models[0].network.output.probability else "outputs"
    rows = graph.node("Flatten", ["samples"], "rows", axis=1) if samples.image_shape else "samples"
    dtype = np.result_type(*(member.network.dtype for member in models))
    if isinstance(model, Committee):
        _add_committee(graph, model, rows, np.dtype(input_type), dtype)
    else:
        _add_model(graph, model, rows, np.dtype(input_type), output)
    graph.node("ArgMax", [output], "label", axis=1, keepdims=0)
    info = graph.onnx.helper.make_tensor_value_info
    read = info("samples", graph.type_of(input_type), ["N", *samples.sample_shape])
    returned = [
        info(output, graph.type_of(dtype), ["N", len(samples.class_names)]),
        info("label", graph.type_of(np.int64), ["N"]),
    ]
    return (_serialized(graph, [read], returned, facts(model), _opset(models)),)


def _serialized(
    graph: _Graph, inputs: list[Any], outputs: list[Any], metadata: dict[str, str], opset: int
) -> bytes:
    """Make a file of a graph, verifying it."""
    helper = graph.onnx.helper
    opsets = [helper.make_opsetid("", opset)]
    made = helper.make_model(
        helper.make_graph(graph.nodes, "network", inputs, outputs, graph.initializers),
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="mnist-nn",
        producer_version=__version__,
        doc_string=metadata["summary"],
    )
    helper.set_model_props(made, metadata)
    required("onnx.checker").check_model(made, full_check=True)
    content: bytes = made.SerializeToString(deterministic=True)
    return content


def _opset(models: Sequence[Model]) -> int:
    """Return the lowest version of ONNX's operators in which models can be written and run."""
    names = {layer.activation for model in models for layer in model.config.network.layers}
    if "gelu" in names:
        return GELU_OPSET
    is_double = any(model.network.dtype == np.float64 for model in models)
    return DOUBLE_OPSET if is_double else OPSET


def _add_committee(
    graph: _Graph, committee: Committee, rows: str, input_type: np.dtype[Any], dtype: np.dtype[Any]
) -> None:
    """Add the nodes of several models, and the mean of their probabilities."""
    if committee.views > 1:
        raise ConfigError("a graph cannot distort images; export a committee with views=1")
    votes = []
    for number, model in enumerate(committee.models, 1):
        graph.prefix = f"model_{number}/"
        vote = _add_model(graph, model, rows, input_type, "probabilities")
        votes.append(vote if model.network.dtype == dtype else graph.cast(vote, dtype, "vote"))
    graph.prefix = ""
    count = graph.constant("n_models", len(votes), dtype)
    total = graph.node("Sum", votes, "total")  # ONNX Runtime has no Mean in float64
    graph.node("Div", [total, count], "probabilities")


def _add_model(
    graph: _Graph, model: Model, rows: str, input_type: np.dtype[Any], output: str
) -> str:
    """Add a model's nodes, from rows of numbers to its calibrated outputs; return their name."""
    network = model.network
    try:
        *hidden, last = folded_layers(network)
    except ValueError as error:
        raise ConfigError(f"ONNX cannot have this network: {error}") from error
    x = _add_inputs(graph, network, rows, input_type)
    for number, layer in enumerate(hidden, 1):
        z = _add_sums(graph, layer, x, f"layer_{number}")
        x = _add_activation(graph, layer, z, f"layer_{number}/{layer.activation.name}")
    z = _add_sums(graph, last, x, f"layer_{len(hidden) + 1}")
    if model.calibration:
        temperature = graph.constant("temperature", model.calibration.temperature, network.dtype)
        z = graph.node("Div", [z, temperature], "calibrated_logits")
    if network.sizes[-1] > 1:
        return _add_activation(graph, last, z, output)
    y = _add_activation(graph, last, z, "second_class")
    one = graph.constant("one", 1, network.dtype)
    first = graph.node("Sub", [one, y], "first_class")
    return graph.node("Concat", [first, y], output, axis=1)


def _add_inputs(graph: _Graph, network: Network, x: str, input_type: np.dtype[Any]) -> str:
    """Add the scaling and the normalization of rows, as `Network.scale` does it."""
    normalization = network.normalization
    dtype: Any = np.float64 if normalization else network.dtype
    if input_type != dtype:
        x = graph.cast(x, dtype, "numbers")
    if input_type.kind == "u" and network.input_scale != 1:
        scale = graph.constant("input_scale", network.input_scale, dtype)
        x = graph.node("Mul", [x, scale], "inputs")
    if normalization:
        offset = graph.constant("normalization.offset", normalization.offset, dtype)
        factor = graph.constant("normalization.factor", normalization.factor, dtype)
        x = graph.node("Mul", [graph.node("Sub", [x, offset], "centred"), factor], "normalized")
        if network.dtype != dtype:
            x = graph.cast(x, network.dtype, "normalized_inputs")
    return x


def _add_sums(graph: _Graph, layer: FoldedLayer, x: str, name: str) -> str:
    """Add a layer's sums, ``x W + b``."""
    inputs = [x, graph.constant(f"{name}.weights", layer.W, layer.W.dtype)]
    if layer.b is not None:
        inputs.append(graph.constant(f"{name}.biases", layer.b, layer.W.dtype))
    return graph.node("Gemm", inputs, f"{name}/sums")


def _add_activation(graph: _Graph, layer: FoldedLayer, z: str, name: str) -> str:
    """Add a layer's activation of its sums."""
    if layer.activation.onnx is None:
        raise ConfigError(
            f"the activation {layer.activation.name} is not known in ONNX; give its record onnx"
        )
    return graph.statements(layer.activation.onnx, z, name)
