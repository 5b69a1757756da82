import numpy as np
import pytest
from scipy import stats

from mnist_nn.evaluation import summarize
from mnist_nn.evaluation.intervals import student_t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 10, 31, 99, 999])
@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.999])
def test_quantiles_are_scipys(freedom: int, confidence: float) -> None:
    expected = stats.t.ppf((1 + confidence) / 2, freedom)
    assert student_t_quantile(freedom, confidence) == pytest.approx(expected, rel=1e-8)


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
