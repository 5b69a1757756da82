"""Parameters of the classifier: their ranges, and the records that they become."""

import math
from numbers import Integral, Real
from typing import Any, get_args

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from ..augmentation import Augmentation
from ..checks import MAX_COUNT
from ..engines import EngineName, numba_fault
from ..nn import ACTIVATIONS, Layer, Network, block
from ..training import SGD, Adam, AnySchedule, Constant, TrainingConfig
from ..training.schedules import Schedule

SCHEDULES = {kind().name: kind for kind in get_args(get_args(AnySchedule)[0])}
MAX_L2 = 1000.0  # of a `TrainingConfig`
TRAINABLE = {name for name, row in ACTIVATIONS.items() if row.trainable}

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions({"logistic", *TRAINABLE})],
    "solver": [StrOptions({"lbfgs", "sgd", "adam"})],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, MAX_COUNT, closed="both")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, MAX_COUNT, closed="both")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="left")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 1e-30, 1, closed="both")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    "schedule": [StrOptions(set(SCHEDULES)), Schedule, None],
    "augmentation": [Augmentation, None],
    "class_weight": [StrOptions({"balanced"}), dict, None],
    "engine": [StrOptions({*get_args(EngineName)})],
}


def check_together(estimator: Any, incremental: bool) -> None:
    """Refuse parameters that are no fault of their own, but do not go together."""
    if estimator.solver == "lbfgs":
        raise ValueError(
            "solver='lbfgs' is not available here, where networks learn from small batches\n"
            "use 'adam' or 'sgd', or sklearn.neural_network.MLPClassifier"
        )
    schedule = read_schedule(estimator)
    if estimator.solver == "sgd" and estimator.learning_rate != "constant" and estimator.schedule:
        raise ValueError(
            f"learning_rate={estimator.learning_rate!r} and schedule both vary the learning rate\n"
            "leave one of them out"
        )
    if not incremental:
        return
    if estimator.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True: it holds nothing out")
    if not isinstance(schedule, Constant) or schedule.warmup:
        raise ValueError("partial_fit does not support a schedule: it does not know the whole run")
    if estimator.class_weight == "balanced":
        raise ValueError(
            "partial_fit does not support class_weight='balanced': it does not see all samples\n"
            "pass the weights of the classes as a dict"
        )


def read_schedule(estimator: Any) -> Any:
    """Return the record of the parameter `schedule`, which may be a name."""
    schedule = estimator.schedule or Constant()
    return SCHEDULES[schedule]() if isinstance(schedule, str) else schedule


def build_network(estimator: Any, n_inputs: int, n_classes: int, dtype: Any) -> Network:
    """Make the network, its parameters still zero."""
    sizes = np.atleast_1d(estimator.hidden_layer_sizes).tolist()
    if not all(type(units) is int and units > 0 for units in sizes):
        raise ValueError(f"hidden_layer_sizes must be whole numbers above 0, got {sizes}")
    name = {"logistic": "sigmoid"}.get(estimator.activation, estimator.activation)
    dropout = float(estimator.dropout)
    layers: list[Layer] = [
        layer for units in sizes for layer in block(units, name, dropout=dropout)
    ]
    layers += block(1, "sigmoid") if n_classes == 2 else block(n_classes, "softmax")
    scale = 1 / 255 if estimator.augmentation else 1.0
    return Network(n_inputs, layers, rng=None, input_scale=scale, dtype=dtype)


def draw_parameters(network: Network, activation: str, random: np.random.RandomState) -> None:
    """Draw weights and biases as scikit-learn does, number for number."""
    factor = 2 if activation in ("logistic", "sigmoid") else 6
    for dense in network.dense:
        bound = math.sqrt(factor / sum(dense.W.shape))
        dense.W[...] = random.uniform(-bound, bound, dense.W.shape)
        if dense.b is not None:
            dense.b[...] = random.uniform(-bound, bound, dense.b.shape)


def training_config(
    estimator: Any, network: Network, *, l2: float, batch_size: int, epochs: int
) -> TrainingConfig:
    """Return the record that `fit` takes."""
    if l2 > MAX_L2:
        raise ValueError(
            "alpha, divided by the samples of a batch and by their mean weight, must be at most "
            f"{MAX_L2:g}, got {l2:g}\ngive a smaller alpha"
        )
    rate = float(estimator.learning_rate_init)
    optimizer: SGD | Adam
    if estimator.solver == "sgd":
        momentum, nesterov = float(estimator.momentum), bool(estimator.nesterovs_momentum)
        optimizer = SGD(learning_rate=rate, momentum=momentum, nesterov=nesterov)
    else:
        optimizer = Adam(
            learning_rate=rate,
            beta_1=float(estimator.beta_1),
            beta_2=float(estimator.beta_2),
            epsilon=float(estimator.epsilon),
        )
    engine = estimator.engine
    if engine == "auto":  # as fit's "auto", which would also ask how many processors there are
        engine = "numpy" if numba_fault() else "numba"
    return TrainingConfig(
        loss="cross_entropy" if network.output.name == "softmax" else "binary_cross_entropy",
        label_smoothing=float(estimator.label_smoothing),
        l2=l2,
        optimizer=optimizer,
        schedule=read_schedule(estimator),
        batch_size=batch_size,
        epochs=epochs,
        shuffle=bool(estimator.shuffle),
        engine=engine,
    )
