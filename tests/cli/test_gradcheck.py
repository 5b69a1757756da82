import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.nn import ACTIVATIONS
from mnist_nn.nn.activations import tanh_backward

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("--set", "data.dataset=mnist-sample")
SMALL = "network.layers=[{units: 8, activation: sigmoid}, {units: 10, activation: softmax}]"
SMALL_ON_SAMPLE = (*SAMPLE, "--set", SMALL)


def test_the_base_config_is_right(run: Run) -> None:
    result = run("gradcheck", "-c", CONFIGS / "base.yaml", *SAMPLE)
    assert result.exit_code == 0
    assert "the gradients agree" in result.stdout
    for number in (1, 2, 3):
        assert re.search(rf"layer_{number}\.weights +[\d,]+/[\d,]+ +\d\.\de-", result.stdout)
        assert re.search(rf"layer_{number}\.biases", result.stdout)


@pytest.mark.parametrize("name", ["iris", "iris-small", "moons", "two-layer", "per-sample-mnist"])
def test_the_reference_configs_are_right(name: str, run: Run) -> None:
    options = SAMPLE if "layer" in name or "mnist" in name else ()
    options = (*options, "--set", "data.validation=0")
    result = run("gradcheck", "-c", CONFIGS / "reference" / f"{name}.yaml", *options)
    assert result.exit_code == 0, result.stderr


@pytest.mark.parametrize(
    "setting",
    [
        "network.layers.0.dropout=0.5",
        "training.label_smoothing=0.2",
        "training.l2=0.01",
        "training.class_weight={0: 5, 1: 0.5, 9: 0}",
    ],
)
def test_all_that_is_in_the_gradient_is_checked(setting: str, run: Run) -> None:
    plain, found = (
        run("gradcheck", *SMALL_ON_SAMPLE, *options) for options in ((), ("--set", setting))
    )
    assert found.exit_code == 0, found.stderr
    assert found.stdout != plain.stdout


def test_a_wrong_gradient_fails(
    run: Run, published_a: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS, "sigmoid", replace(ACTIVATIONS[published_a], name="sigmoid"))
    result = run("gradcheck", *SMALL_ON_SAMPLE)
    assert result.exit_code == 1
    assert "error: the gradients differ: the largest relative error" in result.stderr
    assert "the gradients agree" not in result.stdout


def test_gradients_that_are_not_finite_fail(run: Run) -> None:
    layers = "{units: 3, activation: identity}, " * 99
    deep = f"network.layers=[{layers} {{units: 3, activation: softmax}}]"
    huge = "network.initializer={name: normal, scale: 1000}"
    options = ("--set", deep, "--set", huge, "--set", "network.dtype=float64")
    result = run("gradcheck", "--set", "data.dataset=iris", *options)
    assert result.exit_code == 1
    assert "error: the gradients differ: the largest relative error, nan," in result.stderr
    assert "agree" not in result.stdout


def test_gradients_too_small_to_measure_are_no_error(run: Run) -> None:
    moons = CONFIGS / "reference" / "moons.yaml"
    result = run("gradcheck", "-c", moons, "--set", "network.initializer.scale=0.01")
    assert result.exit_code == 0
    assert "too small" in result.stdout
    assert "groups have gradients too small to be measured" in result.stderr


def test_a_small_wrong_gradient_fails_all_the_same(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a tanh gradient is missing, in a group of gradients that are small but not noise."""

    def half(z: np.ndarray, y: np.ndarray, dy: np.ndarray, out: np.ndarray) -> np.ndarray:
        return tanh_backward(z, y, dy / 2, out)

    monkeypatch.setitem(ACTIVATIONS, "tanh", replace(ACTIVATIONS["tanh"], backward=half))
    layers = "[{units: 32, activation: tanh}, {units: 32, activation: sigmoid}, "
    layers += "{units: 32, activation: sigmoid}, {units: 10, activation: softmax}]"
    small = "network.initializer={name: normal, scale: 0.005}"
    options = ("--set", f"network.layers={layers}", "--set", small)
    result = run("gradcheck", *SAMPLE, *options)
    assert result.exit_code == 1
    assert "is above 1e-06" in result.stderr


def test_missing_data_are_named(run: Run) -> None:
    result = run("gradcheck")
    assert result.exit_code == 1
    assert "mnist-nn download" in result.stderr
