"""Brightness of the background, fitted as a smooth surface: light is seldom even."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float64]
Mask = NDArray[np.bool_]

POWERS = ((0, 0), (1, 0), (0, 1), (2, 0), (1, 1), (0, 2))  # of x and y: a plane, then a quadratic
PLANE = 3  # terms
RING = 16  # the border is one such part of the shorter side wide
CLIP = 3.0  # standard deviations: pixels farther off are not background
ROUNDS = 10  # of fitting, at most, for each number of terms
BINS = 16  # of brightness
FAR = 0.1  # of the image's range: pixels farther off all count the same in a misfit
FLOOR = 0.002  # of the image's range: half a level of 255, the noise of rounding


def fit_surface(image: Grey) -> tuple[Grey, float]:
    """Fit the background's brightness by least squares.

    Two guesses are refined: that the border is background, and that the most frequent brightness
    is that of the background; the one that fits more of the image wins. Return the image minus the
    surface, and the background's standard deviation from it.
    """
    border, everywhere = _border(image), np.ones(image.shape, bool)
    by_border = _refined(image, border, border)
    by_mode = _refined(image, _most_frequent(image), everywhere)
    return min(by_border, by_mode, key=lambda fit: _misfit(fit[0]))


def _refined(image: Grey, background: Mask, region: Mask) -> tuple[Grey, float]:
    """Fit, drop what is far off, and repeat: a plane in the region, then a quadratic anywhere."""
    difference, noise = image, 1.0
    for terms, where in ((PLANE, region), (len(POWERS), None)):
        for _ in range(ROUNDS):
            difference = image - _surface(image, background, terms)
            noise = _deviation(difference, background)
            before = background
            background = np.abs(difference) <= max(CLIP * noise, 2 * FLOOR)
            if where is not None:
                background &= where
            if np.array_equal(background, before):
                break
        background = np.abs(difference) <= max(CLIP * noise, 2 * FLOOR)
    return difference, max(noise, FLOOR)


def _border(image: Grey) -> Mask:
    h, w = image.shape
    ring = max(1, min(h, w) // RING)
    border = np.ones((h, w), bool)
    border[ring : h - ring, ring : w - ring] = False
    return border


def _most_frequent(image: Grey) -> Mask:
    """Select the pixels in the two neighbouring bins of brightness that hold the most."""
    bins = np.minimum(np.floor(image * BINS), BINS - 1).astype(np.intp)
    counts = np.bincount(bins.ravel(), minlength=BINS)
    best = int(np.argmax(counts[:-1] + counts[1:]))
    frequent: Mask = (bins == best) | (bins == best + 1)
    return frequent


def _misfit(difference: Grey) -> float:
    """Sum the distances of the pixels, each at most `FAR`: ink is far off in any case."""
    far = np.minimum(np.abs(difference), FAR)
    return float(np.cumsum(np.cumsum(far, axis=0)[-1])[-1])


def _surface(image: Grey, background: Mask, terms: int) -> Grey:
    """Solve the normal equations of least squares over the background."""
    h, w = image.shape
    x, y = 2 * (np.arange(w) + 0.5) / w - 1, (2 * (np.arange(h) + 0.5) / h - 1)[:, None]
    powers = POWERS[:terms]
    weight = background.astype(np.float64)
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
    """Return the sums of ``values x^a y^b`` over the image at [a][b], up to the degree."""
    moments = [[0.0] * (degree + 1) for _ in range(degree + 1)]
    for b in range(degree + 1):
        columns = np.cumsum(values, axis=0)[-1]
        for a in range(degree + 1):
            moments[a][b] = float(np.cumsum(columns)[-1])
            columns = columns * x
        values = values * y
    return moments


def _solved(rows: list[list[float]]) -> list[float]:
    """Solve linear equations by Gaussian elimination; the matrix is positive definite."""
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


def _deviation(difference: Grey, background: Mask) -> float:
    count = int(background.sum())
    squares = np.cumsum(np.cumsum(np.where(background, difference * difference, 0.0), axis=0)[-1])
    return float(np.sqrt(squares[-1] / count)) if count else 0.0
