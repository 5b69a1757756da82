"""The public interface: `import mnist_nn`."""

import os
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

import mnist_nn
from mnist_nn import EpochMetrics, Model, TrainingConfig
from mnist_nn.runs import Run

SAMPLE = {"data.dataset": "mnist-sample"}


@pytest.fixture(scope="module")
def model() -> Model:
    return mnist_nn.train("base", epochs=2, lr=0.5, overrides=SAMPLE)


def test_every_public_name_is_there() -> None:
    for name in mnist_nn.__all__:
        assert getattr(mnist_nn, name).__doc__, name
    assert set(mnist_nn.__all__) <= set(dir(mnist_nn))
    with pytest.raises(AttributeError, match="no attribute 'trian'"):
        _ = vars(mnist_nn)["__getattr__"]("trian")


def test_train_gives_what_the_command_gives(
    model: Model, run: Callable[..., Any], tmp_path: Path
) -> None:
    run(
        *("train", "base", "--set", "data.dataset=mnist-sample", "--epochs", "2", "--lr", "0.5"),
        *("-o", tmp_path / "model.pkl"),
    )
    written = mnist_nn.load_model(tmp_path / "model.pkl")
    np.testing.assert_array_equal(written.network.params, model.network.params)
    assert written.config == model.config
    assert [m.loss for m in written.history] == [m.loss for m in model.history]


def test_a_model_predicts_evaluates_and_describes_itself(model: Model, tmp_path: Path) -> None:
    digits = mnist_nn.load_dataset("mnist-sample")
    assert digits.test is not None
    outputs = model.predict(digits.test.x)
    accuracy = float(np.mean(outputs.argmax(1) == digits.test.y))
    assert model.evaluate().accuracy == accuracy > 0.8
    assert model.evaluate(digits.train).samples == 5000
    np.testing.assert_array_equal(outputs, model.predict(digits.test.x.reshape(-1, 28, 28)))
    answers = model.answers(digits.test.x)
    np.testing.assert_array_equal(answers.outputs.argmax(1), outputs.argmax(1))
    assert answers.known.mean() > 0.95
    assert not model.answers(255 - digits.test.x).known.any()
    assert "calibration: temperature " in model.summary()
    assert isinstance(model.history[1], EpochMetrics)
    assert re.fullmatch(
        r"Model\(784-128-64-10, mnist-sample, seed 0, epoch 2 of 2, "
        r"validation accuracy \d\d\.\d+%\)",
        repr(model),
    )
    assert "layer 2: 128 -> 64 sigmoid, 8,256 parameters" in model.summary()
    model.save(str(tmp_path / "model.pkl"))
    assert mnist_nn.load_model(tmp_path / "model.pkl").history == model.history


def test_a_run_of_fit_can_be_saved_with_its_history(tmp_path: Path) -> None:
    config = mnist_nn.load_config(["reference/moons"])
    moons = mnist_nn.load_dataset("moons")
    network = mnist_nn.Network(2, config.network.build_layers(), rng=np.random.default_rng(0))
    settings = TrainingConfig(loss="binary_cross_entropy", epochs=2)
    history = list(mnist_nn.fit(network, moons.train, settings, rng=np.random.default_rng(1)))
    network = network.astype(config.network.dtype)
    Model(config, network, moons.info.format, history).save(tmp_path / "moons.pkl")
    assert mnist_nn.load_model(tmp_path / "moons.pkl").history == history


def test_wrong_settings_are_explained() -> None:
    with pytest.raises(
        mnist_nn.ConfigError, match=r"train\(\): training.epochs: must be 1 or more"
    ):
        mnist_nn.train("base", epochs=0)
    with pytest.raises(mnist_nn.ConfigError, match=r"unknown key \(did you mean 'epochs'\?\)"):
        mnist_nn.train("base", overrides={"training.epoch": 1})
    with pytest.raises(mnist_nn.ConfigError, match=r"no preset 'bsae' \(did you mean 'base'\?\)"):
        mnist_nn.train("bsae")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda x: x.astype(np.float32), "0 to 255: floats are read as they are"),
        (lambda x: (x > 127).astype(np.uint8), "0 to 1: whole numbers are multiplied"),
        (lambda x: x / np.float32(127.5) - 1, "-1 to 1: floats are read as they are"),
        (lambda x: x / np.float32(255), None),
        (lambda x: x, None),
        (np.zeros_like, None),
    ],
    ids=["above 1", "integers of 0 and 1", "-1 to 1", "0 to 1", "pixels", "blank"],
)
def test_pixels_of_another_scale_get_one_warning(
    model: Model, change: Callable[[np.ndarray], np.ndarray], problem: str | None
) -> None:
    x = change(mnist_nn.load_dataset("mnist-sample").train.x[:100])
    samples = mnist_nn.Samples(x, np.zeros(100, np.uint8))
    fresh = mnist_nn.Network(784, model.network.layers, rng=None, input_scale=1 / 255)
    for use in (
        lambda: model.predict(x),
        lambda: model.evaluate(samples),
        lambda: list(mnist_nn.fit(fresh, samples, rng=np.random.default_rng(0))),
    ):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            use()
        found = [str(warning.message) for warning in caught]
        assert len(found) == (problem is not None)
        assert not problem or problem in found[0]


@pytest.mark.parametrize(
    ("use", "error", "problem"),
    [
        (lambda m: m.predict([["a"]]), ValueError, "samples must be an array of numbers"),
        (lambda m: m.predict(np.zeros((2, 5))), ValueError, "784"),
        (lambda m: mnist_nn.evaluate(m.network, empty()), ValueError, "got .0, 784. with 0"),
        (lambda m: mnist_nn.evaluate(m.network, empty(), "mse"), ValueError, "unknown loss 'mse'"),
        (lambda m: m.save("pipe"), mnist_nn.ModelError, "it is a folder, a device or a pipe"),
        (
            lambda m: mnist_nn.train(cast(str, 5)),
            mnist_nn.ConfigError,
            "must be the name of a preset",
        ),
        (
            lambda m: mnist_nn.train(overrides=cast(Any, {1: 2})),
            mnist_nn.ConfigError,
            "a key must be text",
        ),
        (lambda m: mnist_nn.train("x" * 5000), mnist_nn.ConfigError, "File name too long"),
        (lambda m: mnist_nn.train(data_dir="pipe"), mnist_nn.DataError, "is not a folder"),
    ],
)
def test_bad_input_is_explained(
    model: Model,
    use: Callable[[Any], object],
    error: type[Exception],
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    with pytest.raises(error, match=problem):
        use(model)


def empty() -> mnist_nn.Samples:
    return mnist_nn.Samples(np.zeros((0, 784)), np.zeros(0, np.uint8))


def test_a_run_that_is_not_over_has_no_model() -> None:
    config = mnist_nn.load_config("reference/moons")
    with pytest.raises(RuntimeError, match="not over"):
        _ = Run(config, mnist_nn.load_dataset("moons")).model
