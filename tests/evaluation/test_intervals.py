import numpy as np
import pytest
from scipy import stats

from mnist_nn.evaluation import summarize, wilson_interval
from mnist_nn.evaluation.intervals import t_95


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 10, 11, 12, 31, 99, 999])
def test_quantiles_are_scipys(freedom: int) -> None:
    assert t_95(freedom) == pytest.approx(stats.t.ppf(0.975, freedom), rel=1e-4)


def test_a_summary_is_that_of_the_textbook() -> None:
    values = [0.9799, 0.9779, 0.9783, 0.9799, 0.9784]
    found = summarize(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.deviation == pytest.approx(np.std(values, ddof=1))
    expected = stats.t.interval(0.95, 4, np.mean(values), stats.sem(values))
    assert found.interval == pytest.approx(expected)


def test_one_value_has_no_deviation() -> None:
    with pytest.raises(ValueError, match="2 values or more, got 1"):
        summarize([0.5])


@pytest.mark.parametrize(
    ("right", "n", "expected"),
    [  # of scipy.stats.binomtest(right, n).proportion_ci(method="wilson")
        (9799, 10000, (0.97696, 0.98247)),
        (0, 10, (0.0, 0.27753)),
        (10, 10, (0.72247, 1.0)),
        (1, 2, (0.09453, 0.90547)),
    ],
)
def test_wilson_interval(right: int, n: int, expected: tuple[float, float]) -> None:
    assert wilson_interval(right, n) == pytest.approx(expected, abs=1e-5)
