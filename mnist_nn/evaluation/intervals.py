"""95 % confidence intervals: of a proportion, and of the mean of a few measurements."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

Z_95 = statistics.NormalDist().inv_cdf(0.975)  # 95 % of a normal distribution lie within ±1.96
# the same of Student's distribution with 1 to 10 degrees of freedom
T_95 = (12.7062, 4.30265, 3.18245, 2.77645, 2.57058, 2.44691, 2.36462, 2.306, 2.26216, 2.22814)


def wilson_interval(right: int, n: int) -> tuple[float, float]:
    """Score interval of a proportion (Wilson, 1927), which stays within 0 and 1.

    `right` of n trials were successes; n is at least 1.
    """
    p, z = right / n, Z_95
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z / (1 + z**2 / n) * math.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
    return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True)
class Summary:
    """Mean of a sample, its standard deviation (with n - 1), and the interval of the true mean."""

    mean: float
    deviation: float
    interval: tuple[float, float]


def summarize(values: Sequence[float]) -> Summary:
    """Summarize two measurements or more; ValueError for fewer."""
    n = len(values)
    if n < 2:
        raise ValueError(f"a standard deviation takes 2 values or more, got {n}")
    mean, deviation = statistics.fmean(values), statistics.stdev(values)
    half = t_95(n - 1) * deviation / math.sqrt(n)
    return Summary(mean, deviation, (mean - half, mean + half))


def t_95(freedom: int) -> float:
    """Within ±t lie 95 % of Student's distribution with so many degrees of freedom.

    To four digits: from a table, or by Abramowitz and Stegun's expansion 26.7.5.
    """
    if freedom <= len(T_95):
        return T_95[freedom - 1]
    z, v = Z_95, freedom
    return (
        z
        + (z**3 + z) / (4 * v)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * v**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * v**3)
    )
