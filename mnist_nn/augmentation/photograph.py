"""Photograph: what a camera makes of an image: blur, grey paper, noise.

All of them change images of shape (n, height, width), 255 for full ink, each as much as its own
numbers say, whichever images are handled together. They cost so little that both engines share
them.
"""

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

STARTS = 65536  # places where an image's noise may begin among the numbers that are kept


def blur(images: Bytes, sigma: Doubles, most: float) -> Bytes:
    """Blur images by Gaussians of width sigma (n,), at most `most`, in pixels.

    Beyond its edges an image is blank. Weights are in 256ths, so that it is exact. The images are
    the last axis meanwhile: rows of 28 pixels would take NumPy twice as long.
    """
    distance = np.arange(math.ceil(3 * most) + 1)[:, None] / np.maximum(sigma, 0.01)
    weights = np.exp(-(distance**2) / 2)  # (reach + 1, n)
    weights = np.rint(256 * weights / (2 * weights.sum(axis=0) - 1))
    weights[0] = 256 - 2 * weights[1:].sum(axis=0)
    weights = weights.astype(np.uint16)
    n, height, width = images.shape
    last = np.ascontiguousarray(images.reshape(n, -1).T).reshape(height, width, n)
    down = _blur_rows(last, weights)
    across = _blur_rows(down.swapaxes(0, 1), weights).swapaxes(0, 1)
    return np.ascontiguousarray(across.reshape(-1, n).T).reshape(images.shape)


def _blur_rows(images: Bytes, weights: NDArray[np.uint16]) -> Bytes:
    """Mix rows of images (rows, columns, n) that are near each other, by weights (reach + 1, n)."""
    sums = images * weights[0]
    for k in range(1, min(len(weights), len(images))):
        part = images * weights[k]
        sums[k:] += part[:-k]
        sums[:-k] += part[k:]
    blurred: Bytes = (sums + 128 >> 8).astype(np.uint8)
    return blurred


def grey_paper(images: Bytes, level: Doubles) -> Bytes:
    """Raise paper to levels (n,), shares of full ink, and what is darker by less: 255 stays."""
    share = np.rint(256 * level).astype(np.uint16)[:, None, None]
    return images + ((255 - images) * share + 128 >> 8).astype(np.uint8)


def add_noise(images: Bytes, deviation: Doubles, start: Doubles) -> Bytes:
    """Add normal noise of standard deviations (n,), shares of full ink.

    To draw a number for each pixel would take six times as long, more than the warp. So numbers
    are drawn once and kept, and an image gets those from a place on: start (n,), from 0 to 1.
    """
    size = images.shape[1] * images.shape[2]
    pieces = np.lib.stride_tricks.sliding_window_view(_normal_numbers(STARTS + size), size)
    noise = pieces[(start * STARTS).astype(np.intp)].reshape(images.shape)
    noise *= 255 * deviation.astype(np.float32)[:, None, None]
    noise += images
    noise += 0.5  # rounds
    return np.clip(noise, 0, 255, out=noise).astype(np.uint8)


@cache
def _normal_numbers(n: int) -> Floats:
    """Draw n numbers, always the same ones."""
    return np.random.default_rng(0).standard_normal(n, np.float32)
