"""scripts/make_model.py, on a model that is trained for a moment on the sample."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mnist_nn
from mnist_nn import load_dataset
from mnist_nn.model.model import model_of


@pytest.fixture(autouse=True)
def _scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "scripts")


def test_a_model_is_rounded_and_calibrated_as_it_is_then() -> None:
    from make_model import in_float16, shipped

    digits = load_dataset("mnist-sample")
    model = mnist_nn.train("sample", epochs=2, overrides={"data.validation": 500}, engine="numpy")
    half = shipped(model, digits)
    read = model_of(in_float16(half))
    assert read.config == model.config
    np.testing.assert_array_equal(read.network.params, half.network.params)
    assert 0 < np.abs(read.network.params - model.network.params).max() < 1e-3
    assert [epoch.accuracy for epoch in read.history] == pytest.approx(
        [epoch.accuracy for epoch in model.history]
    )
    assert digits.test is not None
    answers, before = read.answers(digits.test.x), half.answers(digits.test.x)
    np.testing.assert_array_equal(answers.outputs, before.outputs)
    np.testing.assert_array_equal(answers.known, before.known)
    assert read.calibration is not None
    assert model.calibration is not None
    assert read.calibration.temperature == pytest.approx(model.calibration.temperature, rel=0.01)
    assert read.calibration.max_score == pytest.approx(model.calibration.max_score, rel=0.01)


def test_another_model_is_refused() -> None:
    from make_model import check

    model, digits = mnist_nn.load_model(), load_dataset("mnist-sample")
    with pytest.raises(SystemExit, match="trained on other data"):
        check(model, digits)
    with pytest.raises(SystemExit, match="not that of the preset accurate"):
        check(replace(model, config=mnist_nn.load_config("base")), digits)
