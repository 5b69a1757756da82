import math
from typing import Any, get_args

import numpy as np
import pytest
from pydantic import ValidationError

from mnist_nn.training import Constant, Cosine, Exponential, OneCycle, ReduceOnPlateau, Step
from mnist_nn.training.schedules import AnySchedule, PlateauState, Progress, Schedule

SCHEDULES = get_args(get_args(AnySchedule)[0])


def learning_rates(
    schedule: Schedule, epochs: int = 10, steps: int = 100, losses: tuple[Any, ...] = ()
) -> np.ndarray:
    """The rate of every step of a run, at a learning rate of 2."""
    seen = PlateauState()
    for loss in losses:
        seen = schedule.watch(seen, loss)
    progress = Progress(np.arange(epochs * steps) / steps, 1 / steps, epochs, seen)
    return schedule.learning_rates(2.0, progress)


def test_constant_is_constant() -> None:
    assert (learning_rates(Constant()) == 2).all()


def test_a_step_falls_every_so_many_epochs() -> None:
    found = learning_rates(Step(every=3, factor=0.5))
    np.testing.assert_allclose(found[[0, 299, 300, 599, 600, 999]], [2, 2, 1, 1, 0.5, 0.25])


@pytest.mark.parametrize("steps", [3, 7, 30, 469, 1875])
def test_a_step_falls_at_the_first_step_of_an_epoch(steps: int) -> None:
    found = learning_rates(Step(every=1, factor=0.5), 20, steps).reshape(20, steps)
    np.testing.assert_allclose(found, np.repeat(2 * 0.5 ** np.arange(20.0), steps).reshape(20, -1))


def test_exponential_keeps_its_factor_of_every_epoch() -> None:
    found = learning_rates(Exponential(factor=0.9))
    np.testing.assert_allclose(found[::100], 2 * 0.9 ** np.arange(10))
    assert (np.diff(found) < 0).all()


def test_cosine_goes_down_by_half_a_cosine() -> None:
    found = learning_rates(Cosine(final_factor=0.1))
    np.testing.assert_allclose(found[[0, 500]], [2, 1.1])
    assert 0.2 < found[-1] < 0.201
    assert found[250] == pytest.approx(0.2 + 1.8 * (1 + math.cos(math.pi / 4)) / 2)


def test_one_cycle_goes_up_and_down() -> None:
    found = learning_rates(OneCycle())
    assert found[0] == pytest.approx(2 / 25)
    assert found.argmax() == 300
    assert found[300] == pytest.approx(2)
    assert found[650] == pytest.approx(1, rel=1e-4)
    assert found[-1] < 2e-5


@pytest.mark.parametrize("schedule", [cls(warmup=2) for cls in SCHEDULES], ids=lambda s: s.name)
def test_warmup_rises_in_a_line_before_any_schedule(schedule: Schedule) -> None:
    found, start = learning_rates(schedule), learning_rates(type(schedule)(), epochs=8)
    rise = 2 * np.arange(1, 201) / 200
    np.testing.assert_allclose(found[:200], rise * start[0] / 2)
    np.testing.assert_allclose(found[200:], start)


def test_a_warmup_longer_than_the_run_is_cut_short() -> None:
    for cls in SCHEDULES:
        found = learning_rates(cls(warmup=50))
        assert np.isfinite(found).all()
        assert (np.diff(found) > 0).all()


@pytest.mark.parametrize(
    ("losses", "falls"),
    [
        ((), 0),
        ((3, 2, 1, 1, 1), 0),
        ((3, 2, 1, 1, 1, 1), 1),
        ((3, 2, 1, 1.5, 0.9995, 1.2), 1),  # not better by min_delta
        ((3, 2, 1, 1.5, 0.99, 1.2), 0),
        ((1, 1, 1, 1, 1, 1, 1), 2),
        ((1, 1, 1, 1, 0.5, 1, 1, 1), 2),
    ],
)
def test_a_plateau_lowers_the_rate(losses: tuple[Any, ...], falls: int) -> None:
    schedule = ReduceOnPlateau(factor=0.5, patience=3, min_delta=1e-3)
    np.testing.assert_allclose(learning_rates(schedule, losses=losses), 2 * 0.5**falls)


def test_epochs_of_warmup_are_no_plateau() -> None:
    schedule = ReduceOnPlateau(factor=0.5, patience=2, warmup=3)
    assert learning_rates(schedule, losses=(1, 1, 1, 1, 1))[-1] == 2
    assert learning_rates(schedule, losses=(1, 1, 1, 1, 1, 1))[-1] == 1


def test_a_plateau_has_a_floor() -> None:
    schedule = ReduceOnPlateau(factor=0.1, patience=1, min_factor=0.05)
    assert (learning_rates(schedule, losses=(1, 1, 1, 1, 1)) == 0.1).all()


@pytest.mark.parametrize(
    ("cls", "key", "value"),
    [
        *((cls, "warmup", -1) for cls in SCHEDULES),
        (Step, "every", 0),
        (Step, "factor", 1.5),
        (Exponential, "factor", 0),
        (Cosine, "final_factor", 2),
        (OneCycle, "pct_start", 1),
        (OneCycle, "div_factor", 0.5),
        (ReduceOnPlateau, "patience", 0),
        (ReduceOnPlateau, "patience", 10**400),
        (ReduceOnPlateau, "patience", True),
        (Constant, "warmup", "3"),
    ],
)
def test_impossible_values_are_refused(cls: type, key: str, value: object) -> None:
    with pytest.raises(ValidationError, match=key):
        cls(**{key: value})
