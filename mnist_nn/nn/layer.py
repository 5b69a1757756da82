"""A layer, as it is asked for and as it stands in a network."""

from dataclasses import dataclass

from .activations import ACTIVATIONS, Activation
from .arrays import FloatArray


@dataclass(frozen=True)
class Dense:
    """What a dense layer should be: how many units, and how they answer.

    Attributes
    ----------
    units
        Number of outputs, 1 or more.
    activation
        A key of `ACTIVATIONS`.
    dropout
        Share of its outputs that are silenced at each step of training, 0 or more and below 1.

    Raises
    ------
    ValueError
        If `units` is below 1, the activation is unknown or `dropout` is out of range.
    """

    units: int
    activation: str = "sigmoid"
    dropout: float = 0.0

    def __post_init__(self) -> None:
        if self.units < 1:
            raise ValueError(f"units must be 1 or more, got {self.units}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"unknown activation {self.activation!r}; known: {', '.join(ACTIVATIONS)}"
            )
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be 0 or more and below 1, got {self.dropout}")


@dataclass(frozen=True, eq=False)
class Layer:
    """A dense layer in place: its activation, and views into the network's two vectors.

    Attributes
    ----------
    activation
        How its units answer.
    W, dW
        Weights and their gradient, of shape (n_in, units).
    b, db
        Biases and their gradient, of shape (units,); None in a network without biases.
    dropout
        Share of its outputs that are silenced at each step of training.
    """

    activation: Activation
    W: FloatArray
    dW: FloatArray
    b: FloatArray | None
    db: FloatArray | None
    dropout: float = 0.0
