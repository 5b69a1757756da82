"""Warps: maps from the pixels of a new image to places in the old one.

The direction gives every new pixel a value: the old image's at its place, interpolated bilinearly
between four pixels. With ``u`` the position of a new pixel relative to the middle, the place is:

    A u + t + d(u)

where the matrix A turns, slants and scales, t shifts, and d is an elastic displacement, a smooth
random field. This file is the reference, in NumPy; `compiled` does the same faster.

The elastic field of Simard, Steinkraus and Platt ("Best practices for convolutional neural
networks applied to visual document analysis", 2003) is white noise, uniform in ±1 for each pixel,
blurred by a Gaussian of width σ and multiplied by α. A blurred field has far fewer degrees of
freedom than pixels, so here it is drawn by these alone. If the rows of G are the blurring kernels,
``G = U S Vᵀ``, a field is ``G N Gᵀ = (U S) (Vᵀ N V) (U S)ᵀ``; for normal noise N the middle is
normal noise as well, of which only the rows and columns with singular values in S well above 0
matter: 8 x 8 numbers for σ = 4 instead of 784. (Uniform noise, once blurred over some 200 pixels,
is normal to all purposes; its variance of 1/3 is kept.)
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .settings import Augmentation

SIDE = 28
IMAGE_SHAPE = (SIDE, SIDE)
MIDDLE = (SIDE - 1) / 2
ENERGY = 1e-4  # share of a field's variance along an axis that may be left out

Floats = NDArray[np.float32]


class Warps(NamedTuple):
    """The warps of n images; positions are (x, y), in pixels."""

    matrices: Floats  # A, (n, 2, 2)
    shifts: Floats  # t, (n, 2)
    fields: Floats  # d along x and along y, (n, 2, 28, 28)


def draw_warps(
    settings: Augmentation, n: int, affine: np.random.Generator, elastic: np.random.Generator
) -> Warps:
    """Draw the warps of n images.

    A and t are drawn by `affine`, d by `elastic`: with two generators it does not matter in how
    many calls the warps of a set are drawn.
    """
    uniform = affine.uniform(-1, 1, (n, 5))
    angle = math.radians(settings.rotation) * uniform[:, 0]
    slant = np.tan(math.radians(settings.shear) * uniform[:, 1])
    size = 1 + settings.scale * uniform[:, 2]
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    matrices = np.stack([cos, cos * slant - sin, sin, sin * slant + cos], axis=1)
    fields = np.zeros((n, 2, SIDE, SIDE), np.float32)
    if settings.elastic_alpha:
        basis = blur_basis(settings.elastic_sigma)
        k, strength = basis.shape[1], np.float32(settings.elastic_alpha / math.sqrt(3))
        waves = strength * elastic.standard_normal((n, 2, k, k), np.float32)
        fields = np.matmul(basis @ waves, basis.T, dtype=np.float32)
    return Warps(
        matrices.reshape(n, 2, 2).astype(np.float32),
        (settings.shift * uniform[:, 3:]).astype(np.float32),
        fields,
    )


@cache
def blur_basis(sigma: float) -> Floats:
    """Return the directions (28, k) that a Gaussian blur along one axis does not suppress.

    Each has the length of its singular value. The noise extends beyond the image's edges.
    """
    reach = math.ceil(4 * sigma)
    distance = np.arange(SIDE)[:, None] - np.arange(-reach, SIDE + reach)
    kernel = np.exp(-(distance**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    directions, values, _ = np.linalg.svd(kernel, full_matrices=False)
    left_out = 1 - np.cumsum(values**2) / np.sum(values**2)
    k = int(np.argmax(left_out < ENERGY)) + 1
    basis: Floats = (directions[:, :k] * values[:k]).astype(np.float32)
    return basis


def warp(images: NDArray[np.uint8], warps: Warps) -> NDArray[np.uint8]:
    """Warp images (n, 784) with NumPy, each by its own warp; beyond its edges an image is blank."""
    n = len(images)
    position = np.arange(SIDE, dtype=np.float32) - np.float32(MIDDLE)
    x, y = position[None, None, :], position[None, :, None]
    matrices, shifts = warps.matrices[..., None, None], warps.shifts[..., None, None]
    place = matrices[:, :, 0] * x + matrices[:, :, 1] * y  # (n, 2, 28, 28)
    place += warps.fields
    place += shifts + np.float32(MIDDLE)
    np.clip(place, -1, SIDE, out=place)  # one pixel beyond the edge it is blank, as farther out
    corner = np.floor(place)
    right, down = (place - corner).swapaxes(0, 1)
    column, row = corner.astype(np.intp).swapaxes(0, 1)

    padded = np.zeros((n, SIDE + 3, SIDE + 3), np.float32)  # 1 before, 2 behind
    padded[:, 1 : SIDE + 1, 1 : SIDE + 1] = images.reshape(n, SIDE, SIDE)
    flat, width = padded.reshape(-1), SIDE + 3
    at = (np.arange(n)[:, None, None] * width + row + 1) * width + column + 1
    upper = flat[at] + right * (flat[at + 1] - flat[at])
    lower = flat[at + width] + right * (flat[at + width + 1] - flat[at + width])
    values = upper + down * (lower - upper) + np.float32(0.5)
    new: NDArray[np.uint8] = values.astype(np.uint8).reshape(n, -1)
    return new
