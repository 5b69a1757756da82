"""mnist-nn: a neural network for handwritten digits, written from scratch in NumPy.

    >>> import mnist_nn
    >>> model = mnist_nn.train("base", epochs=3)  # doctest: +SKIP
    >>> model.evaluate().accuracy  # doctest: +SKIP
    0.9696

The names below are the public interface. Each is imported when it is first used, so that the
command line starts quickly.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .augmentation import Augmentation
    from .config import Config, load_config
    from .data import Dataset, Samples, load_dataset, stratified_split
    from .errors import (
        ConfigError,
        DataError,
        DivergenceError,
        MnistNNError,
        MnistNNWarning,
        ModelError,
    )
    from .evaluation import Answers, Calibration, Evaluation, evaluate, fit_calibration
    from .model import Committee, Model, load_model
    from .nn import (
        Activation,
        BatchNorm,
        Dense,
        Dropout,
        Initializer,
        Network,
        block,
        check_gradients,
    )
    from .runs import train
    from .training import (
        SGD,
        AdaGrad,
        Adam,
        AdamW,
        Constant,
        Cosine,
        EarlyStopper,
        EarlyStopping,
        EpochMetrics,
        Exponential,
        OneCycle,
        ReduceOnPlateau,
        RMSprop,
        Step,
        Trainer,
        TrainingConfig,
        fit,
    )

__version__ = "0.2.0"

__all__ = [
    "SGD",
    "Activation",
    "AdaGrad",
    "Adam",
    "AdamW",
    "Answers",
    "Augmentation",
    "BatchNorm",
    "Calibration",
    "Committee",
    "Config",
    "ConfigError",
    "Constant",
    "Cosine",
    "DataError",
    "Dataset",
    "Dense",
    "DivergenceError",
    "Dropout",
    "EarlyStopper",
    "EarlyStopping",
    "EpochMetrics",
    "Evaluation",
    "Exponential",
    "Initializer",
    "MnistNNError",
    "MnistNNWarning",
    "Model",
    "ModelError",
    "Network",
    "OneCycle",
    "RMSprop",
    "ReduceOnPlateau",
    "Samples",
    "Step",
    "Trainer",
    "TrainingConfig",
    "block",
    "check_gradients",
    "evaluate",
    "fit",
    "fit_calibration",
    "load_config",
    "load_dataset",
    "load_model",
    "stratified_split",
    "train",
]

_PACKAGES = (
    "errors nn data augmentation training evaluation config model runs"  # from the bottom up
)


if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used."""
        for package in _PACKAGES.split() if name in __all__ else ():
            value = getattr(import_module(f".{package}", __name__), name, None)
            if value is not None:
                globals()[name] = value
                return value
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return ["__version__", *__all__]
