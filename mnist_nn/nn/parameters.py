"""Parameters: what a network's numbers are called, and where each lies in one flat vector."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .arrays import FloatArray


@dataclass(frozen=True)
class Parameter:
    """An array of numbers that a layer has.

    Attributes
    ----------
    name
        ``weights`` within a layer, ``layer_1.weights`` within a network.
    shape
        Shape of the array.
    decays
        Whether weight decay and the penalty on weights shrink it: weights, not biases.
    trainable
        Whether it has a gradient. What has none is measured in training: running statistics.
    start
        Value of all its numbers before training, unless an initializer draws them.
    """

    name: str
    shape: tuple[int, ...]
    decays: bool = False
    trainable: bool = True
    start: float = 0.0

    @property
    def size(self) -> int:
        """Count its numbers."""
        return math.prod(self.shape)


class ParameterSpec:
    """The parameters of a network and their order in its vector.

    Those that decay come first, then the others that are trained, then what is not trained; each
    kind in the order of the layers. So what decays and what is trained are the vector's beginning.

    Parameters
    ----------
    parameters
        In the order of the layers.

    Raises
    ------
    ValueError
        If two have the same name.

    Attributes
    ----------
    parameters
        In the order of the vector.
    n_decaying, n_trainable, size
        How many numbers decay, are trained, and there are.
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

    def views(self, vector: FloatArray) -> dict[str, FloatArray]:
        """Cut a vector into arrays that share its memory.

        Parameters
        ----------
        vector
            Array of shape (size,), or of shape (n_trainable,) for a gradient.

        Returns
        -------
        dict of ndarray
            By name, in the order of the layers; of a gradient, what is trained.
        """
        found, start = {}, 0
        for p in self.parameters:
            if start + p.size <= len(vector):
                found[p.name] = vector[start : start + p.size].reshape(p.shape)
            start += p.size
        return {name: found[name] for name in self.names if name in found}

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Refuse arrays of other names or shapes.

        Parameters
        ----------
        shapes
            Shape of each array by name.

        Raises
        ------
        ValueError
            If a parameter is missing, too many, or of another shape: the end of a sentence that
            begins with what the parameters should fit.
        """
        expected = {p.name: p.shape for p in self.parameters}
        for name in expected | dict(shapes):
            if shapes.get(name) != expected.get(name):
                raise ValueError(
                    f"wants {name!r:.40} of shape {expected.get(name)}, it has {shapes.get(name)}"
                )
