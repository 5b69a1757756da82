"""A workspace is the scratch paper of one pass: every array that forward and backward write.

It is sized once, for a batch, so that the large arrays are not allocated anew at every step; a
short last batch uses the first rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import DTypeLike

from .arrays import FloatArray


@dataclass(frozen=True, eq=False)
class Workspace:
    """Buffers for a batch of n samples. Layers count from 0.

    Attributes
    ----------
    outputs
        ``outputs[0]`` is the scaled input, ``outputs[i + 1]`` what layer i puts out: (n, units).
    logits
        The last layer's sums, kept apart from its outputs because a loss needs both.
    deltas
        ``deltas[i]`` is the loss's gradient at the sums of layer i: (n, units).
    upstream
        ``upstream[i]`` is the loss's gradient at the outputs of hidden layer i: (n, units).
    inputs
        ``inputs[i]`` is what layer i reads: ``outputs[i]``, or a copy of it times a mask where the
        layer below has dropout.
    masks
        ``masks[i]`` is by what the outputs of layer i are multiplied before they are passed on:
        (n, units), see `dropout`; None where they are passed on as they are.
    ones
        As many ones as samples, (n,): to multiply by them is the fastest way to add rows up.
    """

    outputs: list[FloatArray]
    logits: FloatArray
    deltas: list[FloatArray]
    upstream: list[FloatArray]
    inputs: list[FloatArray]
    masks: list[FloatArray | None]
    ones: FloatArray

    @classmethod
    def allocate(
        cls, sizes: Sequence[int], n: int, dtype: DTypeLike, dropped: Sequence[bool]
    ) -> Self:
        """Make room for a batch of `n`.

        Parameters
        ----------
        sizes
            Widths of the input and of each layer.
        n
            Samples.
        dtype
            Of the network.
        dropped
            Of each layer, whether its outputs are going to be masked.
        """

        def buffers(widths: Sequence[int]) -> list[FloatArray]:
            return [np.empty((n, width), dtype) for width in widths]

        outputs = buffers(sizes)
        masks = [
            np.ones((n, width), dtype) if masked else None
            for width, masked in zip(sizes[1:], dropped, strict=True)
        ]
        inputs = [
            output if mask is None else np.empty_like(output)
            for output, mask in zip(outputs[:-1], [None, *masks[:-1]], strict=True)
        ]
        logits = np.empty((n, sizes[-1]), dtype)
        deltas, upstream = buffers(sizes[1:]), buffers(sizes[1:-1])
        return cls(outputs, logits, deltas, upstream, inputs, masks, np.ones(n, dtype))

    def first(self, n: int) -> "Workspace":
        """View the first `n` rows as a smaller workspace."""
        outputs, deltas, upstream, inputs = (
            [buffer[:n] for buffer in part]
            for part in (self.outputs, self.deltas, self.upstream, self.inputs)
        )
        masks = [None if mask is None else mask[:n] for mask in self.masks]
        return Workspace(outputs, self.logits[:n], deltas, upstream, inputs, masks, self.ones[:n])
