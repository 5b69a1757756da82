"""A layout says where, in a few flat arrays, a network's layers lie.

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

from ...nn import Activation, Dense, Dropout, Network
from ...nn.arrays import FloatArray
from ...nn.layers.dropout import threshold
from .elementwise import ACTIVATION_CODES
from .vectors import lanes_of

INPUTS, UNITS, PANELS, WIDTH, ACTIVATION, BIASED, WEIGHTS, BIASES, ROWS, LIMIT, NOISE = range(11)
"""What a layer reads and puts out; its panels and their width, which is also how far it is from one
row of the workspace to the next; the code of its activation; whether it has biases (without them
they are zero here and stay so); where its weights and biases begin in the parameters, and its rows
in the workspace; the threshold of its dropout (0 for none), and where in a row of noise its numbers
begin."""

SPARE_ROWS = 8  # that a kernel may read, and not use, behind the last panel

Numbers = NDArray[np.int64]


class Layout(NamedTuple):
    """Where everything lies, counted in numbers.

    Attributes
    ----------
    plan
        One row for each of the names above, one column per layer. It is all that the kernel sees
        of the layout: one array costs least to hand around.
    n_parameters, n_workspace
        Length of the parameters and of the workspace.
    """

    plan: Numbers
    n_parameters: int
    n_workspace: int


class Stage(NamedTuple):
    """A dense layer and what is on top of it."""

    dense: Dense
    activation: str
    dropout: float


def read_stages(network: Network) -> list[Stage]:
    """Read a network as dense layers, each with an activation and perhaps dropout.

    Raises
    ------
    ValueError
        If it is something else: the end of a sentence that begins with the engine's name.
    """
    stages: list[Stage] = []
    kinds = (Dense, Activation, Dropout)
    for layer, below in zip(network.layers, [None, *network.layers], strict=False):
        if isinstance(layer, Dense) and not isinstance(below, Dense):
            stages.append(Stage(layer, "", 0.0))
        elif isinstance(layer, Activation) and isinstance(below, Dense):
            stages[-1] = stages[-1]._replace(activation=layer.name)
        elif isinstance(layer, Dropout) and isinstance(below, Activation):
            stages[-1] = stages[-1]._replace(dropout=layer.rate)
        elif isinstance(layer, kinds):
            raise ValueError(f"does not take a layer {type(layer).__name__} there")
        else:
            raise ValueError(f"does not know the layer {type(layer).__name__}")
    return stages


def lay_out(network: Network, n_rows: int) -> Layout:
    """Plan the arrays for a network and for batches of up to `n_rows` samples."""
    lanes = lanes_of(network.dtype)
    inputs, units = (np.array(side) for side in zip(*pairwise(network.sizes), strict=True))
    panels = -(-units // lanes)
    widths = panels * lanes
    weights, end = _places(inputs * widths)
    biases, n_parameters = _places(widths, end)
    rows, n_workspace = _places(n_rows * widths)
    stages = read_stages(network)
    codes = [ACTIVATION_CODES[stage.activation] for stage in stages]
    biased = [stage.dense.b is not None for stage in stages]
    limits = np.array([threshold(stage.dropout) for stage in stages])
    noise, _ = _places(units * (limits > 0))
    plan = np.array(
        [inputs, units, panels, widths, codes, biased, weights, biases, rows, limits, noise],
        np.int64,
    )
    return Layout(plan, n_parameters + SPARE_ROWS * lanes, n_workspace)


def _places(sizes: Numbers, start: int = 0) -> tuple[Numbers, int]:
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
        n_inputs, start = layout.plan[INPUTS, i], layout.plan[WEIGHTS, i]
        panels = parameters[start : start + n_inputs * layout.plan[WIDTH, i]]
        for panel, first in zip(
            panels.reshape(-1, n_inputs, lanes), range(0, layout.plan[UNITS, i], lanes), strict=True
        ):
            columns = layer.W[:, first : first + lanes]
            yield panel[:, : columns.shape[1]], columns
        if layer.b is not None:
            start = layout.plan[BIASES, i]
            yield parameters[start : start + len(layer.b)], layer.b


def aligned(n: int, dtype: np.dtype[np.floating]) -> FloatArray:
    """Make an array of zeros that begins at the beginning of a cache line."""
    raw = np.zeros(n * dtype.itemsize + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n * dtype.itemsize].view(dtype)
