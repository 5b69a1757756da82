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


def draw_noise(network: Network, n: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Draw the noise of n samples.

    Parameters
    ----------
    network
        Whose layers say how many units may be dropped.
    n
        Samples.
    rng
        Draws it. In however many calls the samples come, their noise is the same.

    Returns
    -------
    ndarray of shape (n, n_noise)
        With a number for each such unit, and for an odd number of units one more: the generator
        makes two at a time.
    """
    width = noise_width(network)
    length = 2 * n * (width + width % 2)
    numbers = rng.bytes(length) if length else b""  # to make none takes some from the generator
    return np.frombuffer(numbers, np.uint16).reshape(n, -1 if length else 0)


def noise_width(network: Network) -> int:
    """How many units of a network may be dropped."""
    return sum(len(layer.W.T) for layer in network.layers if layer.dropout)


def drop(network: Network, noise: NDArray[np.uint16], workspace: Workspace) -> None:
    """Choose which units the next pass of a batch goes without.

    Parameters
    ----------
    network
        Whose layers say how many.
    noise
        Of n samples: see `draw_noise`.
    workspace
        For n samples, made for training.
    """
    start = 0
    for layer, mask in zip(network.layers, workspace.masks, strict=True):
        if mask is not None:
            end = start + mask.shape[1]
            fill_mask(noise[:, start:end], layer.dropout, mask)
            start = end
