"""Inputs of the classifier: sparse samples, labels, and weights of samples."""

from collections.abc import Mapping
from numbers import Real
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import _check_sample_weight, validate_data

from ..blas import one_blas_thread
from ..nn import Network, balanced_weights
from ..nn.arrays import FloatArray

DTYPES = (np.float64, np.float32, np.uint8)  # of samples that are taken as they are
MAX_NUMBERS = 2**24  # of sparse samples that are made dense at a time


class Labelled(NamedTuple):
    """Samples, an array or a CSR matrix, the numbers of their classes, and weights if not all 1."""

    x: Any
    y: NDArray[np.intp]
    weights: FloatArray | None

    def take(self, indices: NDArray[np.intp]) -> "Labelled":
        """Return some of them, copied."""
        weights = None if self.weights is None else self.weights[indices]
        return Labelled(self.x[indices], self.y[indices], weights)


class SparseRows:
    """Rows of a SciPy matrix in CSR format, which become an array when they are read."""

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        self.matrix, self.shape, self.dtype = matrix, matrix.shape, matrix.dtype

    def __len__(self) -> int:
        n: int = self.shape[0]
        return n

    def __getitem__(self, index: slice | NDArray[np.intp]) -> NDArray[Any]:
        rows: NDArray[Any] = self.matrix[index].toarray()
        return rows


def as_rows(x: Any) -> Any:
    """Return checked samples in the form that networks read: an array, or `SparseRows`."""
    return x if isinstance(x, np.ndarray) else SparseRows(x)


def read_samples(
    estimator: Any, x: Any, y: Any, sample_weight: Any, *, reset: bool
) -> tuple[Any, NDArray[Any], FloatArray | None]:
    """Return samples, an array or a CSR matrix, labels and weights as numbers of a known type.

    They are only copied if they have to be. With `reset`, the estimator notes their features.
    """
    x, y = validate_data(
        estimator,
        *(x, y),
        accept_sparse="csr",
        dtype=DTYPES,
        order="C",
        multi_output=True,
        reset=reset,
    )
    _check_targets(y)
    y = column_or_1d(y, warn=True)
    if sample_weight is not None:
        sample_weight = _check_sample_weight(
            sample_weight, x, dtype=np.float64, ensure_non_negative=True
        )
    return x, y, sample_weight


def logits_of(network: Network, x: Any) -> FloatArray:
    """Return a network's sums below its last activation; of sparse samples, some at a time."""
    batch_size = min(max(MAX_NUMBERS // network.sizes[0], 1), 1000)
    with one_blas_thread():
        return network.logits(x, batch_size)


def outputs_of(network: Network, x: Any) -> FloatArray:
    """Return a network's outputs: probabilities."""
    return network.output.function(logits_of(network, x), None)


def _check_targets(y: Any) -> None:
    """Refuse labels that are no classes, or several for a sample."""
    check_classification_targets(y)
    kind = type_of_target(y)
    if kind.startswith("multi") and kind != "multiclass":
        raise ValueError(
            f"y must name one class for each sample, got {kind} targets\n"
            "for several, use sklearn.multioutput.MultiOutputClassifier"
        )


def number_labels(y: Any) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the classes that labels have, sorted, and the number of each label's class."""
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y must have two classes or more, got one class, {classes}")
    return classes, codes


def encode_labels(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.intp]:
    """Return the number of each label's class, (n,); the classes are sorted."""
    codes = np.minimum(np.searchsorted(classes, y), len(classes) - 1)
    unknown = np.flatnonzero(classes[codes] != y)
    if len(unknown):
        label = y[unknown[:1]].tolist()[0]
        raise ValueError(f"y has the label {label!r}, which is not in classes_: {classes}")
    return codes


def combine_weights(
    codes: NDArray[np.intp],
    classes: NDArray[Any],
    class_weight: Mapping[Any, float] | Literal["balanced"] | None,
    sample_weight: FloatArray | None,
) -> FloatArray | None:
    """Return the weight of each sample, (n,): its own times that of its class; None if all are 1.

    Balanced weights make the weights of all classes that have any add up to the same.
    """
    if class_weight is None:
        return sample_weight
    if isinstance(class_weight, Mapping):
        unknown = [label for label in class_weight if label not in classes]
        if unknown:
            raise ValueError(f"class_weight has {unknown[0]!r}, which is no class: {classes}")
        wrong = [w for w in class_weight.values() if not isinstance(w, Real) or not 0 <= w < np.inf]
        if wrong:
            raise ValueError(f"class_weight must have finite numbers of 0 or more, got {wrong[0]}")
        of_class = np.array([float(class_weight.get(label, 1.0)) for label in classes.tolist()])
    else:
        of_class = balanced_weights(codes, len(classes), sample_weight)
    weights: FloatArray = of_class[codes]
    return weights if sample_weight is None else weights * sample_weight
