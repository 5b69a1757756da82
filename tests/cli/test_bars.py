"""Bars of the commands that are usually done at once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .terminals import terminal

Run = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "unit"),
    [
        (("evaluate", "model.pkl"), " samples"),
        (("gradcheck", "sample", "--set", "network.layers.0.units=2"), " parameters"),
        (("predict", "model.pkl", "digit.npy", "digit.npy"), "0/2 images"),
    ],
    ids=["evaluate", "gradcheck", "predict"],
)
def test_work_that_takes_longer_than_the_delay_has_a_bar_on_a_terminal(
    arguments: tuple[str, ...],
    unit: str,
    run: Run,
    sample_model: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    np.save("digit.npy", np.eye(28))
    monkeypatch.setattr("mnist_nn.cli.bars.DELAY", 0)
    with terminal() as (screen, end):
        monkeypatch.setattr("sys.stderr", end)
        result = run(*arguments)
        end.close()
    assert result.exit_code == 0
    assert unit in screen.text
