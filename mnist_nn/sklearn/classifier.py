"""MLPClassifier: the network as a scikit-learn classifier."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import check_random_state
from sklearn.utils.multiclass import _check_partial_fit_first_call
from sklearn.utils.validation import check_is_fitted, validate_data

from ..augmentation import Augmentation
from ..engines import EngineName
from ..nn import Network, predicted_classes
from ..nn.arrays import FloatArray
from ..training.schedules import Schedule
from .inputs import (
    DTYPES,
    Labelled,
    as_rows,
    combine_weights,
    encode_labels,
    logits_of,
    number_labels,
    outputs_of,
    read_samples,
)
from .run import hold_out, prepare, start_optimizer, train
from .settings import CONSTRAINTS, check_together


class MLPClassifier(ClassifierMixin, BaseEstimator):
    """A dense network that tells classes apart: scikit-learn's `MLPClassifier`, trained faster.

    Parameters of scikit-learn's classifier have its names, defaults and meaning; the last six are
    of this one only. For equal settings it starts from the same weights. It trains in float32 if
    the samples are float32 or uint8, else in float64. For a given `random_state` the result is the
    same, whatever the number of threads.

    Parameters
    ----------
    hidden_layer_sizes
        Units of each hidden layer: a number, or several; none of them leaves a linear model.
    activation
        Of the hidden layers: ``relu``, ``logistic``, ``tanh``, ``identity``, ``leaky_relu``,
        ``elu``, ``softplus``, ``gelu``, ``silu``, ``softmax``, or ``sigmoid``, which is
        ``logistic``.
    solver
        ``adam`` or ``sgd``; ``lbfgs`` is refused.
    alpha
        Strength of the L2 penalty on weights: its gradient is ``alpha · W``, divided by the number
        of samples in a batch.
    batch_size
        Samples per step, at most all; ``auto`` for 200.
    learning_rate
        Of ``sgd``: ``constant``; ``invscaling``, which divides it by ``t_ ** power_t``; or
        ``adaptive``, which divides it by 5 instead of stopping when nothing improves.
    learning_rate_init
        The learning rate, above 0.
    power_t
        Exponent of ``invscaling``.
    max_iter
        Most epochs.
    shuffle
        Give each epoch an order of its own.
    random_state
        Seed of the starting weights, the order of the samples, which of them are held out, dropout
        and distortions; a `RandomState`, or None for other numbers each time.
    tol, n_iter_no_change
        Training stops when the loss, or the validation score, has not improved by `tol` for more
        than so many epochs.
    verbose
        Print the loss of each epoch.
    warm_start
        Let `fit` continue with the network that there is.
    momentum, nesterovs_momentum
        Of ``sgd``: the share of the velocity that each step keeps, 0 to below 1, and whether it is
        Nesterov's.
    early_stopping, validation_fraction
        Hold out this share of the samples, stop when their accuracy has stopped improving, and keep
        the best weights.
    beta_1, beta_2, epsilon
        Of ``adam``: what the means of the gradient and of its square keep from step to step, and
        what keeps the division finite: 1e-30 to 1, added to the root of the corrected mean, as in
        the paper.
    dropout
        Share of the units of each hidden layer that is dropped in training.
    label_smoothing
        Share of each target that is spread evenly over all classes.
    schedule
        How the learning rate varies in a run of `max_iter` epochs, with either solver: ``cosine``,
        ``exponential``, ``one_cycle``, ``reduce_on_plateau``, ``step``, or a record such as
        `mnist_nn.Cosine`; None for not at all.
    augmentation
        How images are distorted, anew in each epoch: a `mnist_nn.Augmentation`. Samples must then
        be square images of uint8, and the network reads them as 0 to 1.
    class_weight
        How much the samples of each class count, as a dict by label, 1 for those that are not
        named, or ``balanced``, for all classes the same in sum; multiplied with `sample_weight`.
    engine
        What runs the steps: ``numba``, ``numpy``, or ``auto``, the faster one that is installed.

    Attributes
    ----------
    classes_
        The labels, sorted, of shape (n_classes,).
    network_
        The network, a `mnist_nn.Network`.
    coefs_, intercepts_
        Weights (n_inputs, units) and biases (units,) of each layer: views of the network's.
    loss_, loss_curve_, best_loss_
        Loss of the last epoch, of each, and the lowest, penalty included; the last one None with
        early stopping.
    validation_scores_, best_validation_score_
        Accuracy on the samples held out, of each epoch, and the highest; None without early
        stopping.
    n_iter_
        Epochs of the last `fit` or `partial_fit`.
    t_
        Samples seen in all of them.
    n_features_in_, feature_names_in_
        Number of features, and their names where a data frame has them.
    n_layers_, n_outputs_, out_activation_
        Layers, the input counted; outputs, one for two classes; ``logistic`` or ``softmax``.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> x, y = load_digits(return_X_y=True)
    >>> classifier = MLPClassifier(max_iter=20, tol=0.1, n_iter_no_change=1, random_state=0)
    >>> classifier.fit(x[:1500] / 16, y[:1500]).score(x[1500:] / 16, y[1500:]) > 0.8
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS
    classes_: NDArray[Any]
    network_: Network

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: Literal["adam", "sgd"] = "adam",
        alpha: float = 0.0001,
        batch_size: int | Literal["auto"] = "auto",
        learning_rate: Literal["constant", "invscaling", "adaptive"] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        dropout: float = 0.0,
        label_smoothing: float = 0.0,
        schedule: str | Schedule | None = None,
        augmentation: Augmentation | None = None,
        class_weight: Mapping[Any, float] | Literal["balanced"] | None = None,
        engine: EngineName = "auto",
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.dropout = dropout
        self.label_smoothing = label_smoothing
        self.schedule = schedule
        self.augmentation = augmentation
        self.class_weight = class_weight
        self.engine = engine

    @property
    def coefs_(self) -> list[FloatArray]:
        """Weights of each layer, (n_inputs, units): views of the network's."""
        return [dense.W for dense in self.network_.dense]

    @property
    def intercepts_(self) -> list[FloatArray]:
        """Biases of each layer, (units,): views of the network's."""
        return [dense.b for dense in self.network_.dense if dense.b is not None]

    @property
    def n_layers_(self) -> int:
        """Number of layers, the inputs being one."""
        return len(self.network_.sizes)

    @property
    def n_outputs_(self) -> int:
        """Number of outputs: 1 for two classes, else one for each class."""
        return self.network_.sizes[-1]

    @property
    def out_activation_(self) -> str:
        """Activation of the outputs: ``logistic`` for two classes, else ``softmax``."""
        return {"sigmoid": "logistic"}.get(self.network_.output.name, "softmax")

    @property
    def best_loss_(self) -> float | None:
        """Lowest loss of an epoch; None with early stopping."""
        return None if self.validation_scores_ is not None else self._stopper.best

    @property
    def best_validation_score_(self) -> float | None:
        """Best score on the samples held out; None without early stopping."""
        return None if self.validation_scores_ is None else -self._stopper.best

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train a network; with `warm_start`, continue with the one that there is.

        Parameters
        ----------
        X
            Samples, an array, a data frame or a sparse matrix of shape (n_samples, n_features).
        y
            Their labels, of shape (n_samples,): numbers or text.
        sample_weight
            How much each sample counts, numbers of 0 or more of shape (n_samples,); all the same if
            None.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, a sample or a label is of no use, or training diverged.
        """
        self._validate_params()
        check_together(self, incremental=False)
        resume = self.warm_start and hasattr(self, "network_")
        x, y, weights = read_samples(self, X, y, sample_weight, reset=not resume)
        labels, codes = number_labels(y)
        if resume and not np.array_equal(labels, self.classes_):
            raise ValueError(
                f"warm_start continues with the classes {self.classes_}, y has {labels}\n"
                "use partial_fit, or fit anew with warm_start=False"
            )
        self.classes_ = labels
        random = check_random_state(self.random_state)
        prepare(self, x, random, resume=resume)
        weights = combine_weights(codes, labels, self.class_weight, weights)
        samples, held_out = Labelled(x, codes, weights), None
        if self.early_stopping:
            samples, held_out = hold_out(self, samples, random)
        start_optimizer(self, random)
        train(self, samples, held_out)
        return self

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch on some samples; the optimizer continues where it was.

        Parameters that were changed since the last call count from now on; another `solver` begins
        without memory, other layers are refused.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        classes
            All labels that there will be, of shape (n_classes,): needed by the first call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            As `fit`; also with parameters that need the whole run, such as `early_stopping`.
        """
        self._validate_params()
        check_together(self, incremental=True)
        if classes is not None:
            number_labels(classes)
        first = _check_partial_fit_first_call(self, classes) or not hasattr(self, "network_")
        x, y, weights = read_samples(self, X, y, sample_weight, reset=first)
        codes = encode_labels(y, self.classes_)
        random = check_random_state(self.random_state)
        prepare(self, x, random, resume=not first)
        if first or self.solver != self._solver:
            start_optimizer(self, random)
        weights = combine_weights(codes, self.classes_, self.class_weight, weights)
        train(self, Labelled(x, codes, weights), incremental=True)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Return the most probable label of each sample, (n_samples,)."""
        x = self._read(X)
        labels: NDArray[Any] = self.classes_[predicted_classes(outputs_of(self.network_, x))]
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        """Return the probability of each class, (n_samples, n_classes), as `classes_` has them."""
        x = self._read(X)
        outputs = outputs_of(self.network_, x)
        return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs

    def predict_log_proba(self, X: Any) -> FloatArray:
        """Return the logarithms of the probabilities, (n_samples, n_classes), all finite."""
        x = self._read(X)
        logits = logits_of(self.network_, x)
        if logits.shape[1] == 1:
            return -np.hstack([np.logaddexp(0, logits), np.logaddexp(0, -logits)])
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def _read(self, X: Any) -> Any:
        """Check samples to answer."""
        check_is_fitted(self)
        x = validate_data(self, X, accept_sparse="csr", dtype=DTYPES, reset=False)
        return as_rows(x)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
