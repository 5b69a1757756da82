"""Dense layers of an ONNX graph, found by following its nodes; nothing in it is executed.

Each result of a node is understood as an expression of the sums of the layer below: ``Relu (z)``,
say, or ``Mul (z, Sigmoid (z))``. Where the next layer begins, or the graph ends, the expression
must be one of the activations, whose own statements were read in the same way. What is added to
sums, or multiplied by, becomes a part of the layer; what is done to the graph's input, of the
normalization of its inputs.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError, shown
from ..extras import required
from ..nn import ACTIVATIONS
from .array_files import check_room

MAX_NODES, MAX_LAYERS = 5000, 100
MAX_WORK = 1 << 27  # numbers that are added to sums, or multiplied by
MAX_FORMS = 8  # of an expression: see `Form`
PIXEL_SCALE, CLOSE = 1 / 255, 1e-3
SAME = 1e-6  # share by which a number may differ from itself in float32
SUMS = 0  # the expression that is the sums themselves
UNCHANGED = ("Identity", "Dropout", "Flatten", "Reshape", "CastLike")  # of rows of numbers
COMMUTATIVE = ("Add", "Mul", "Max", "Min")
DEFAULTS: dict[str, dict[str, Any]] = {
    "LeakyRelu": {"alpha": 0.01},
    "Elu": {"alpha": 1.0},
    "Gelu": {"approximate": b"none"},
    "Softmax": {"axis": -1},
}
PYTORCHS = {  # activations as PyTorch writes them for some versions of ONNX, in its text syntax
    "silu": "s = Sigmoid (z) y = Mul (z, s)",
    "softplus": "limit = Constant <value_float = 20.0> () p = Softplus (z) "
    "linear = Greater (z, limit) y = Where (linear, z, p)",
    "gelu": "square = Mul (z, z) cube = Mul (z, square) k = Constant <value_float = 0.044715> () "
    "c = Mul (k, cube) s = Add (z, c) r = Constant <value_float = 0.7978846> () t = Mul (r, s) "
    "u = Tanh (t) one = Constant <value_float = 1.0> () v = Add (one, u) w = Mul (z, v) "
    "half = Constant <value_float = 0.5> () y = Mul (half, w)",
}

Vector = NDArray[np.float64]


class Sums(NamedTuple):
    """Sums ``x W scale + shift`` of what the layer below returns; without W, the graph's input."""

    below: "Form | None" = None
    W: NDArray[Any] | None = None  # (n_inputs, units)
    scale: Vector = np.ones(())  # () or (units,)
    shift: Vector | None = None
    are_bytes: bool = False  # whether the graph's input is of 0 to 255

    @property
    def size(self) -> int:
        """How many numbers the factor and what is added have."""
        return self.scale.size + (0 if self.shift is None else self.shift.size)

    def changed(self, factor: Vector, more: Vector | None) -> "Sums":
        """Return the sums times a factor, plus something more."""
        shift = None if self.shift is None else self.shift * factor
        if more is not None:
            shift = more + (0 if shift is None else shift)
        first = self.W is None and self.shift is None and not self.scale.shape
        scaled = factor.size == 1 and abs(factor.item() / PIXEL_SCALE - 1) < CLOSE
        are_bytes = self.are_bytes or (first and self.scale == 1 and scaled)
        return self._replace(scale=self.scale * factor, shift=shift, are_bytes=are_bytes)


class Form(NamedTuple):
    """An expression of some sums; a value may have several: ``z + b`` is sums itself."""

    sums: Sums
    expression: int


Value = tuple[Form, ...] | NDArray[Any] | None  # None: not understood


class Graph:
    """What the nodes of a graph compute, one after another."""

    def __init__(self) -> None:
        self.onnx, self.parser = required("onnx"), required("onnx.parser")
        self.to_array = required("onnx.numpy_helper").to_array
        self.numbers: dict[Any, int] = {"sums": SUMS}  # of expressions
        self.operators: dict[int, str] = {SUMS: ""}  # the last one in each expression
        self.values: dict[str, Value] = {}
        self.work = 0
        self.strange = ""  # the first operator that was not understood
        self.temperature, self.is_calibrated = 0.0, False  # by which mnist-nn divides the last sums
        self.activations: dict[int, str] = {}
        ours = [(name, entry.onnx) for name, entry in ACTIVATIONS.items() if entry.onnx]
        for name, statements in [*ours, *PYTORCHS.items()]:
            self.activations[self._expression_of(statements)] = name

    def _expression_of(self, statements: str) -> int:
        """Return the expression of statements that make y of z."""
        self.values = {"z": (Form(Sums(), SUMS),)}
        parsed = self.parser.parse_graph(f"g (float[N] z) => (float[N] y) {{ {statements} }}")
        for node in parsed.node:
            self.add(node)
        found = self.values["y"]
        assert isinstance(found, tuple)
        expression: int = found[0].expression
        return expression

    def add(self, node: Any) -> None:
        """Understand a node, if possible."""
        inputs = [self.values.get(name) for name in node.input if name]
        attributes = {a.name: self.onnx.helper.get_attribute_value(a) for a in node.attribute}
        value = self._result(node.op_type, inputs, attributes)
        if value is None and not self.strange:
            self.strange = self.unfinished(inputs) or node.op_type
        for name in node.output:
            self.values[name] = None
        self.values[node.output[0]] = value
        self.work += sum(form.sums.size for form in value) if isinstance(value, tuple) else 0
        if self.work > MAX_WORK:
            raise DataError("it has more numbers to add than any network that mnist-nn has")

    def _result(self, op: str, inputs: Sequence[Value], attributes: dict[str, Any]) -> Value:
        """Return what an operator makes of its inputs."""
        first, rest = (inputs[0], inputs[1:]) if inputs else (None, [])
        if op == "Constant":
            return self._constant(attributes)
        if any(value is None for value in inputs) or first is None:
            return None
        if op == "Transpose" and isinstance(first, np.ndarray):
            return np.transpose(first, attributes.get("perm"))
        is_float = attributes.get("to") in (1, 10, 11, 16)
        if op in UNCHANGED or (op == "Cast" and (is_float or isinstance(first, np.ndarray))):
            return first
        if op == "Concat":
            return self._second_of_two(inputs)
        arrays = [value for value in rest if isinstance(value, np.ndarray)]
        if op == "Div" and self.temperature and arrays and arrays[0].size == 1:
            self.is_calibrated = abs(arrays[0].item() / self.temperature - 1) < SAME
            if self.is_calibrated:
                return first
        if isinstance(first, tuple) and rest and len(arrays) == len(rest):
            if op in ("MatMul", "Gemm"):
                return self._dense(op, first, arrays, attributes)
            if op == "BatchNormalization" and len(arrays) == 4:
                epsilon = attributes.get("epsilon", 1e-5)
                gamma, beta, mean, variance = (array.astype(np.float64) for array in arrays)
                factor = gamma / np.sqrt(variance + epsilon)
                return _of_sums(first, factor, beta - mean * factor) or None
        expressions = self._expressions(op, inputs, attributes)
        affine = _affine(op, inputs)
        return (*expressions, *affine)[-MAX_FORMS:] or None

    def _constant(self, attributes: dict[str, Any]) -> Value:
        """Return the array of a constant."""
        (value,) = attributes.values()
        if hasattr(value, "dims"):
            return self.array(value)
        return np.array(value) if isinstance(value, int | float) else None

    def array(self, tensor: Any) -> NDArray[Any]:
        """Return the array of a tensor that is in the file itself."""
        if tensor.data_location == tensor.EXTERNAL or tensor.external_data:
            raise DataError(
                "its weights are in another file; make one file of both: onnx.save(onnx.load(OLD), "
                "NEW), or torch.onnx.export(…, external_data=False)"
            )
        found: NDArray[Any] = self.to_array(tensor)
        if found.dtype.name == "bfloat16":
            found = found.astype(np.float32)
        if found.dtype.kind not in "fiub":
            return np.empty(0)
        return found

    def _second_of_two(self, inputs: Sequence[Value]) -> Value:
        """Return y, where the inputs are 1 - y and y: the probabilities of two classes."""
        if len(inputs) != 2 or not isinstance(inputs[1], tuple):
            return None
        difference = self._expressions("Sub", (np.ones(()), inputs[1]), {})
        same = isinstance(inputs[0], tuple) and set(map(_key, difference)) & set(
            map(_key, inputs[0])
        )
        return inputs[1] if same else None

    def _expressions(
        self, op: str, inputs: Sequence[Value], attributes: dict[str, Any]
    ) -> tuple[Form, ...]:
        """Return the expression that an operator makes, for all sums that its inputs share."""
        op = "Softmax" if op == "LogSoftmax" else op  # of the same layer
        given = {**DEFAULTS.get(op, {}), **attributes}
        if op == "Softmax" and given["axis"] == 1:
            given["axis"] = -1
        if not all(isinstance(value, int | float | bytes) for value in given.values()):
            return ()
        settings = tuple((name, _rounded(given[name])) for name in sorted(given))
        found = []
        for sums in next(([f.sums for f in v] for v in inputs if isinstance(v, tuple)), []):
            parts = [self._part(value, sums) for value in inputs]
            if None in parts:
                continue
            parts = sorted(parts, key=repr) if op in COMMUTATIVE else parts
            number = self.numbers.setdefault((op, settings, tuple(parts)), len(self.numbers))
            self.operators[number] = op
            found.append(Form(sums, number))
        return tuple(found)

    def _part(self, value: Value, sums: Sums) -> Any:
        """Return an input as a part of an expression of these sums; None if it is none."""
        if isinstance(value, np.ndarray):
            return ("constant", _rounded(value.item())) if value.size == 1 else None
        return next((f.expression for f in value or () if f.sums is sums), None)

    def _dense(
        self, op: str, x: tuple[Form, ...], arrays: list[NDArray[Any]], attributes: dict[str, Any]
    ) -> Value:
        """Begin a layer."""
        W, below = arrays[0], self.finished(x)
        if below is None or W.ndim != 2 or attributes.get("transA") or len(arrays) > 2:
            return None
        W = W.T if attributes.get("transB") else W
        if not W.size or (below.sums.W is not None and below.sums.W.shape[1] != len(W)):
            raise DataError("the shapes of its weights do not fit each other")
        sums = Sums(below, W)
        if attributes.get("alpha", 1.0) != 1:
            sums = sums.changed(np.array(float(attributes["alpha"])), None)
        forms = (Form(sums, SUMS),)
        if len(arrays) == 1:
            return forms
        biases = arrays[1].astype(np.float64).reshape(-1) * attributes.get("beta", 1.0)
        return _of_sums(forms, np.ones(()), biases) if op == "Gemm" else None

    def unfinished(self, values: Sequence[Value]) -> str:
        """Return the last operator of an expression that is no activation; else an empty text."""
        for value in values:
            if isinstance(value, tuple) and self.finished(value) is None:
                return self.operators[value[-1].expression]
        return ""

    def finished(self, value: Value) -> Form | None:
        """Return the form of a value that is an activation of sums; None if none is."""
        if not isinstance(value, tuple):
            return None
        return next((form for form in reversed(value) if form.expression in self.activations), None)


def _key(form: Form) -> tuple[int, int]:
    return id(form.sums), form.expression


def _rounded(value: Any) -> Any:
    """Return a number as float32 and decimal digits both have it."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _of_sums(value: tuple[Form, ...], factor: Vector, more: Vector | None) -> tuple[Form, ...]:
    """Return sums that are multiplied by a factor, and to which more is added."""
    sums = next((form.sums for form in value if form.expression == SUMS), None)
    if sums is None:
        return ()
    units = None if sums.W is None else sums.W.shape[1]
    if any(a is not None and a.size != 1 and units not in (None, a.size) for a in (factor, more)):
        raise DataError("the shapes of its weights do not fit each other")
    return (Form(sums.changed(factor, more), SUMS),)


def _affine(op: str, inputs: Sequence[Value]) -> tuple[Form, ...]:
    """Return what an operator with a constant makes of sums, if it is added or multiplied."""
    if len(inputs) != 2 or op not in ("Add", "Sub", "Mul", "Div"):
        return ()
    x, constant = inputs
    is_swapped = isinstance(x, np.ndarray)
    if is_swapped:
        x, constant = constant, x
    if not isinstance(x, tuple) or not isinstance(constant, np.ndarray) or not constant.size:
        return ()
    number = constant.astype(np.float64)
    number = number.reshape(() if number.size == 1 else -1)
    one = np.ones(())
    if op == "Add":
        return _of_sums(x, one, number)
    if op == "Mul":
        return _of_sums(x, number, None)
    if op == "Sub":
        return _of_sums(x, -one, number) if is_swapped else _of_sums(x, one, -number)
    return () if is_swapped else _of_sums(x, 1 / number, None)


def read_graph(blob: bytes) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Return the arrays and facts of an ONNX file: see `WeightsFile`.

    DataError if it is damaged, or no stack of dense layers.
    """
    graph = Graph()
    try:
        model = graph.onnx.load_model_from_string(blob)
        facts = {entry.key: entry.value for entry in model.metadata_props}
        graph.temperature = float(facts.get("temperature", 0))
        with np.errstate(all="ignore"):
            output, is_integer = _follow(graph, model.graph)
            return _layers(graph, output, is_integer, facts)
    except DataError:
        raise
    except Exception as error:  # protobuf, onnx and NumPy raise all kinds for what is damaged
        raise DataError(f"it is damaged ({type(error).__name__})") from error


def _follow(graph: Graph, onnx_graph: Any) -> tuple[Form, bool]:
    """Follow all nodes; return the output, and whether the input is of whole numbers."""
    if len(onnx_graph.node) > MAX_NODES:
        raise DataError(f"it has {len(onnx_graph.node):,} nodes, more than {MAX_NODES:,}")
    graph.values = {tensor.name: graph.array(tensor) for tensor in onnx_graph.initializer}
    inputs = [entry for entry in onnx_graph.input if entry.name not in graph.values]
    if len(inputs) != 1:
        raise DataError(f"its graph has {len(inputs)} inputs; it must have one, the samples")
    graph.values[inputs[0].name] = (Form(Sums(), SUMS),)
    graph.strange = ""
    for node in onnx_graph.node:
        graph.add(node)
    outputs = [graph.values.get(entry.name) for entry in onnx_graph.output]
    for form in map(graph.finished, outputs):
        if form is not None and form.sums.W is not None:
            return form, inputs[0].type.tensor_type.elem_type not in (1, 10, 11, 16)
    strange = graph.strange or graph.unfinished(outputs)
    what = f"; it has the operator {shown(strange)} where none fits" if strange else ""
    raise DataError(f"it is no stack of dense layers with activations that mnist-nn has{what}")


def _layers(
    graph: Graph, output: Form, is_integer: bool, facts: dict[str, str]
) -> tuple[dict[str, NDArray[Any]], dict[str, str]]:
    """Name the arrays of the layers below an output as mnist-nn does."""
    stack = [output]
    while (below := stack[-1].sums.below) is not None:
        stack.append(below)
    first, *layers = reversed(stack)
    if len(layers) > MAX_LAYERS:
        raise DataError(f"it has {len(layers):,} layers, more than {MAX_LAYERS}")
    check_room(
        2 * sum(sums.W.nbytes for sums, _ in layers if sums.W is not None), "take fewer units"
    )
    if not graph.is_calibrated:
        facts.pop("temperature", None)
    arrays, activations = _inputs(first.sums, is_integer, facts), []
    for number, (sums, expression) in enumerate(layers, 1):
        assert sums.W is not None
        dtype = sums.W.dtype if sums.W.dtype.kind == "f" else np.dtype(np.float32)
        W = sums.W if (sums.scale == 1).all() else sums.W * sums.scale
        arrays[f"layer_{number}.weights"] = W.astype(dtype, copy=False)
        if sums.shift is not None:
            b = np.broadcast_to(sums.shift, W.shape[1])
            arrays[f"layer_{number}.biases"] = b.astype(dtype)
        activations.append({"activation": graph.activations[expression]})
    if output.expression == SUMS:  # logits, whose activation is the config's
        del activations[-1]["activation"]
    facts["layers"] = json.dumps(activations)
    return arrays, facts


def _inputs(first: Sums, is_integer: bool, facts: dict[str, str]) -> dict[str, NDArray[Any]]:
    """Put what the graph does to its inputs into the facts, or return it as a normalization."""
    facts.pop("input_scale", None)
    counts = is_integer or first.are_bytes
    scale = _scalar(first.scale)
    if first.shift is None and scale is not None:
        if counts:
            facts["input_scale"] = repr(scale)
            return {}
        if scale == 1:
            return {}
    if counts:
        facts["input_scale"] = repr(1.0)
    shift = np.zeros(()) if first.shift is None else first.shift
    offset, factor = np.broadcast_arrays(-shift / first.scale, first.scale)
    return {"normalization.offset": offset, "normalization.factor": factor}


def _scalar(vector: Vector) -> float | None:
    return vector.item() if vector.size == 1 else None
