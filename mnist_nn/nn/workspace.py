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
    ones
        As many ones as samples, (n,): to multiply by them is the fastest way to add rows up.
    """

    outputs: list[FloatArray]
    logits: FloatArray
    deltas: list[FloatArray]
    upstream: list[FloatArray]
    ones: FloatArray

    @classmethod
    def allocate(cls, sizes: Sequence[int], n: int, dtype: DTypeLike) -> Self:
        """Make room for a batch of `n`, given the widths of the input and of each layer."""

        def buffers(widths: Sequence[int]) -> list[FloatArray]:
            return [np.empty((n, width), dtype) for width in widths]

        logits = np.empty((n, sizes[-1]), dtype)
        ones = np.ones(n, dtype)
        return cls(buffers(sizes), logits, buffers(sizes[1:]), buffers(sizes[1:-1]), ones)

    def first(self, n: int) -> "Workspace":
        """View the first `n` rows as a smaller workspace."""
        outputs, deltas, upstream = (
            [buffer[:n] for buffer in part] for part in (self.outputs, self.deltas, self.upstream)
        )
        return Workspace(outputs, self.logits[:n], deltas, upstream, self.ones[:n])
