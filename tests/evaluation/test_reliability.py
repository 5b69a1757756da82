import numpy as np
import pytest

from mnist_nn.evaluation import measure_reliability


def test_bins_add_up_to_all_samples(rng: np.random.Generator) -> None:
    confidence = rng.uniform(0, 1, 1000)
    right = rng.uniform(0, 1, 1000) < confidence
    reliability = measure_reliability(confidence, right)
    assert reliability.counts.sum() == 1000
    assert reliability.right.sum() == right.sum()
    for k in range(10):
        inside = (confidence > k / 10) & (confidence <= (k + 1) / 10)
        assert reliability.counts[k] == inside.sum()
        assert reliability.right[k] == right[inside].sum()
        assert reliability.confidence[k] == pytest.approx(confidence[inside].mean())


def test_the_error_of_two_bins_by_hand() -> None:
    """Half of those that are 0.9 sure are right, and all of those that are 0.6 sure."""
    confidence = np.array([0.9, 0.9, 0.6, 0.6, 0.6])
    right = np.array([True, False, True, True, True])
    assert measure_reliability(confidence, right).error == pytest.approx((2 * 0.4 + 3 * 0.4) / 5)


def test_who_is_right_as_often_as_sure_has_hardly_an_error(rng: np.random.Generator) -> None:
    confidence = rng.uniform(0.5, 1, 100_000)
    right = rng.uniform(0, 1, 100_000) < confidence
    assert measure_reliability(confidence, right).error < 0.01
    assert measure_reliability(confidence, ~right).error > 0.4


def test_both_ends_are_in_a_bin_and_an_empty_bin_has_no_accuracy() -> None:
    reliability = measure_reliability(np.array([0.0, 0.1, 1.0]), np.array([False, True, True]))
    assert reliability.counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert np.isnan(reliability.accuracy[1:-1]).all()
    assert reliability.accuracy[[0, -1]].tolist() == [0.5, 1]
