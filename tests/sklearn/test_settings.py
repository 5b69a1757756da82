"""Parameters, labels, weights and samples of the classifier, and what it refuses."""

import sys
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import cross_val_score

import mnist_nn
from mnist_nn.sklearn import MLPClassifier

Digits = tuple[NDArray[Any], NDArray[Any]]


def short(**settings: Any) -> MLPClassifier:
    """A classifier that ends, without a warning, after a few epochs."""
    common: dict[str, Any] = {"max_iter": 9, "tol": 1.0, "n_iter_no_change": 4, "random_state": 0}
    return MLPClassifier(**{**common, **settings})


@pytest.fixture(scope="module")
def digits() -> Digits:
    x, y = load_digits(return_X_y=True)
    return x[:500] / 16, y[:500]


def test_text_labels_come_back(digits: Digits) -> None:
    x, y = digits
    names = np.array(["even", "odd"])[y % 2]
    classifier = short(learning_rate_init=0.01).fit(x, names)
    assert classifier.classes_.tolist() == ["even", "odd"]
    assert classifier.out_activation_ == "logistic"
    assert classifier.score(x, names) > 0.9
    probabilities = classifier.predict_proba(x)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(x)), probabilities)


def test_logarithms_of_probabilities_are_finite_where_those_are_0(digits: Digits) -> None:
    x, y = digits
    for labels in (y, y % 2):
        sure = short().fit(x, labels)
        assert (sure.predict_proba(1e5 * x) == 0).any()
        assert np.isfinite(sure.predict_log_proba(1e5 * x)).all()


def test_samples_train_in_their_own_precision(digits: Digits) -> None:
    x, y = digits
    kinds = {np.float64: np.float64, np.float32: np.float32, np.uint8: np.float32}
    for given, expected in {**kinds, np.int64: np.float64, np.float16: np.float64}.items():
        classifier = short(tol=100.0).fit((16 * x).astype(given), y)
        assert classifier.coefs_[0].dtype == expected
        assert classifier.predict_proba(x).dtype == expected


def test_samples_are_not_copied_where_they_can_be_read(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = digits
    seen = []

    def watched(network: Any, samples: Any, *rest: Any, **more: Any) -> Any:
        seen.append(samples.x)
        return mnist_nn.fit(network, samples, *rest, **more)

    monkeypatch.setattr("mnist_nn.sklearn.run.fit", watched)
    for given in (x, np.asfortranarray(x)):
        short().fit(given, y)
    assert [np.shares_memory(samples, x) for samples in seen] == [True, False]


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_sparse_samples_train_as_dense_ones_do(digits: Digits, engine: str) -> None:
    x, y = digits
    dense = short(engine=engine, early_stopping=True).fit(x, y)
    for kind in (sparse.csr_array, sparse.csc_matrix, sparse.coo_array):
        thin = short(engine=engine, early_stopping=True).fit(kind(x), y)
        np.testing.assert_array_equal(thin.coefs_[0], dense.coefs_[0])
        np.testing.assert_array_equal(thin.predict_proba(kind(x)), dense.predict_proba(x))


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_wide_sparse_samples_are_made_dense_a_part_at_a_time(engine: str) -> None:
    x = sparse.random_array((400, 200_000), density=1e-4, format="csr", rng=0)
    classifier = short(engine=engine, hidden_layer_sizes=2, batch_size=10, max_iter=1, tol=0.0)
    tracemalloc.start()
    with pytest.warns(ConvergenceWarning):
        classifier.fit(x, np.arange(400) % 2).predict(x)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 500e6  # all of them are 640 MB


def test_features_of_data_frames_have_names(digits: Digits) -> None:
    x, y = digits
    frame = pd.DataFrame(x, columns=[f"pixel {i}" for i in range(64)])
    classifier = short().fit(frame, pd.Series(y))
    assert classifier.feature_names_in_[1] == "pixel 1"
    np.testing.assert_array_equal(classifier.predict(frame), short().fit(x, y).predict(x))
    with pytest.raises(ValueError, match="feature names"):
        classifier.predict(frame.rename(columns={"pixel 1": "dot"}))
    polars = pytest.importorskip("polars")
    other = short().fit(polars.DataFrame(frame.to_dict("list")), y)
    assert other.feature_names_in_[1] == "pixel 1"


def test_a_weight_of_2_is_a_second_sample(digits: Digits) -> None:
    x, y = digits[0][:100], digits[1][:100]
    weights = np.arange(100) % 3
    weighted = short(shuffle=False).fit(x, y, sample_weight=weights)
    repeated = short(shuffle=False).fit(np.repeat(x, weights, axis=0), np.repeat(y, weights))
    np.testing.assert_allclose(weighted.coefs_[0], repeated.coefs_[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(weighted.loss_, repeated.loss_)


def test_class_weights_are_weights_of_samples(digits: Digits) -> None:
    x, y = digits
    rare = y == 0
    own = np.where(rare, 3.0, 1.0)
    by_class = short(class_weight={0: 3.0}).fit(x, y)
    np.testing.assert_array_equal(by_class.coefs_[0], short().fit(x, y, own).coefs_[0])
    balanced = short(class_weight="balanced", alpha=0).fit(x, rare)
    own = np.where(rare, 1 / rare.sum(), 1 / (~rare).sum())
    expected = short(alpha=0).fit(x, rare, own)
    np.testing.assert_allclose(balanced.coefs_[0], expected.coefs_[0], atol=1e-9)


def test_partial_fit_continues_with_optimizer_and_order(digits: Digits) -> None:
    x, y = digits
    whole = short(max_iter=3)
    with pytest.warns(ConvergenceWarning):
        whole.fit(x, y)
    parts = clone(whole)
    for _ in range(3):
        parts.partial_fit(x, y, classes=np.unique(y))
    np.testing.assert_array_equal(parts.coefs_[0], whole.coefs_[0])
    assert (parts.n_iter_, parts.t_, len(parts.loss_curve_)) == (1, 1500, 3)


@pytest.mark.parametrize("engine", ["numba", "numpy"])
def test_parameters_that_change_between_partial_fits_count(digits: Digits, engine: str) -> None:
    x, y = digits
    classifier = short(engine=engine).partial_fit(x, y, classes=range(10))
    for changed in ({"solver": "sgd"}, {"momentum": 0.0}, {"solver": "adam"}, {"dropout": 0.1}):
        classifier.set_params(**changed).partial_fit(x, y)
    assert "Dropout" in repr(classifier.network_)
    assert classifier.loss_curve_[-1] < classifier.loss_curve_[0]
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        classifier.set_params(hidden_layer_sizes=5).partial_fit(x, y)


def test_a_warm_start_continues(digits: Digits) -> None:
    x, y = digits
    classifier = short(warm_start=True, n_iter_no_change=100, max_iter=2)
    with pytest.warns(ConvergenceWarning):
        first = classifier.fit(x, y).loss_
    with pytest.warns(ConvergenceWarning):
        second = classifier.fit(x, y).loss_
    assert second < first
    assert len(classifier.loss_curve_) == 4
    with pytest.raises(ValueError, match="layers"):
        classifier.set_params(hidden_layer_sizes=5).fit(x, y)
    with pytest.raises(ValueError, match="classes"):
        classifier.set_params(hidden_layer_sizes=100).fit(x, y % 5)


def test_our_own_parameters_change_the_training(digits: Digits) -> None:
    x, y = digits
    plain = short().fit(x, y)
    for own in (
        {"dropout": 0.2},
        {"label_smoothing": 0.1},
        {"schedule": "cosine"},
        {"schedule": mnist_nn.Step(every=2.0)},
        {"activation": "gelu"},
    ):
        other = short(**own).fit(x, y)
        assert np.abs(other.coefs_[0] - plain.coefs_[0]).max() > 1e-3, own
    assert "gelu" in repr(other.network_)


def test_distorted_images_are_read_as_0_to_1() -> None:
    data = mnist_nn.load_dataset("mnist-sample")
    x, y = data.train.x[:500], data.train.y[:500]
    distorted = short(augmentation=mnist_nn.Augmentation(shift=1.0), schedule="cosine").fit(x, y)
    assert distorted.score(x, y) > 0.7
    np.testing.assert_allclose(
        distorted.predict_proba(x), distorted.predict_proba(x / 255), rtol=1e-3, atol=1e-5
    )
    with pytest.raises(ValueError, match="uint8"):
        short(augmentation=mnist_nn.Augmentation(shift=1.0)).fit(x / 255, y)


def test_threads_find_what_one_thread_finds(digits: Digits) -> None:
    x, y = digits
    one = cross_val_score(short(), x, y, cv=4)
    with parallel_config(backend="threading"):
        np.testing.assert_array_equal(cross_val_score(short(), x, y, cv=4, n_jobs=2), one)


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "lbfgs": ({"solver": "lbfgs"}, "small batches"),
    "activation": ({"activation": "step"}, "activation"),
    "schedule": ({"schedule": "linear"}, "schedule"),
    "two schedules": (
        {"solver": "sgd", "learning_rate": "adaptive", "schedule": "cosine"},
        "both vary",
    ),
    "layers": ({"hidden_layer_sizes": (5, 0)}, "hidden_layer_sizes"),
    "class": ({"class_weight": {10: 1.0}}, "no class"),
    "weights": ({"class_weight": dict.fromkeys(range(10), 0.0)}, "above 0"),
    "negative": ({"class_weight": {1: -1.0}}, "0 or more"),
    "rate": ({"solver": "sgd", "learning_rate_init": 1e9}, "smaller learning_rate_init"),
    "held out": ({"early_stopping": True, "validation_fraction": 0.001}, "two samples"),
    "truth": ({"hidden_layer_sizes": (True,)}, "hidden_layer_sizes"),
    "text weight": ({"class_weight": {1: "much"}}, "finite numbers"),
    "penalty": ({"alpha": 1e9}, "smaller alpha"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_it_says_what_it_cannot_do(name: str, digits: Digits) -> None:
    settings, message = REFUSED[name]
    with pytest.raises(ValueError, match=message):
        short(**settings).fit(*digits)


def test_labels_that_are_no_classes_are_refused(digits: Digits) -> None:
    x, y = digits
    with pytest.raises(ValueError, match="one class for each sample"):
        short().fit(x, np.eye(10, dtype=int)[y] + np.eye(10, dtype=int)[0])
    with pytest.raises(ValueError, match="two classes"):
        short().fit(x, np.zeros(len(y)))
    with pytest.raises(ValueError, match="not in classes_"):
        short().partial_fit(x, y, classes=range(5))
    with pytest.raises(ValueError, match="Negative values"):
        short().fit(x, y, sample_weight=-np.ones(len(y)))


def test_weights_that_leave_nothing_to_count_are_refused(digits: Digits) -> None:
    x, y = digits
    few = np.where(np.arange(len(y)) < 3, 1.0, 0.0)
    with pytest.raises(ValueError, match="larger validation_fraction"):
        short(early_stopping=True).fit(x, y, few)
    with pytest.raises(ValueError, match="finite mean above 0"):
        short().fit(x, y, np.full(len(y), 1e308))


def test_a_refused_fit_leaves_the_last_one_as_it_was(digits: Digits) -> None:
    x, y = digits
    classifier = short().fit(x, y)
    expected = classifier.predict(x)
    with pytest.raises(ValueError, match="two classes"):
        classifier.fit(x, np.zeros(len(y)))
    np.testing.assert_array_equal(classifier.predict(x), expected)
    begun = short()
    with pytest.raises(ValueError, match="two classes"):
        begun.partial_fit(x, y, classes=[0])
    begun.partial_fit(x, y, classes=range(10))


@pytest.mark.parametrize(
    "settings", [{"early_stopping": True}, {"schedule": "cosine"}, {"class_weight": "balanced"}]
)
def test_partial_fit_refuses_what_needs_all_samples(
    settings: dict[str, Any], digits: Digits
) -> None:
    with pytest.raises(ValueError, match="partial_fit"):
        short(**settings).partial_fit(*digits, classes=range(10))


def test_a_batch_larger_than_the_samples_is_all_of_them(digits: Digits) -> None:
    x, y = digits
    with pytest.warns(UserWarning, match="one batch has all 500"):
        large = short(batch_size=10_000).fit(x, y)
    np.testing.assert_array_equal(large.coefs_[0], short(batch_size=500).fit(x, y).coefs_[0])


def test_verbose_prints_each_epoch(digits: Digits, capsys: pytest.CaptureFixture[str]) -> None:
    classifier = short(verbose=True, early_stopping=True).fit(*digits)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"Iteration 1, loss = {classifier.loss_curve_[0]:.8f}"
    assert lines[1] == f"Validation score: {classifier.validation_scores_[0]:.6f}"
    assert lines[-1].endswith("Stopping.")


def test_an_interrupted_fit_keeps_its_network(
    digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*arguments: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("mnist_nn.sklearn.run._is_over", interrupt)
    with pytest.warns(UserWarning, match="interrupted"):
        classifier = short().fit(*digits)
    assert classifier.n_iter_ == 1
    assert classifier.score(*digits) > 0.1


def test_without_scikit_learn_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("mnist_nn.sklearn")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn.utils.validation", None)
    with pytest.raises(ImportError, match=r"scikit-learn 1.6 or later\npip install .*\[sklearn\]"):
        import mnist_nn.sklearn  # noqa: F401
