"""Compiling takes Numba seconds, so what it made is kept for the next process where it can be."""

from collections.abc import Callable
from typing import Any

from numba import njit


def kept_compiled(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorate a function that Numba compiles at its first call, or finds compiled.

    Parameters
    ----------
    **options
        Of `numba.njit`.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        kernel: Callable[..., Any]
        try:
            kernel = njit(cache=True, **options)(function)
        except RuntimeError:  # there is no folder that it could be kept in
            kernel = njit(**options)(function)
        return kernel

    return decorate
