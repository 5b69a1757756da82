"""Layers, and what a layer entry of a config expands to."""

from collections.abc import Callable
from typing import Any

from .activation import Activation
from .base import Cache, Layer
from .batch_norm import BatchNorm
from .dense import Dense
from .dropout import Dropout

__all__ = ["LAYERS", "Activation", "BatchNorm", "Cache", "Dense", "Dropout", "Layer", "block"]

LAYERS: dict[str, Callable[[Any], Layer]] = {
    "batch_norm": lambda wanted: BatchNorm(),
    "activation": Activation,
    "dropout": Dropout,
}
"""By the key of a config's layer entry, what that puts on top of the dense layer, in this order."""


def block(units: int, activation: str, *, bias: bool = True, **options: Any) -> list[Layer]:
    """Expand a layer entry of a config: a dense layer and what belongs to it.

    Parameters
    ----------
    units
        Units of the dense layer, 1 or more.
    activation
        A key of `ACTIVATIONS`.
    bias
        Whether the units have biases; under a batch normalization, whose β is one, they have none.
    **options
        Other keys of `LAYERS`: ``dropout``, a share, and ``batch_norm``, true or false. What is 0
        or false is left out.

    Returns
    -------
    list of Layer
        From the bottom to the top.

    Raises
    ------
    ValueError
        If an option is unknown or a value out of range.

    Examples
    --------
    >>> block(128, "relu", dropout=0.2)
    [Dense(units=128, bias=True), Activation(name='relu'), Dropout(rate=0.2)]
    """
    unknown = options.keys() - LAYERS.keys()
    if unknown:
        raise ValueError(f"unknown layer option {min(unknown)!r}; known: {', '.join(LAYERS)}")
    options["activation"] = activation
    parts = [make(options[key]) for key, make in LAYERS.items() if options.get(key)]
    return [Dense(units, bias and not options.get("batch_norm")), *parts]
