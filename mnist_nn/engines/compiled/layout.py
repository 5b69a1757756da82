"""A layout says where, in one flat array, a network's layers lie, and what they work with.

Weights lie in panels: a panel is the weights from all inputs to one vector of units, row by row, so
that a kernel reads it straight through with one vector in registers for each sample. The last panel
of a layer is padded with units that do not exist; their weights are zero and stay zero, because no
gradient ever reaches them.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...nn import ACTIVATIONS, Activation, ActivationFunction, Dense, Dropout, Network
from ...nn.arrays import FloatArray
from ...nn.layers.dropout import threshold
from .elementwise import ACTIVATION_CODES
from .vectors import lanes_of

INPUTS, UNITS, PANELS, PANEL, WEIGHTS, BIASED, BIASES, ACTIVATION, READ = range(9)
READ_WIDTH, OUTPUT, DELTA, SUMS, WIDTH, LIMIT, NOISE, SCRATCH, GRADIENT = range(9, 18)
"""Rows of a plan: of each layer

- the number of its inputs and units; of its panels, and how far it is from one to the next; where
  its weights begin; whether it has biases (without them they are zero here and stay so) and where;
  the code of its activation;
- where the rows that it reads begin, and how far it is from one to the next (0 if it is the first
  and its inputs are listed: see `sparse`); where its outputs, its deltas and (the last one's only)
  a copy of its sums begin, and how far it is from one row of them to the next;
- the threshold of its dropout (0 for none), and where in a row of noise its numbers begin;
- of all layers the same: where the first task's scratch begins, and how far it is from a parameter
  to its gradient (0 if there is none: see `passes`)."""

SPARE_ROWS = 8  # that a kernel may read, and not use, behind the last panel
TILE = 8  # rows are transposed by eights, so there is room for whole eights
TRANSPOSED_ROWS = 128  # rows that a task transposes at a time

Int64Array = NDArray[np.int64]


class Layout(NamedTuple):
    """Where everything lies in the arena, the one array of all floats that the kernel works on.

    Attributes
    ----------
    plan
        One row for each of the names above, one column per layer.
    n_parameters
        Length of the parameters, which come first.
    n_scratch
        Length of each task's scratch.
    size
        Length of the arena.
    """

    plan: Int64Array
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

    Raises
    ------
    ValueError
        If it is something else: the end of a sentence that begins with the engine's name.
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
    """Plan the arena for a network and for groups of up to `n_rows` samples.

    Parameters
    ----------
    network, n_rows
        What it is for.
    n_tasks
        How many threads may share a batch.
    dense
        Whether the first layer reads all inputs instead of a list of those that are not zero.
    is_plain_sgd
        Whether steps go straight to the parameters, so that no gradient is kept.
    """
    lanes, n_rows = lanes_of(network.dtype), -(-n_rows // TILE) * TILE
    inputs, units = (np.array(side) for side in zip(*pairwise(network.sizes), strict=True))
    panels = -(-units // lanes)
    panel, widths = _spaced(inputs * lanes, lanes), _spaced(panels * lanes, lanes)
    stages = read_stages(network)
    limits = np.array([threshold(stage.dropout) for stage in stages])
    masked = limits > 0
    noise, _ = _offsets(units * np.array([stage.dropout > 0 for stage in stages]))
    weights, end = _offsets(panels * panel)
    biases, end = _offsets(panels * lanes, end)
    n_parameters = end + SPARE_ROWS * lanes
    outputs, end = _offsets(n_rows * widths, n_parameters if is_plain_sgd else 2 * n_parameters)
    deltas, end = _offsets(n_rows * widths, end)
    copies, end = _offsets(n_rows * widths * masked, end)
    sums, end = end, end + n_rows * widths[-1]
    read_width = int(_spaced(-(-inputs[:1] // lanes) * lanes, lanes)[0]) * dense
    scratch = end + n_rows * read_width
    n_scratch = TRANSPOSED_ROWS * (
        int(panels.max()) * lanes + -(-int(inputs.max()) // lanes) * lanes
    )
    rows = {
        INPUTS: inputs,
        UNITS: units,
        PANELS: panels,
        PANEL: panel,
        WEIGHTS: weights,
        BIASED: [stage.dense.b is not None for stage in stages],
        BIASES: biases,
        OUTPUT: outputs,
        DELTA: deltas,
        SUMS: sums,
        ACTIVATION: [ACTIVATION_CODES[stage.activation.name] for stage in stages],
        READ: [end, *np.where(masked, copies, outputs)[:-1]],
        READ_WIDTH: [read_width, *widths[:-1]],
        WIDTH: widths,
        LIMIT: limits,
        NOISE: noise,
        SCRATCH: scratch,
        GRADIENT: 0 if is_plain_sgd else n_parameters,
    }
    plan = np.array([np.full(len(units), rows[name]) for name in range(18)], np.int64)
    return Layout(plan, n_parameters, n_scratch, int(scratch + n_tasks * n_scratch))


def _spaced(sizes: Int64Array, lanes: int) -> Int64Array:
    """Add a vector where a size is a multiple of 8 vectors.

    A cache puts what is a power of two apart into the same few places: of 64 sets, one column of a
    matrix whose rows are 8 lines long would have 8, with room for 64 rows.
    """
    spaced: Int64Array = sizes + lanes * (sizes % (8 * lanes) == 0)
    return spaced


def _offsets(sizes: Int64Array, start: int = 0) -> tuple[Int64Array, int]:
    """Say where parts of these sizes begin when they follow one another, and where all end."""
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
    for i, layer in enumerate(network.dense):
        start, n_weights = layout.plan[WEIGHTS, i], layout.plan[INPUTS, i] * lanes
        for first in range(0, layout.plan[UNITS, i], lanes):
            panel = parameters[start : start + n_weights].reshape(-1, lanes)
            columns = layer.W[:, first : first + lanes]
            yield panel[:, : columns.shape[1]], columns
            start += layout.plan[PANEL, i]
        if layer.b is not None:
            start = layout.plan[BIASES, i]
            yield parameters[start : start + len(layer.b)], layer.b


def aligned(n: int, dtype: np.dtype[np.floating]) -> FloatArray:
    """Make an array of zeros that begins at the beginning of a cache line."""
    raw = np.zeros(n * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * dtype.itemsize].view(dtype)
