"""Dropout silences units at random while a network learns, so that none relies on another.

Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", 2014. Each
output of a layer is set to zero with probability p, and the others are divided by 1 - p (*inverted*
dropout), so that on average the next layer reads what it always did. When the network is only
evaluated, nothing is dropped and nothing needs scaling.

The mask is a factor like any other, so the gradient at the outputs is that at what is passed on,
times the mask.

Which units go follows from `noise`, a whole number of 16 bits for each unit: those whose number is
below a threshold. So p is a multiple of 1/65536.
"""

import numpy as np
from numpy.typing import NDArray

from .arrays import FloatArray
from .network import Network
from .workspace import Workspace

LEVELS = 1 << 16


def threshold(rate: float) -> int:
    """Below which noise a unit is dropped: `rate`, of 0 to below 1, as a share of all noise."""
    return min(round(rate * LEVELS), LEVELS - 1)


def fill_mask(noise: NDArray[np.uint16], rate: float, mask: FloatArray) -> None:
    """Make a mask of noise.

    Parameters
    ----------
    noise
        Of shape (n, units).
    rate
        Share of units that are dropped, 0 or more and below 1.
    mask
        Where the factors go, of the same shape: 0, or 1 / (1 - rate).
    """
    limit = threshold(rate)
    np.multiply(noise >= limit, LEVELS / (LEVELS - limit), out=mask, casting="same_kind")


def noise_width(network: Network) -> int:
    """How many numbers of noise dropout takes for each sample: one for each unit it might drop."""
    return sum(len(layer.W.T) for layer in network.layers if layer.dropout)


def drop(network: Network, noise: NDArray[np.uint16], workspace: Workspace) -> None:
    """Choose which units the next pass of a batch goes without.

    Parameters
    ----------
    network
        Whose layers say how many.
    noise
        Evenly distributed over all numbers of 16 bits, of shape (n, noise_width).
    workspace
        For n samples, made for training.
    """
    start = 0
    for layer, mask in zip(network.layers, workspace.masks, strict=True):
        if mask is not None:
            end = start + mask.shape[1]
            fill_mask(noise[:, start:end], layer.dropout, mask)
            start = end
