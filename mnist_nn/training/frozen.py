"""Frozen layers: the first layers make features of samples, only the others are trained."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..blas import one_blas_thread
from ..data import MappedRows, Samples
from ..nn import Network
from ..nn.arrays import FloatArray

BATCH_SIZE = 1000


class FrozenLayers:
    """The first dense layers of a network, each with what is on top of it, as in evaluation.

    They are not trained, so what they make of a sample never changes. The other layers are a
    network of their own, which is trained on that; `update` copies its parameters back. ValueError
    if that would leave no layer to train.

    Attributes
    ----------
    network
        The whole network.
    head
        The layers that are trained.
    """

    def __init__(self, network: Network, count: int) -> None:
        if not 0 < count < len(network.dense):
            raise ValueError(
                f"frozen_layers must leave one of the {len(network.dense)} layers to train, "
                f"got {count}"
            )
        self.network = network
        first = network.dense[count]
        start = network.layers.index(first)
        self.layers = network.layers[:start]
        self.head = Network(len(first.W), network.layers[start:], rng=None, dtype=network.dtype)
        self._positions = self._find_positions()
        self.head.params[...] = network.params[self._positions]

    def _find_positions(self) -> NDArray[np.intp]:
        """Return where each of the head's parameters is in the vector of the whole network."""
        found = np.empty(self.head.params.size, np.intp)
        parts = self.head.spec.views(found)
        every = self.network.spec.views(np.arange(self.network.params.size))
        for part, positions in zip(
            parts.values(), list(every.values())[-len(parts) :], strict=True
        ):
            part[...] = positions
        return found

    def features(self, x: NDArray[Any]) -> FloatArray:
        """Return what the frozen layers make of samples: (n, n_inputs) -> (n, units)."""
        found = np.empty((len(x), self.head.sizes[0]), self.network.dtype)
        work = self.network.workspace(min(BATCH_SIZE, len(x)))
        with one_blas_thread(), np.errstate(all="ignore"):
            for start in range(0, len(x), BATCH_SIZE):
                rows = x[start : start + BATCH_SIZE]
                work = work.resized(len(rows))
                y = self.network.scale(rows, work.x)
                for layer, cache in zip(self.layers, work.caches, strict=False):
                    y = layer.forward(y, cache)
                found[start : start + BATCH_SIZE] = y
        return found

    def samples(self, samples: Samples) -> Samples:
        """Return the features of samples, with their labels."""
        if isinstance(samples.x, MappedRows):
            return Samples(FeatureRows(self, samples.x), samples.y)
        return Samples(self.features(samples.x), samples.y)

    def update(self) -> None:
        """Give the whole network the parameters of its head."""
        self.network.params[self._positions] = self.head.params

    def whole(self, params: FloatArray) -> FloatArray:
        """Return the vector of the whole network with these parameters of the head."""
        found = self.network.params.copy()
        found[self._positions] = params
        return found

    def are_in(self, params: FloatArray) -> bool:
        """Return whether a vector of the whole network has these very layers."""
        return np.array_equal(self.whole(self.part(params)), params)

    def part(self, params: FloatArray) -> FloatArray:
        """Return the head's part of a vector of the whole network."""
        return params[self._positions]


class FeatureRows:
    """Features (n, units) of samples that stay in a file, made anew whenever they are read."""

    ndim = 2

    def __init__(self, frozen: FrozenLayers, x: MappedRows) -> None:
        self._frozen, self._x = frozen, x
        self.shape, self.dtype = (len(x), frozen.head.sizes[0]), frozen.network.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: slice | NDArray[np.intp]) -> FloatArray:
        return self._frozen.features(self._x[index])
