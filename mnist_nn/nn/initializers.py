"""An initializer draws the weights that learning starts from.

Too small, and the signal dies on its way up; too large, and it saturates. Each function here draws
from a distribution whose spread depends on how many units a layer reads (``n_in``) and has
(``n_out``). Arrays are drawn as ``(n_out, n_in)``, one row for each unit, as write-ups B and C do,
so that their starting weights come out again.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Random: TypeAlias = np.random.Generator | np.random.RandomState
"""A modern generator; or a legacy one, for write-ups seeded with ``np.random.seed``."""

Draw: TypeAlias = Callable[[Random, tuple[int, ...], int, int, float], NDArray[np.float64]]


def glorot_uniform(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """U(-a, a) with a = scale · √(6 / (n_in + n_out)) (Glorot and Bengio, 2010)."""
    limit = scale * math.sqrt(6 / (n_in + n_out))
    return rng.uniform(-limit, limit, shape)


def glorot_normal(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """N(0, s²) with s = scale · √(2 / (n_in + n_out)) (Glorot and Bengio, 2010)."""
    return rng.normal(0, scale * math.sqrt(2 / (n_in + n_out)), shape)


def he_uniform(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """U(-a, a) with a = scale · √(6 / n_in) (He et al., 2015)."""
    limit = scale * math.sqrt(6 / n_in)
    return rng.uniform(-limit, limit, shape)


def he_normal(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """N(0, s²) with s = scale · √(2 / n_in) (He et al., 2015)."""
    return rng.normal(0, scale * math.sqrt(2 / n_in), shape)


def normal(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """N(0, scale²), whatever the layer's size: write-ups C (0.1) and D (0.01)."""
    return rng.normal(0, scale, shape)


def uniform(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """U(-scale, scale), whatever the layer's size: write-up B (1)."""
    return rng.uniform(-scale, scale, shape)


def fan_out_normal(
    rng: Random, shape: tuple[int, ...], n_in: int, n_out: int, scale: float
) -> NDArray[np.float64]:
    """N(0, s²) with s = scale · √(1 / n_out): write-up A (1)."""
    return rng.normal(0, scale * math.sqrt(1 / n_out), shape)


@dataclass(frozen=True)
class Scheme:
    """One entry of the table of initializers.

    Attributes
    ----------
    draw
        ``draw(rng, shape, n_in, n_out, scale)``.
    scale
        Where none is given; None for the gain of the layer's activation.
    """

    draw: Draw
    scale: float | None


INITIALIZERS = {
    "glorot_uniform": Scheme(glorot_uniform, None),
    "glorot_normal": Scheme(glorot_normal, None),
    "he_uniform": Scheme(he_uniform, 1.0),
    "he_normal": Scheme(he_normal, 1.0),
    "normal": Scheme(normal, 0.01),
    "uniform": Scheme(uniform, 1.0),
    "fan_out_normal": Scheme(fan_out_normal, 1.0),
}


@dataclass(frozen=True)
class Initializer:
    """How a network's layers are drawn.

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
        """Draw one layer's starting parameters in place.

        Parameters
        ----------
        rng
            Where the numbers come from.
        weights
            Of shape (n_in, n_out).
        biases
            Of shape (n_out,), or None for a layer without.
        gain
            Of the layer's activation.
        """
        scheme = INITIALIZERS[self.name]
        n_in, n_out = weights.shape
        scale = next(s for s in (self.scale, scheme.scale, gain) if s is not None)
        weights[...] = scheme.draw(rng, (n_out, n_in), n_in, n_out, scale).T
        if biases is not None:
            biases[...] = scheme.draw(rng, (n_out,), n_in, n_out, scale) if self.biases else 0
