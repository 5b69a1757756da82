"""Which engine a run gets: the one that was asked for, if it can."""

from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError
from ..nn import Network
from .interface import Engine
from .numpy import NumpyEngine
from .recipe import Recipe, Stepper

EngineName: TypeAlias = Literal["auto", "numpy", "numba"]
EXTRA = "pip install 'mnist-nn[fast]'"


class Choice(NamedTuple):
    """The engine of a run.

    Attributes
    ----------
    name
        "numpy" or "numba".
    reason
        Why it is not Numba's, where that was asked for or might have been; otherwise empty.
    """

    name: Literal["numpy", "numba"]
    reason: str = ""


def choose_engine(
    name: EngineName, network: Network, optimizer: Stepper, batch_size: int
) -> Choice:
    """Choose the engine of a run.

    Parameters
    ----------
    name
        Which is wanted; "auto" is the fastest there is.
    network, optimizer, batch_size
        Of the run.

    Returns
    -------
    Choice
        NumPy's can run everything, so it takes what the one that was asked for cannot.

    Raises
    ------
    ConfigError
        If Numba is asked for by name and cannot be imported.
    """
    if name == "numpy":
        return Choice("numpy")
    try:
        from .numba import obstacle
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name in ("numba", "llvmlite")
        reason = "numba is not installed" if missing else f"numba cannot be imported: {error}"
        remedy = f"{EXTRA} makes training several times faster"
        if name == "auto":
            return Choice("numpy", f"{reason}; {remedy}" if missing else reason)
        raise ConfigError(
            f"training.engine: {reason}\n{EXTRA}, or use engine auto or numpy"
        ) from error
    limit = obstacle(network, optimizer, batch_size)
    return Choice("numba") if limit is None else Choice("numpy", f"the numba engine {limit}")


def make_engine(
    choice: Choice,
    network: Network,
    recipe: Recipe,
    x: NDArray[Any],
    y: NDArray[np.integer[Any]],
    batch_size: int,
    rng: np.random.Generator,
) -> Engine:
    """Make the chosen engine; the other parameters are those of an `Engine`."""
    if choice.name == "numpy":
        return NumpyEngine(network, recipe, x, y, batch_size, rng)
    from .numba import NumbaEngine

    return NumbaEngine(network, recipe, x, y, batch_size, rng)
