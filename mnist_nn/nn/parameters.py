"""Parameters: names and shapes of a network's numbers, and their order in one flat vector."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Scalar = TypeVar("Scalar", bound=np.generic)


@dataclass(frozen=True)
class Parameter:
    """Name and shape of an array of numbers that a layer has."""

    name: str  # ``weights`` within a layer, ``layer_1.weights`` within a network
    shape: tuple[int, ...]
    decays: bool = False  # whether weight decay and the penalty shrink it: weights, not biases
    trainable: bool = True  # whether it has a gradient; running statistics have none
    start: float = 0.0  # value before training, unless an initializer draws it

    @property
    def size(self) -> int:
        """How many numbers it has."""
        return math.prod(self.shape)


class ParameterSpec:
    """The parameters of a network and their order in its vector.

    Those that decay come first, then the others that are trained, then what is not trained; each
    kind in the order of the layers. So what decays and what is trained are the vector's beginning,
    of lengths `n_decaying` and `n_trainable`. A ValueError is raised if two have the same name.
    """

    def __init__(self, parameters: Iterable[Parameter]) -> None:
        found = list(parameters)
        self.parameters = sorted(found, key=lambda p: (not p.decays, not p.trainable))
        self.n_decaying = sum(p.size for p in found if p.decays)
        self.n_trainable = sum(p.size for p in found if p.trainable)
        self.size = sum(p.size for p in found)
        self.names = [p.name for p in found]
        if len(set(self.names)) < len(found):
            twice = next(name for name in self.names if self.names.count(name) > 1)
            raise ValueError(f"two parameters are named {twice}; give one of them another name")

    def views(self, vector: NDArray[Scalar]) -> dict[str, NDArray[Scalar]]:
        """Split a vector into arrays that share its memory, by name in the order of the layers.

        A gradient, of shape (n_trainable,), has those that are trained.
        """
        found, start = {}, 0
        for p in self.parameters:
            if start + p.size <= len(vector):
                found[p.name] = vector[start : start + p.size].reshape(p.shape)
            start += p.size
        return {name: found[name] for name in self.names if name in found}

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise ValueError if arrays by name have other names or shapes.

        Its message ends a sentence that begins with what the parameters should fit.
        """
        expected = {p.name: p.shape for p in self.parameters}
        for name in expected | dict(shapes):
            if shapes.get(name) != expected.get(name):
                raise ValueError(
                    f"wants {name!r:.40} of shape {expected.get(name)}, it has {shapes.get(name)}"
                )
