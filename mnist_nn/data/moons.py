"""Two moons: points on two interleaving half circles, the smallest problem a line cannot solve."""

import numpy as np
from numpy.typing import NDArray


def moons(
    n: int, noise: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Scatter n points around two half circles, half of them on each; x is (n, 2), y is (n,).

    The upper moon, class 0, is the half circle of radius 1 around (0, 0) with y ≥ 0; the lower one,
    class 1, that around (1, ½) with y ≤ ½. `noise` is the standard deviation of each coordinate, in
    radii.
    """
    y = rng.permutation(np.arange(n) % 2).astype(np.uint8)
    angle = rng.uniform(0, np.pi, n)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1 - np.cos(angle), 0.5 - np.sin(angle)])
    x = np.where(y[:, None] == 0, upper, lower)
    return x + rng.normal(0, noise, x.shape), y
