"""The classifier against scikit-learn's own, and in scikit-learn's own tools."""

import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_digits, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neural_network import MLPClassifier as Theirs
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

from mnist_nn.sklearn import MLPClassifier

SHORT: dict[str, Any] = {
    "max_iter": 5,
    "tol": 1.0,
    "n_iter_no_change": 1,
    "random_state": 0,
}  # and no warning


@pytest.fixture(scope="module")
def digits() -> tuple[NDArray[Any], NDArray[Any]]:
    x, y = load_digits(return_X_y=True)
    return x[:600] / 16, y[:600]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.SkipTestWarning")
@pytest.mark.filterwarnings("ignore:Estimator's parameters have changed after being set")
def test_scikit_learn_checks_it_whole() -> None:
    check_estimator(MLPClassifier(learning_rate_init=0.01, max_iter=20))  # it fits 90 times


EQUAL: dict[str, dict[str, Any]] = {
    "nesterov": {"solver": "sgd", "learning_rate_init": 0.1},
    "momentum": {"solver": "sgd", "nesterovs_momentum": False, "alpha": 1.0},
    "plain": {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
    "adam": {"epsilon": 1e-20, "alpha": 0.1},
    "tanh": {"epsilon": 1e-20, "activation": "tanh", "hidden_layer_sizes": (20, 10)},
    "logistic": {"epsilon": 1e-20, "activation": "logistic", "hidden_layer_sizes": 30},
    "linear": {"solver": "sgd", "activation": "identity", "hidden_layer_sizes": ()},
    "invscaling": {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 0.5},
    "adaptive": {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "learning_rate_init": 0.1,
        "tol": 1e-2,
        "n_iter_no_change": 2,
        "max_iter": 200,
    },
    "held out": {"early_stopping": True, "n_iter_no_change": 3, "max_iter": 50, "epsilon": 1e-20},
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("name", EQUAL)
def test_equal_settings_lead_to_scikit_learns_weights(name: str, n_classes: int) -> None:
    x, y = make_classification(400, 12, n_informative=6, n_classes=n_classes, random_state=0)
    common = {"max_iter": 10, "shuffle": False, "random_state": 3, "batch_size": 40}
    settings = {**common, **EQUAL[name]}
    theirs, ours = Theirs(**settings).fit(x, y), MLPClassifier(**settings).fit(x, y)
    for expected, found in zip(
        theirs.coefs_ + theirs.intercepts_, ours.coefs_ + ours.intercepts_, strict=True
    ):
        np.testing.assert_allclose(found, expected, rtol=1e-7, atol=1e-9)
    np.testing.assert_allclose(ours.predict_proba(x), theirs.predict_proba(x), atol=1e-9)
    np.testing.assert_allclose(ours.loss_, theirs.loss_, rtol=0.02)  # the penalty's moment differs
    for fact in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_"):
        assert getattr(ours, fact) == getattr(theirs, fact), fact
    assert ours.best_validation_score_ == theirs.best_validation_score_


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_loss_is_scikit_learns_where_nothing_is_penalized() -> None:
    x, y = make_classification(300, 8, random_state=1)
    common: dict[str, Any] = {"alpha": 0, "shuffle": False, "random_state": 1, "max_iter": 5}
    theirs = Theirs(epsilon=1e-20, **common).fit(x, y)
    ours = MLPClassifier(epsilon=1e-20, **common).fit(x, y)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    assert ours.best_loss_ == min(ours.loss_curve_)
    with pytest.warns(ConvergenceWarning, match="max_iter"):
        MLPClassifier(max_iter=1).fit(x, y)


def test_it_works_in_a_pipeline_and_a_search(digits: Any) -> None:
    x, y = digits
    names = np.array(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    )
    pipeline = make_pipeline(
        StandardScaler(),
        MLPClassifier(max_iter=99, tol=0.01, learning_rate_init=0.01, random_state=0),
    )
    search = GridSearchCV(pipeline, {"mlpclassifier__hidden_layer_sizes": [(5,), (50,)]}, cv=2).fit(
        x[:400], names[y[:400]]
    )
    assert search.best_params_ == {"mlpclassifier__hidden_layer_sizes": (50,)}
    assert search.score(x[400:], names[y[400:]]) > 0.75
    calibrated = CalibratedClassifierCV(MLPClassifier(**SHORT), cv=2).fit(x, y)
    np.testing.assert_allclose(calibrated.predict_proba(x).sum(axis=1), 1)


def test_several_jobs_find_what_one_finds(digits: Any) -> None:
    x, y = digits
    classifier = MLPClassifier(**SHORT)
    one = cross_val_score(classifier, x, y, cv=2)
    np.testing.assert_array_equal(cross_val_score(classifier, x, y, cv=2, n_jobs=2), one)


def test_copies_and_pickles_answer_alike(digits: Any) -> None:
    x, y = digits
    classifier = MLPClassifier(dropout=0.2, **SHORT).fit(x, y)
    copy = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copy.predict_proba(x), classifier.predict_proba(x))
    np.testing.assert_array_equal(
        copy.partial_fit(x, y).coefs_[0], classifier.partial_fit(x, y).coefs_[0]
    )
    classifier.coefs_[0][...] = 0  # which is the network's
    assert not classifier.network_.dense[0].W.any()
    assert copy.coefs_[0].all()
    assert clone(classifier).get_params() == classifier.get_params()
