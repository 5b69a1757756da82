from typing import Any

import numpy as np
import pytest

from mnist_nn.evaluation import curves_of
from mnist_nn.training import EpochMetrics

EPOCH = {"epoch": 1, "samples": 9, "loss": 0.5, "accuracy": 0.75, "seconds": 1, "extra": None}


def test_curves_have_the_figures_of_each_epoch() -> None:
    held_out = {"validation_loss": 0.25, "validation_accuracy": 1.0}
    curves = curves_of("run", [EPOCH | held_out, EPOCH | held_out | {"epoch": 2, "loss": 0.125}])
    assert curves.epochs.tolist() == [1, 2]
    assert curves.training["loss"].tolist() == [0.5, 0.125]
    assert curves.validation["accuracy"].tolist() == [1, 1]


def test_without_validation_there_are_no_curves_of_it() -> None:
    assert curves_of("run", [EPOCH | {"validation_loss": None}]).validation == {}


def test_an_epoch_without_validation_is_a_gap() -> None:
    later = EPOCH | {"epoch": 2, "validation_loss": 0.25, "validation_accuracy": 1.0}
    assert np.isnan(curves_of("run", [EPOCH, later]).validation["loss"]).tolist() == [True, False]


@pytest.mark.parametrize(
    ("entry", "complaint"),
    [
        ({"loss": float("nan")}, "loss"),
        ({"loss": 1e200}, "loss"),
        ({"accuracy": 1.5}, "accuracy"),
        ({"epoch": 0}, "epoch"),
        ({"epoch": 10**30}, "epoch"),
        ({"loss": "0.5"}, "loss"),
        ({"validation_loss": float("inf")}, "validation_loss"),
    ],
)
def test_figures_that_cannot_be_are_refused_by_name(entry: Any, complaint: str) -> None:
    with pytest.raises(ValueError, match=f"entry 2 is not the metrics of an epoch: {complaint}: "):
        curves_of("run", [EPOCH, EPOCH | entry])


@pytest.mark.parametrize("entry", [None, 3, [], "epoch", {}])
def test_what_is_no_epoch_is_refused(entry: Any) -> None:
    with pytest.raises(ValueError, match="entry 1 is not the metrics of an epoch"):
        curves_of("run", [entry])


def test_records_of_a_run_are_as_good_as_mappings() -> None:
    epoch = EpochMetrics(1, samples=9, loss=0.5, accuracy=0.75, seconds=1, learning_rate=0.1)
    curves = curves_of("run", [epoch], kept=1)
    assert curves.training["accuracy"].tolist() == [0.75]
    assert curves.kept == 1
