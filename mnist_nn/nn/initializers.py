"""Initializers: distributions that starting weights are drawn from.

Too small, and the signal vanishes on its way up; too large, and it saturates. The spread of most
depends on how many inputs (``n_in``) and units (``n_out``) a layer has. Weights are drawn as
``(n_out, n_in)``, one row for each unit, as in the write-ups of docs/reference-systems.md, so that
their starting weights can be reproduced.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Random: TypeAlias = np.random.Generator | np.random.RandomState
"""A modern generator; or a legacy one, for write-ups seeded with ``np.random.seed``."""


@dataclass(frozen=True)
class Scheme:
    """An entry of the table of initializers.

    With s = scale · spread(n_in, n_out), a uniform one draws from U(-s, s), another from N(0, s²).
    """

    uniform: bool
    spread: Callable[[int, int], float]
    scale: float | None  # where none is given; None for the gain of the layer's activation

    def draw(self, rng: Random, shape: tuple[int, ...], s: float) -> NDArray[np.float64]:
        """Draw numbers of spread s."""
        return rng.uniform(-s, s, shape) if self.uniform else rng.normal(0, s, shape)


# Glorot and Bengio, 2010; He et al., 2015
INITIALIZERS = {
    "glorot_uniform": Scheme(True, lambda n_in, n_out: math.sqrt(6 / (n_in + n_out)), None),
    "glorot_normal": Scheme(False, lambda n_in, n_out: math.sqrt(2 / (n_in + n_out)), None),
    "he_uniform": Scheme(True, lambda n_in, n_out: math.sqrt(6 / n_in), 1.0),
    "he_normal": Scheme(False, lambda n_in, n_out: math.sqrt(2 / n_in), 1.0),
    "normal": Scheme(False, lambda n_in, n_out: 1.0, 0.01),
    "uniform": Scheme(True, lambda n_in, n_out: 1.0, 1.0),
    "fan_out_normal": Scheme(False, lambda n_in, n_out: math.sqrt(1 / n_out), 1.0),
}


@dataclass(frozen=True)
class Initializer:
    """How the starting parameters of a network are drawn.

    Attributes
    ----------
    name
        A key of `INITIALIZERS`.
    scale
        Factor on the spread, above 0; None for the scheme's own default.
    biases
        Draw the biases as the weights are drawn, instead of starting them at zero.

    Raises
    ------
    ValueError
        If there is no initializer of that name, or the scale is not above 0.
    """

    name: str = "glorot_uniform"
    scale: float | None = None
    biases: bool = False

    def __post_init__(self) -> None:
        if self.name not in INITIALIZERS:
            raise ValueError(f"unknown initializer {self.name!r}; known: {', '.join(INITIALIZERS)}")
        if self.scale is not None and not self.scale > 0:
            raise ValueError(f"scale must be above 0, got {self.scale}")

    def fill(
        self, rng: Random, weights: NDArray[Any], biases: NDArray[Any] | None, gain: float
    ) -> None:
        """Draw one layer's starting parameters in place; `gain` is its activation's."""
        scheme = INITIALIZERS[self.name]
        n_in, n_out = weights.shape
        scale = next(s for s in (self.scale, scheme.scale, gain) if s is not None)
        spread = scale * scheme.spread(n_in, n_out)
        weights[...] = scheme.draw(rng, (n_out, n_in), spread).T
        if biases is not None:
            biases[...] = scheme.draw(rng, (n_out,), spread) if self.biases else 0
