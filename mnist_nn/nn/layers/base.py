"""Layer: one step of a network, forward and backward; and what it keeps of a batch in between."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import DTypeLike

from ..arrays import FloatArray
from ..initializers import Initializer, Random
from ..parameters import Parameter


class Cache(dict[str, FloatArray]):
    """What a layer keeps of a batch, by name, from the way forward to the way back.

    Parameters
    ----------
    dtype
        Type of the numbers.
    training
        Whether the network is being trained: units are dropped, statistics measured.
    bottom
        Whether nobody needs the gradient at this layer's inputs.
    overwrite
        Whether the layer may write over its inputs: nobody reads them again.
    """

    def __init__(self, dtype: DTypeLike, *, training: bool, bottom: bool, overwrite: bool) -> None:
        super().__init__()
        self.dtype = dtype
        self.training, self.bottom, self.overwrite = training, bottom, overwrite
        self._buffers: dict[str, FloatArray] = {}

    def buffer(self, name: str, *shape: int, fill: float = 0) -> FloatArray:
        """Return an array to write to, the same one for every batch.

        Parameters
        ----------
        name
            Of the array in this cache.
        *shape
            Its shape, the same at every call.
        fill
            What it is filled with when it is made.
        """
        if name not in self._buffers:
            self._buffers[name] = np.full(shape, fill, self.dtype)
        return self._buffers[name]


class Layer:
    """One step of a network. A layer with parameters overrides all of this, another one less.

    Attributes
    ----------
    keeps_outputs
        Whether nobody may write over what `forward` returns: `backward` reads it, or it is the very
        input.
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
        """Take the views of the network's vectors that belong to this layer.

        Parameters
        ----------
        n_inputs
            Numbers per sample that it reads.
        params
            View of each parameter by name.
        grads
            View of the gradient of each that is trained.
        """

    def initialize(self, initializer: Initializer, rng: Random, gain: float) -> None:
        """Draw the starting weights.

        Parameters
        ----------
        initializer
            How.
        rng
            Where the random numbers come from.
        gain
            Of the activation that follows.
        """

    def affine(self) -> tuple[FloatArray, FloatArray] | None:
        """Return what evaluation comes to where it is ``y = scale · x + shift``.

        Returns
        -------
        scale, shift : ndarray of shape (n_inputs,)
            Of each input; None where the layer is no such thing.
        """
        return None

    def forward(self, x: FloatArray, cache: Cache) -> FloatArray:
        """Turn inputs into outputs.

        Parameters
        ----------
        x
            Inputs of shape (n, n_inputs).
        cache
            Keeps what `backward` will need.

        Returns
        -------
        ndarray of shape (n, n_outputs)
        """
        raise NotImplementedError

    def backward(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """Turn the loss's gradient at the outputs into that at the inputs; fill in the layer's own.

        Parameters
        ----------
        dy
            Gradient of shape (n, n_outputs); it may be written over.
        cache
            As `forward` left it.

        Returns
        -------
        ndarray of shape (n, n_inputs)
            Gradient at the inputs; for the bottom layer (see `Cache`) anything.
        """
        raise NotImplementedError
