"""Warps: maps from the pixels of a new image to places in the old one.

The direction gives every new pixel a value: the old image's at its place, interpolated bilinearly
between four pixels. With ``u`` the position of a new pixel relative to the middle, the place is:

    A u + t + d(u)

where the matrix A turns, slants, scales and stretches, t shifts, and d is an elastic displacement,
a smooth random field. This file is the reference, in NumPy; `compiled` does the same faster.

The elastic field of Simard, Steinkraus and Platt ("Best practices for convolutional neural
networks applied to visual document analysis", 2003) is white noise, uniform in ±1 for each pixel,
blurred by a Gaussian of width σ and multiplied by α. A blurred field has far fewer degrees of
freedom than pixels, so here it is drawn by these alone. If the rows of G are the blurring kernels,
``G = U S Vᵀ``, a field is ``G N Gᵀ = (U S) (Vᵀ N V) (U S)ᵀ``; for normal noise N the middle is
normal noise as well, of which only the rows and columns with singular values in S well above 0
matter: for σ = 4 and 28 x 28 pixels, 8 x 8 numbers instead of 784. (Uniform noise, once blurred
over some 200 pixels, is normal to all purposes; its variance of 1/3 is kept.)
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from .draws import Doubles
from .settings import Augmentation

ENERGY = 1e-4  # share of a field's variance along an axis that may be left out

Floats = NDArray[np.float32]


class Warps(NamedTuple):
    """The warps of n images; positions are (x, y), in pixels."""

    matrices: Floats  # A, (n, 2, 2)
    shifts: Floats  # t, (n, 2)
    fields: Floats  # d along x and along y, (n, 2, height, width)


def draw_warps(
    settings: Augmentation,
    image_shape: tuple[int, int],
    numbers: dict[str, Doubles],
    elastic: np.random.Generator,
) -> Warps:
    """Make the warps of n images of (height, width): d drawn by `elastic`, all else of `numbers`.

    With two generators it does not matter in how many calls the warps of a set are drawn.
    """
    n = len(numbers["shift"])
    angle = math.radians(settings.rotation) * numbers["rotation"][:, 0]
    slant = np.tan(math.radians(settings.shear) * numbers["shear"][:, 0])
    size = 1 + settings.scale * numbers["scale"][:, 0]
    cos, sin = np.cos(angle) / size, np.sin(angle) / size
    matrices = np.stack([cos, cos * slant - sin, sin, sin * slant + cos], axis=1)
    if settings.stretch:
        matrices[:, :2] /= 1 + settings.stretch * numbers["stretch"]
    if settings.flip:
        matrices[:, ::2] *= np.sign(
            numbers["flip"]
        )  # what is right of the middle comes from its left
    fields = np.zeros((n, 2, *image_shape), np.float32)
    if settings.elastic_alpha:
        down, across = (blur_basis(settings.elastic_sigma, side) for side in image_shape)
        strength = np.float32(settings.elastic_alpha / math.sqrt(3))
        shape = (n, 2, down.shape[1], across.shape[1])
        waves = strength * elastic.standard_normal(shape, np.float32)
        fields = np.matmul(down @ waves, across.T, dtype=np.float32)
    return Warps(
        matrices.reshape(n, 2, 2).astype(np.float32),
        (settings.shift * numbers["shift"]).astype(np.float32),
        fields,
    )


@cache
def blur_basis(sigma: float, side: int) -> Floats:
    """Return the directions (side, k) that a Gaussian blur along one axis does not suppress.

    Each has the length of its singular value. The noise extends beyond the image's edges.
    """
    reach = math.ceil(4 * sigma)
    distance = np.arange(side)[:, None] - np.arange(-reach, side + reach)
    kernel = np.exp(-(distance**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    directions, values, _ = np.linalg.svd(kernel, full_matrices=False)
    left_out = 1 - np.cumsum(values**2) / np.sum(values**2)
    k = int(np.argmax(left_out < ENERGY)) + 1
    basis: Floats = (directions[:, :k] * values[:k]).astype(np.float32)
    return basis


def warp(images: NDArray[np.uint8], warps: Warps) -> NDArray[np.uint8]:
    """Warp images (n, height · width) with NumPy, each by its own warp.

    Beyond its edges an image is blank.
    """
    n, _, height, width = warps.fields.shape
    middle = np.array([width - 1, height - 1], np.float32) / 2
    x = (np.arange(width, dtype=np.float32) - middle[0])[None, None, :]
    y = (np.arange(height, dtype=np.float32) - middle[1])[None, :, None]
    matrices, shifts = warps.matrices[..., None, None], warps.shifts[..., None, None]
    place = matrices[:, :, 0] * x + matrices[:, :, 1] * y  # (n, 2, height, width)
    place += warps.fields
    place += shifts + middle[:, None, None]
    beyond = np.array([width, height], np.float32)[:, None, None]
    np.clip(place, -1, beyond, out=place)  # one pixel beyond the edge it is blank, as farther out
    corner = np.floor(place)
    right, down = (place - corner).swapaxes(0, 1)
    column, row = corner.astype(np.intp).swapaxes(0, 1)

    padded = np.zeros((n, height + 3, width + 3), np.float32)  # 1 before, 2 behind
    padded[:, 1 : height + 1, 1 : width + 1] = images.reshape(n, height, width)
    flat, below = padded.reshape(-1), width + 3
    at = (np.arange(n)[:, None, None] * (height + 3) + row + 1) * below + column + 1
    upper = flat[at] + right * (flat[at + 1] - flat[at])
    lower = flat[at + below] + right * (flat[at + below + 1] - flat[at + below])
    values = upper + down * (lower - upper) + np.float32(0.5)
    new: NDArray[np.uint8] = values.astype(np.uint8).reshape(n, -1)
    return new
