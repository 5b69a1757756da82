"""Compiled engine: the same steps as the NumPy engine's, compiled by Numba.

It is imported only where it is asked for, as Numba takes a while to load and may not be installed.
"""

from .engine import NumbaEngine, slower_reason, unsupported_reason

__all__ = ["NumbaEngine", "slower_reason", "unsupported_reason"]
