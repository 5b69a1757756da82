"""An engine executes training steps. All engines compute the same; they differ in speed."""

from .choice import Choice, EngineName, choose_engine, make_engine
from .interface import Engine, Recipe
from .numpy import NumpyEngine

__all__ = [
    "Choice",
    "Engine",
    "EngineName",
    "NumpyEngine",
    "Recipe",
    "choose_engine",
    "make_engine",
]
