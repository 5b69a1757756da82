"""Noise: the random numbers that decide which units dropout silences."""

import numpy as np
from numpy.typing import NDArray

from .layers import Dropout
from .network import Network
from .workspace import Workspace


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
    """Return how many units of a network may be dropped."""
    return sum(layer.units for layer in network.layers if isinstance(layer, Dropout))


def set_dropout_masks(network: Network, noise: NDArray[np.uint16], workspace: Workspace) -> None:
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
    if not noise.shape[1]:
        return
    start = 0
    for layer, cache in zip(network.layers, workspace.caches, strict=True):
        if isinstance(layer, Dropout):
            layer.fill_mask(noise[:, start : start + layer.units], cache)
            start += layer.units
