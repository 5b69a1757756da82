"""The surface is the brightness of the paper: smooth, but seldom the same everywhere."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float64]
Mask = NDArray[np.bool_]

POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))  # of x and y: a plane, then a quadratic
PLANE = 3  # terms
RING = 16  # the border is this part of the shorter side wide
CLIP = 3.0  # standard deviations: what is farther off is not paper
ROUNDS = 10  # at most, of each kind
BINS = 16  # of brightness
FAR = 0.1  # of the image's range: what is farther off is not paper, however far
FLOOR = 0.002  # of the image's range: half a level of 255, the noise of rounding


def fit_surface(image: Grey) -> tuple[Grey, float]:
    """Fit the paper's brightness by least squares, to what seems to be paper.

    There are two guesses to start with: that the border is paper, and that the most frequent
    brightness is that of paper. Each is refined; the one that suits more of the image wins.
    Return the image less the surface, and the standard deviation of the paper about it.
    """
    border, everywhere = _border(image), np.ones(image.shape, bool)
    by_border = _refined(image, border, border)
    by_mode = _refined(image, _most_frequent(image), everywhere)
    return min(by_border, by_mode, key=lambda fit: _misfit(fit[0]))


def _refined(image: Grey, paper: Mask, region: Mask) -> tuple[Grey, float]:
    """Fit, drop what is far off, and again: a plane in the region, then a quadratic anywhere."""
    difference, noise = image, 1.0
    for terms, where in ((PLANE, region), (len(POWERS), None)):
        for _ in range(ROUNDS):
            difference = image - _surface(image, paper, terms)
            noise = _deviation(difference, paper)
            before, paper = paper, np.abs(difference) <= max(CLIP * noise, 2 * FLOOR)
            if where is not None:
                paper &= where
            if np.array_equal(paper, before):
                break
        paper = np.abs(difference) <= max(CLIP * noise, 2 * FLOOR)
    return difference, max(noise, FLOOR)


def _border(image: Grey) -> Mask:
    h, w = image.shape
    ring = max(1, min(h, w) // RING)
    border = np.ones((h, w), bool)
    border[ring : h - ring, ring : w - ring] = False
    return border


def _most_frequent(image: Grey) -> Mask:
    """Choose the pixels in the two neighbouring bins of brightness that hold the most."""
    bins = np.minimum(np.floor(image * BINS), BINS - 1).astype(np.intp)
    counts = np.bincount(bins.ravel(), minlength=BINS)
    best = int(np.argmax(counts[:-1] + counts[1:]))
    frequent: Mask = (bins == best) | (bins == best + 1)
    return frequent


def _misfit(difference: Grey) -> float:
    """Sum how far off the pixels are; ink, far off in any case, counts a little only."""
    far = np.minimum(np.abs(difference), FAR)
    return float(np.cumsum(np.cumsum(far, axis=0)[-1])[-1])


def _surface(image: Grey, paper: Mask, terms: int) -> Grey:
    """Solve the normal equations of least squares over the pixels of paper."""
    h, w = image.shape
    x, y = 2 * (np.arange(w) + 0.5) / w - 1, (2 * (np.arange(h) + 0.5) / h - 1)[:, None]
    powers = POWERS[:terms]
    weight = paper.astype(np.float64)
    moments = _moments(weight, x, y, 2 * max(map(max, powers)))
    values = _moments(weight * image, x, y, max(map(max, powers)))
    rows = [[moments[a + c][b + d] for c, d in powers] + [values[a][b]] for a, b in powers]
    for i in range(terms):
        rows[i][i] += 1e-9 * moments[0][0] + 1e-12  # solvable even for an image of one pixel
    surface = np.zeros((h, w))
    for factor, (a, b) in zip(_solved(rows), powers, strict=True):
        surface += factor * (x**a * y**b)
    return surface


def _moments(values: Grey, x: Grey, y: Grey, degree: int) -> list[list[float]]:
    """Sum ``values x^a y^b`` over the image, for a and b up to the degree, at [a][b]."""
    moments = [[0.0] * (degree + 1) for _ in range(degree + 1)]
    for b in range(degree + 1):
        columns = np.cumsum(values, axis=0)[-1]
        for a in range(degree + 1):
            moments[a][b] = float(np.cumsum(columns)[-1])
            columns = columns * x
        values = values * y
    return moments


def _solved(rows: list[list[float]]) -> list[float]:
    """Solve linear equations by Gauss's elimination; the matrix is positive definite."""
    n = len(rows)
    for i in range(n):
        for k in range(i + 1, n):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    solution = [0.0] * n
    for i in reversed(range(n)):
        known = 0.0
        for k in range(i + 1, n):
            known += rows[i][k] * solution[k]
        solution[i] = (rows[i][n] - known) / rows[i][i]
    return solution


def _deviation(difference: Grey, paper: Mask) -> float:
    count = int(paper.sum())
    squares = np.cumsum(np.cumsum(np.where(paper, difference * difference, 0.0), axis=0)[-1])
    return float(np.sqrt(squares[-1] / count)) if count else 0.0
