"""Activation layer: a function of the sums below it."""

from dataclasses import dataclass, field

from ..activations import ACTIVATIONS, ActivationFunction
from ..arrays import FloatArray
from .base import Cache, Layer


@dataclass(eq=False)
class Activation(Layer):
    """Activation function as a layer: ``y = f(z)``.

    Attributes
    ----------
    name
        A key of `ACTIVATIONS`.
    function
        Its entry.

    Raises
    ------
    ValueError
        If there is no activation of that name.
    """

    name: str
    function: ActivationFunction = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.name not in ACTIVATIONS:
            raise ValueError(f"unknown activation {self.name!r}; known: {', '.join(ACTIVATIONS)}")
        self.function = ACTIVATIONS[self.name]

    def forward(self, x: FloatArray, cache: Cache) -> FloatArray:
        """``y = f(z)``, written over z where it is not read again."""
        f, z = self.function, x
        out = z if cache.overwrite and not f.needs_sums else cache.buffer("y", *z.shape)
        cache["z"], cache["y"] = z, f.function(z, out)
        return out

    def backward(self, dy: FloatArray, cache: Cache) -> FloatArray:
        """``dz`` from ``dy``: see the function's own `backward`."""
        out = cache.buffer("dz", *dy.shape)
        return self.function.backward(cache["z"], cache["y"], dy, out)
