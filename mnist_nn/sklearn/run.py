"""A run of the classifier: how `fit` and `partial_fit` train its network.

The functions take the estimator, read its parameters and write its fitted attributes.
"""

import math
import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

from ..blas import one_blas_thread
from ..data import Samples
from ..errors import DivergenceError
from ..nn import penalty, predicted_classes
from ..rngs import make_rngs
from ..training import EpochMetrics, Trainer, TrainingConfig, effective_batch_size, fit
from .inputs import Labelled, as_rows, outputs_of
from .settings import build_network, draw_parameters, training_config
from .stopping import Stopper

SMALLEST_RATE = 1e-6  # at which learning_rate="adaptive" ends


def prepare(estimator: Any, x: Any, random: np.random.RandomState, *, resume: bool) -> None:
    """Give the estimator its network: a new one, or one with the parameters that it has."""
    old = estimator.network_ if resume else None
    dtype = old.dtype if old else np.float64 if x.dtype == np.float64 else np.float32
    network = build_network(estimator, x.shape[1], len(estimator.classes_), dtype)
    if old:
        if old.sizes != network.sizes:
            raise ValueError(
                f"the network has the layers {old.sizes}, hidden_layer_sizes asks for "
                f"{network.sizes}\nto begin with these, call fit with warm_start=False"
            )
        network.params[...] = old.params
    else:
        draw_parameters(network, estimator.activation, random)
        estimator.t_, estimator.loss_curve_, estimator._stopper = 0, [], Stopper()
        estimator.validation_scores_ = None
    estimator.network_ = network


def start_optimizer(estimator: Any, random: np.random.RandomState) -> None:
    """Let the next run begin with an optimizer that has taken no step, and new random numbers."""
    estimator._rngs = make_rngs(random.randint(2**31 - 1))
    estimator._engine_state, estimator._rate_factor = None, 1.0
    estimator._solver = estimator.solver


def hold_out(
    estimator: Any, samples: Labelled, random: np.random.RandomState
) -> tuple[Labelled, Labelled]:
    """Split samples as scikit-learn does: into those to train on and those to validate with."""
    rest, held_out = train_test_split(
        np.arange(len(samples.y)),
        test_size=estimator.validation_fraction,
        random_state=random,
        stratify=samples.y if estimator.n_outputs_ == 1 else None,
    )
    if len(held_out) < 2:
        raise ValueError(
            f"early_stopping needs two samples or more to validate with, got {len(held_out)}\n"
            "give a larger validation_fraction or more samples"
        )
    validation = samples.take(held_out)
    if validation.weights is not None and not validation.weights.any():
        raise ValueError(
            "early_stopping holds out samples of which none has a weight above 0\n"
            "give a larger validation_fraction, or more samples such a weight"
        )
    return samples.take(rest), validation


def train(
    estimator: Any,
    samples: Labelled,
    held_out: Labelled | None = None,
    *,
    incremental: bool = False,
) -> None:
    """Train the estimator's network, for one epoch if `incremental`; write how it went to it."""
    network, best = estimator.network_, None
    if (held_out is None) != (estimator.validation_scores_ is None):
        estimator.validation_scores_ = None if held_out is None else []
        estimator._stopper = Stopper()
    trainer = _make_trainer(estimator, samples, 1 if incremental else estimator.max_iter)
    estimator.n_iter_ = 0
    try:
        with one_blas_thread():
            for metrics in trainer:
                improved = _record(estimator, metrics, trainer.settings, held_out)
                if held_out and improved:
                    best = network.params.copy()
                if _is_over(estimator):
                    break
                trainer.rate_factor = estimator._rate_factor
            else:
                if not incremental:
                    _warn_of_the_end(estimator)
    except KeyboardInterrupt:
        warnings.warn("training was interrupted; its network is kept as it is", stacklevel=3)
    except DivergenceError as error:
        raise ValueError(
            f"{str(error).partition(chr(10))[0]}\n"
            "try a smaller learning_rate_init, or standardized features"
        ) from error
    estimator._engine_state = trainer.engine.snapshot()
    if best is not None:
        network.params[...] = best


def _make_trainer(estimator: Any, samples: Labelled, epochs: int) -> Trainer:
    """Start a run with weights that are 1 on average, and the optimizer's state, if it has one."""
    n, weights = len(samples.y), samples.weights
    wanted = 200 if estimator.batch_size == "auto" else int(estimator.batch_size)
    batch_size = effective_batch_size(n, wanted)
    if batch_size < wanted and estimator.batch_size != "auto":
        warnings.warn(
            f"batch_size={wanted} is more than there are samples; one batch has all {n}",
            stacklevel=4,
        )
    mean = 1.0
    if weights is not None:
        with np.errstate(over="ignore"):
            mean = float(weights.mean())
        if not 0 < mean < math.inf:
            raise ValueError(
                "sample_weight times class_weight must have a finite mean above 0 over the samples "
                f"to train on, got {mean:g}"
            )
        weights = weights / mean
    settings = training_config(
        estimator,
        estimator.network_,
        l2=float(estimator.alpha) / (batch_size * mean),
        batch_size=batch_size,
        epochs=int(epochs),
    )
    trainer = fit(
        estimator.network_,
        Samples(as_rows(samples.x), samples.y),  # type: ignore[arg-type]
        settings,
        rng=estimator._rngs,
        augmentation=estimator.augmentation,
        sample_weight=weights,
    )
    trainer.rate_factor = estimator._rate_factor
    if estimator._engine_state is not None:
        trainer.engine.restore(estimator._engine_state)
    return trainer


def _record(
    estimator: Any, metrics: EpochMetrics, settings: TrainingConfig, held_out: Labelled | None
) -> bool:
    """Write an epoch's metrics to the estimator; return whether it was the best so far.

    As in scikit-learn, the loss includes the penalty of each batch, here that of the last weights.
    """
    assert isinstance(settings.batch_size, int)
    n_batches = math.ceil(metrics.samples / settings.batch_size)
    share = n_batches * settings.batch_size / metrics.samples
    estimator.n_iter_ += 1
    estimator.t_ += metrics.samples
    estimator.loss_ = metrics.loss + share * penalty(estimator.network_, settings.l2)
    estimator.loss_curve_.append(estimator.loss_)
    if estimator.verbose:
        print(f"Iteration {estimator.n_iter_}, loss = {estimator.loss_:.8f}")
    if estimator.solver == "sgd" and estimator.learning_rate == "invscaling":
        estimator._rate_factor = (estimator.t_ + 1) ** -estimator.power_t
    stopper: Stopper = estimator._stopper
    if held_out is None:
        return stopper.watch(estimator.loss_, estimator.tol)
    outputs = outputs_of(estimator.network_, as_rows(held_out.x))
    score = float(np.average(predicted_classes(outputs) == held_out.y, weights=held_out.weights))
    estimator.validation_scores_.append(score)
    if estimator.verbose:
        print(f"Validation score: {score:.6f}")
    return stopper.watch(-score, estimator.tol)


def _is_over(estimator: Any) -> bool:
    """Return whether nothing has improved for too long; an adaptive rate falls first."""
    if estimator._stopper.waited <= estimator.n_iter_no_change:
        return False
    what = "The validation score" if estimator.early_stopping else "The loss"
    text = (
        f"{what} has not improved by tol={estimator.tol:g} for {estimator.n_iter_no_change} epochs"
    )
    rate = estimator._rate_factor * estimator.learning_rate_init
    adaptive = estimator.solver == "sgd" and estimator.learning_rate == "adaptive"
    if not adaptive or rate <= SMALLEST_RATE:
        if estimator.verbose:
            print(f"{text}. Stopping.")
        return True
    estimator._rate_factor /= 5
    estimator._stopper.waited = 0
    if estimator.verbose:
        print(f"{text}. Setting the learning rate to {rate / 5:g}.")
    return False


def _warn_of_the_end(estimator: Any) -> None:
    """Warn that the loss, or the score, was still improving when max_iter epochs were over."""
    warnings.warn(
        f"max_iter={estimator.max_iter} epochs are over, and training has not converged yet\n"
        "raise max_iter, or tol",
        ConvergenceWarning,
        stacklevel=4,
    )
