"""Folding: a network in evaluation as dense layers alone, to be run by other programs."""

from typing import NamedTuple

from .activations import ActivationFunction
from .arrays import FloatArray
from .layers import Activation, Dense, Dropout
from .network import Network


class FoldedLayer(NamedTuple):
    """A dense layer in evaluation, ``activation(x W + b)``."""

    W: FloatArray  # (n_inputs, units)
    b: FloatArray | None  # (units,)
    activation: ActivationFunction

    def divided_by(self, temperature: float) -> "FoldedLayer":
        """Return the layer with its sums divided by a temperature, which calibrates the last."""
        b = None if self.b is None else self.b / temperature
        return self._replace(W=self.W / temperature, b=b)


def folded_layers(network: Network) -> list[FoldedLayer]:
    """Return a network's dense layers, with batch normalization folded into them.

    An affine layer in between, ``s (x W + b) + t``, gives the weights ``W s`` and the biases
    ``b s + t``. ValueError if the network has a layer that is not of this kind.
    """
    folded: list[FoldedLayer] = []
    W, b = None, None
    for layer in network.layers:
        affine = layer.affine()
        if isinstance(layer, Dense) and W is None:
            W, b = layer.W, layer.b
        elif isinstance(layer, Activation) and W is not None:
            folded.append(FoldedLayer(W, b, layer.function))
            W = None
        elif affine and W is not None:
            scale, shift = affine  # (units,)
            W, b = W * scale, shift if b is None else b * scale + shift
        elif not isinstance(layer, Dropout):
            raise ValueError(
                f"it has the layer {layer}, where only dense layers can be, each with an "
                "activation and, in between, layers like batch normalization"
            )
    return folded
