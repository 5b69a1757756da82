"""Choice of a run's engine: the one that was asked for, if it can run the training.

Numba is imported only where it is needed: that takes a while, and it may not be installed.
"""

import os
import re
import warnings
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..errors import ConfigError, shown
from ..extras import install_command
from ..nn import Network
from .interface import Engine
from .numpy_engine import NumpyEngine
from .step_config import StepConfig

EngineName: TypeAlias = Literal["auto", "numpy", "numba"]


class Choice(NamedTuple):
    """Name of the engine of a run, and why it is not Numba's, where that might have been."""

    name: Literal["numpy", "numba"]
    reason: str = ""


def choose_engine(
    name: EngineName, network: Network, step_config: StepConfig, batch_size: int
) -> Choice:
    """Choose the engine of a run; "auto" is the fastest that can run it.

    NumPy's can run everything, so it takes what the one that was asked for cannot. A ConfigError is
    raised if Numba is asked for by name and cannot be used, or if one of its environment variables
    has a value that it does not take.
    """
    if name == "numpy":
        return Choice("numpy")
    fault = numba_fault()
    if fault and name == "auto":
        return Choice("numpy", fault)
    if fault:
        raise ConfigError(f"training.engine: {fault}\nuse engine auto or numpy to train without it")
    from .compiled import slower_reason, unsupported_reason

    limit = unsupported_reason(network, step_config, batch_size)
    if limit is None and name == "auto":
        limit = slower_reason(network, batch_size)
    return Choice("numba") if limit is None else Choice("numpy", f"the numba engine {limit}")


def numba_fault() -> str:
    """Return why Numba cannot be used here, and the remedy; empty if it can."""
    _check_features()
    try:
        with warnings.catch_warnings():  # Numba warns of a variable it cannot read
            warnings.filterwarnings("error", "Environment variable", RuntimeWarning)
            import numba

            if numba.config.DISABLE_JIT:
                return "the environment variable NUMBA_DISABLE_JIT is set; unset it"
            import_module(f"{__package__}.compiled")
    except ModuleNotFoundError as error:
        if error.name in ("numba", "llvmlite"):
            remedy = f"{install_command('fast')} makes training several times faster"
            return f"numba is not installed; {remedy}"
        return _broken(error)
    except Exception as error:  # binaries that do not fit each other raise anything
        _check_variables(str(error))
        return _broken(error)
    _check_variables()
    return ""


def _broken(error: Exception) -> str:
    """Return a message for an error in importing Numba."""
    reason = str(error).strip().partition("\n")[0][:200]
    return (
        f"numba cannot be imported: {type(error).__name__}: {reason}; "
        "reinstall numba, llvmlite and numpy in versions that fit each other"
    )


def _check_variables(problem: str = "") -> None:
    """Raise ConfigError if a Numba variable is invalid; `problem` is its import's error."""
    unreadable = re.match(r"Environment variable '(\w+)' .* value '(.*?)' could not", problem, re.S)
    threads, folder = (os.environ.get(f"NUMBA_{name}", "") for name in ("NUM_THREADS", "CACHE_DIR"))
    if unreadable:
        name, value = unreadable.groups()
        rule = f"Numba cannot read the value {shown(value)}"
    elif re.fullmatch(r"\s*([+-]?0+|-\d+)\s*", threads):
        name, rule = "NUMBA_NUM_THREADS", f"{shown(threads)} is not a number of threads, 1 or more"
    elif folder and os.path.lexists(folder) and not Path(folder).is_dir():
        name, rule = "NUMBA_CACHE_DIR", f"{shown(folder)} is not a folder"
    else:
        return
    raise ConfigError(f"environment variable {name}: {rule}\ncorrect or unset it")


def _check_features() -> None:
    """Raise ConfigError for processor features without + or -: LLVM would end the process."""
    features = os.environ.get("NUMBA_CPU_FEATURES", "")
    if not all(re.fullmatch(r"[+-]\S+", name.strip()) for name in features.split(",") if name):
        raise ConfigError(
            f"environment variable NUMBA_CPU_FEATURES: {shown(features)} has a feature without + "
            "or - before it\ncorrect or unset it"
        )


def make_engine(
    choice: Choice,
    network: Network,
    step_config: StepConfig,
    x: NDArray[Any],
    y: NDArray[np.integer[Any]],
    batch_size: int,
    rng: np.random.Generator,
) -> Engine:
    """Make the chosen engine; the other parameters are those of an `Engine`."""
    if choice.name == "numpy":
        return NumpyEngine(network, step_config, x, y, batch_size, rng)
    from .compiled import NumbaEngine

    return NumbaEngine(network, step_config, x, y, batch_size, rng)
