"""Layer: one step of a network, forward and backward; Cache: what it keeps of a batch."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import FloatArray
from ..initializers import Initializer, Random
from ..parameters import Parameter


class Cache(dict[str, FloatArray]):
    """What a layer keeps of a batch, by name, from the forward pass to the backward pass.

    `training` says whether units are dropped and statistics measured, `bottom` whether the gradient
    at the layer's inputs is not needed, `overwrite` whether its inputs are not read again.
    """

    def __init__(self, dtype: DTypeLike, *, training: bool, bottom: bool, overwrite: bool) -> None:
        super().__init__()
        self.dtype = dtype
        self.training, self.bottom, self.overwrite = training, bottom, overwrite
        self._buffers: dict[str, FloatArray] = {}

    def buffer(self, name: str, *shape: int, fill: float = 0) -> FloatArray:
        """Return the array of that name and shape, made and filled at the first call."""
        if name not in self._buffers:
            self._buffers[name] = np.full(shape, fill, self.dtype)
        return self._buffers[name]


class Layer:
    """Base of the layers. One with parameters overrides all of these methods, another fewer.

    If `keeps_outputs`, the layer above may not overwrite what `forward` returned: `backward` reads
    it, or it is the very input.
    """

    keeps_outputs = True

    def n_outputs(self, n_inputs: int) -> int:
        """Return how many numbers per sample come out when `n_inputs` go in."""
        return n_inputs

    def parameters(self, n_inputs: int) -> list[Parameter]:
        """List the layer's parameters, with their names within the layer."""
        return []

    def bind(
        self, n_inputs: int, params: Mapping[str, FloatArray], grads: Mapping[str, FloatArray]
    ) -> None:
        """Take the views of the network's vectors that belong to this layer, by name."""

    def initialize(self, initializer: Initializer, rng: Random, gain: float) -> None:
        """Draw the starting weights; `gain` is that of the activation above."""

    def affine(self) -> tuple[FloatArray, FloatArray] | None:
        """Return (scale, shift) if evaluation is ``y = scale · x + shift``, else None."""
        return None

    def forward(self, x: FloatArray, cache: Cache) -> FloatArray:
        """Turn inputs (n, n_inputs) into outputs (n, n_outputs); keep what `backward` needs."""
        raise NotImplementedError

    def backward(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """Turn the gradient at the outputs into that at the inputs; fill in the layer's own.

        `dy` may be overwritten; what the bottom layer (see `Cache`) returns is not used.
        """
        raise NotImplementedError
