"""Layout of the arena: one flat array of all floats that the kernel works on.

Weights lie in panels: a panel is the weights from all inputs to one vector of units, row by row, so
that a kernel reads it straight through with one vector in registers for each sample. The last panel
of a layer is padded with units that do not exist; their weights are zero and stay zero, because no
gradient ever reaches them.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...nn import ACTIVATIONS, Activation, ActivationFunction, Dense, Dropout, Network
from ...nn.arrays import FloatArray
from ...nn.layers.dropout import threshold
from .elementwise import ACTIVATION_CODES
from .vectors import lanes_of

SPARE_ROWS = 8  # rows after the last panel that a kernel may load without using them
TILE = 8  # rows are transposed by eights, so there is room for whole eights
TRANSPOSED_ROWS = 128  # rows that a task transposes at a time

Int64Array: TypeAlias = NDArray[np.int64]


class LayerLayout(NamedTuple):
    """Where a dense layer with its activation and dropout lies: a record that kernels read.

    Positions are indices into the arena; a *width* is the distance from one row to the next.
    """

    n_inputs: int
    units: int
    n_panels: int
    panel_size: int  # distance from one panel to the next
    weights: int  # start of the first panel
    biases: int  # start of the biases; a layer without has zeros there
    has_biases: int
    activation: int  # code
    inputs: int  # start of the rows that the layer reads
    inputs_width: int  # 0 if it is the first layer and its inputs are listed: see `sparse`
    outputs: int
    deltas: int
    sums: int  # start of a copy of the sums; only the last layer's is used
    width: int  # of outputs, deltas and sums
    dropout_limit: int  # `threshold` of dropout; 0 for none
    noise: int  # start of the layer's numbers in a row of noise
    scratch: int  # start of the first task's scratch; the same for all layers
    gradient: int  # distance from a parameter to its gradient; 0 if there is none: see `passes`


Layers: TypeAlias = NDArray[np.void]
"""One record with the fields of `LayerLayout` for each layer."""


class Layout(NamedTuple):
    """Layout of a network.

    Attributes
    ----------
    layers
        Array of shape (n_layers,).
    n_parameters
        Length of the parameters, which come first in the arena.
    n_scratch
        Length of each task's scratch.
    size
        Length of the arena.
    """

    layers: Layers
    n_parameters: int
    n_scratch: int
    size: int


class Stage(NamedTuple):
    """A dense layer and what is on top of it."""

    dense: Dense
    activation: ActivationFunction
    dropout: float


def read_stages(network: Network) -> list[Stage]:
    """Read a network as dense layers, each with an activation and perhaps dropout.

    A ValueError for any other network ends a sentence that begins with the engine's name.
    """
    stages: list[Stage] = []
    for layer, below in zip(network.layers, [None, *network.layers], strict=False):
        if isinstance(layer, Dense) and not isinstance(below, Dense):
            stages.append(Stage(layer, ACTIVATIONS["identity"], 0.0))
        elif isinstance(layer, Activation) and isinstance(below, Dense):
            stages[-1] = stages[-1]._replace(activation=layer.function)
        elif isinstance(layer, Dropout) and isinstance(below, Activation):
            stages[-1] = stages[-1]._replace(dropout=layer.rate)
        elif isinstance(layer, Dense | Activation | Dropout):
            raise ValueError(f"does not take a layer {type(layer).__name__} there")
        else:
            raise ValueError(f"does not know the layer {type(layer).__name__}")
    return stages


def lay_out(
    network: Network,
    n_rows: int,
    *,
    n_tasks: int = 1,
    dense: bool = False,
    is_plain_sgd: bool = True,
) -> Layout:
    """Lay out the arena for a network and groups of up to `n_rows` samples.

    Up to `n_tasks` threads share a batch. If `dense`, the first layer reads all inputs instead of a
    list of those that are not zero. If `is_plain_sgd`, steps go straight to the parameters, so that
    no gradient is kept.
    """
    lanes, n_rows = lanes_of(network.dtype), -(-n_rows // TILE) * TILE
    n_inputs, units = (np.array(side) for side in zip(*pairwise(network.sizes), strict=True))
    n_panels = -(-units // lanes)
    panel_size, width = _spaced(n_inputs * lanes, lanes), _spaced(n_panels * lanes, lanes)
    stages = read_stages(network)
    limits = np.array([threshold(stage.dropout) for stage in stages])
    masked = limits > 0
    noise, _ = _offsets(units * np.array([stage.dropout > 0 for stage in stages]))
    weights, end = _offsets(n_panels * panel_size)
    biases, end = _offsets(n_panels * lanes, end)
    n_parameters = end + SPARE_ROWS * lanes
    outputs, end = _offsets(n_rows * width, n_parameters if is_plain_sgd else 2 * n_parameters)
    deltas, end = _offsets(n_rows * width, end)
    copies, end = _offsets(n_rows * width * masked, end)
    sums, end = end, end + n_rows * width[-1]
    first_width = int(_spaced(-(-n_inputs[:1] // lanes) * lanes, lanes)[0]) * dense
    scratch = end + n_rows * first_width
    n_scratch = TRANSPOSED_ROWS * lanes * (int(n_panels.max()) + -(-int(n_inputs.max()) // lanes))
    columns = {
        "n_inputs": n_inputs,
        "units": units,
        "n_panels": n_panels,
        "panel_size": panel_size,
        "weights": weights,
        "biases": biases,
        "has_biases": [stage.dense.b is not None for stage in stages],
        "activation": [ACTIVATION_CODES[stage.activation.name] for stage in stages],
        "inputs": [end, *np.where(masked, copies, outputs)[:-1]],
        "inputs_width": [first_width, *width[:-1]],
        "outputs": outputs,
        "deltas": deltas,
        "sums": sums,
        "width": width,
        "dropout_limit": limits,
        "noise": noise,
        "scratch": scratch,
        "gradient": 0 if is_plain_sgd else n_parameters,
    }
    layers = np.empty(len(units), [(name, np.int64) for name in LayerLayout._fields])
    for name in LayerLayout._fields:
        layers[name] = columns[name]
    return Layout(layers, n_parameters, n_scratch, int(scratch + n_tasks * n_scratch))


def _spaced(sizes: Int64Array, lanes: int) -> Int64Array:
    """Add a vector where a size is a multiple of 8 vectors.

    A cache puts what is a power of two apart into the same few places: of 64 sets, one column of a
    matrix whose rows are 8 lines long would have 8, with room for 64 rows.
    """
    spaced: Int64Array = sizes + lanes * (sizes % (8 * lanes) == 0)
    return spaced


def _offsets(sizes: Int64Array, start: int = 0) -> tuple[Int64Array, int]:
    """Return where parts of these sizes begin when they follow one another, and where all end."""
    ends = start + np.cumsum(sizes)
    return ends - sizes, int(ends[-1])


def pack(network: Network, layout: Layout, parameters: FloatArray) -> None:
    """Copy a network's parameters into their panels."""
    for ours, theirs in _pairs(network, layout, parameters):
        ours[...] = theirs


def unpack(network: Network, layout: Layout, parameters: FloatArray) -> None:
    """Copy the panels back into the network."""
    for ours, theirs in _pairs(network, layout, parameters):
        theirs[...] = ours


def _pairs(
    network: Network, layout: Layout, parameters: FloatArray
) -> Iterator[tuple[FloatArray, FloatArray]]:
    """Pair each panel, and each layer's biases, with its view of the network's own."""
    lanes = lanes_of(network.dtype)
    for dense, layer in zip(network.dense, layout.layers, strict=True):
        start, n_weights = layer["weights"], layer["n_inputs"] * lanes
        for first in range(0, dense.units, lanes):
            panel = parameters[start : start + n_weights].reshape(-1, lanes)
            columns = dense.W[:, first : first + lanes]
            yield panel[:, : columns.shape[1]], columns
            start += layer["panel_size"]
        if dense.b is not None:
            start = layer["biases"]
            yield parameters[start : start + len(dense.b)], dense.b


def aligned(n: int, dtype: np.dtype[np.floating]) -> FloatArray:
    """Return an array of zeros that begins at the beginning of a cache line."""
    raw = np.zeros(n * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * dtype.itemsize].view(dtype)
