"""Engines execute training steps. All compute the same; they differ in speed."""

from .choice import Choice, EngineName, choose_engine, make_engine, numba_fault
from .interface import Engine, EngineState
from .numpy_engine import NumpyEngine
from .step_config import Regularization, StepConfig

__all__ = [
    "Choice",
    "Engine",
    "EngineName",
    "EngineState",
    "NumpyEngine",
    "Regularization",
    "StepConfig",
    "choose_engine",
    "make_engine",
    "numba_fault",
]
