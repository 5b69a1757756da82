"""A summary says what several runs of the same experiment have in common."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Summary:
    """Of some measurements.

    Attributes
    ----------
    mean
        Their average.
    deviation
        Their standard deviation: of the whole from which they are drawn, estimated with n - 1.
    interval
        The 95 % interval of that whole's mean, by Student's t distribution.
    """

    mean: float
    deviation: float
    interval: tuple[float, float]


def summarize(values: Sequence[float]) -> Summary:
    """Sum measurements up.

    Parameters
    ----------
    values
        Two or more.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"a deviation takes 2 values or more, got {n}")
    mean, deviation = statistics.fmean(values), statistics.stdev(values)
    half = student_t_quantile(n - 1) * deviation / math.sqrt(n)
    return Summary(mean, deviation, (mean - half, mean + half))


def student_t_quantile(freedom: int, confidence: float = 0.95) -> float:
    """Return the t within whose ± a variable of Student's distribution lies, to ten digits."""
    low, high = 0.0, 1.0
    while student_t_within(high, freedom) < confidence:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (
            (middle, high) if student_t_within(middle, freedom) < confidence else (low, middle)
        )
    return high


def student_t_within(t: float, freedom: int) -> float:
    """Probability that a variable of Student's distribution lies within ±t.

    For a whole number of degrees of freedom it is a finite sum: Abramowitz and Stegun, 26.7.3 and
    26.7.4, with θ = atan(t / √freedom).
    """
    theta = math.atan(t / math.sqrt(freedom))
    odd = freedom % 2
    term = math.cos(theta) if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= (k - 1) / k * math.cos(theta) ** 2
        total += term
    within = math.sin(theta) * total
    return 2 / math.pi * (theta + within) if odd else within
