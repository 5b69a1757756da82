"""An engine executes training steps. All engines compute the same; they differ in speed."""

from .numpy import NumpyEngine

__all__ = ["NumpyEngine"]
