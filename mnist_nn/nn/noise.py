"""Noise: the random numbers that decide which units dropout silences."""

import numpy as np
from numpy.typing import NDArray

from .layers import Dropout
from .network import Network
from .workspace import Workspace


def draw_noise(network: Network, n: int, rng: np.random.Generator) -> NDArray[np.uint16]:
    """Draw the noise of n samples, of shape (n, n_noise): the same in however many calls they come.

    There is a number for each unit that may be dropped, and for an odd number of units one more,
    because the generator makes two at a time.
    """
    width = noise_width(network)
    length = 2 * n * (width + width % 2)
    numbers = rng.bytes(length) if length else b""  # bytes(0) would advance the generator
    return np.frombuffer(numbers, np.uint16).reshape(n, -1 if length else 0)


def noise_width(network: Network) -> int:
    """Return how many units of a network may be dropped."""
    return sum(layer.units for layer in network.layers if isinstance(layer, Dropout))


def set_dropout_masks(network: Network, noise: NDArray[np.uint16], workspace: Workspace) -> None:
    """Set the masks of a training workspace's dropout layers by the noise of its n samples."""
    if not noise.shape[1]:
        return
    start = 0
    for layer, cache in zip(network.layers, workspace.caches, strict=True):
        if isinstance(layer, Dropout):
            layer.fill_mask(noise[:, start : start + layer.units], cache)
            start += layer.units
