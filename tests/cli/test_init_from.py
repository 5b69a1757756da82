"""`train --init-from` and `--freeze`: a new run starts from the weights of a model."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mnist_nn
from mnist_nn.data import load_dataset
from mnist_nn.errors import ModelError
from mnist_nn.model import (
    Series,
    load_checkpoint,
    load_model,
    load_starting_weights,
    save_checkpoint,
)
from mnist_nn.runs import Run as TrainingRun
from mnist_nn.runs import RunFiles

Run = Callable[..., Any]
SAMPLE = ("train", "sample", "--epochs", 1)
STILL = ("--lr", 1e-30)  # too small a rate to change a weight
MOONS = ("train", "reference/moons", "--epochs", 1, "--set", "network.dtype=float32")
TWO_OUTPUTS = (
    *("--set", "network.layers.4={units: 2, activation: softmax}"),
    *("--set", "training.loss=cross_entropy"),
)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_all_layers_start_from_a_model_of_the_same_shapes(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    result = run(*SAMPLE, *STILL, "--init-from", sample_model, "-o", "new.pkl", "--seed", 5)
    assert result.exit_code == 0, result.stderr
    assert f"all layers start from {sample_model}" in result.stderr
    old, new = load_model(sample_model), load_model(tmp_path / "new.pkl")
    np.testing.assert_array_equal(new.network.params, old.network.params)
    assert (new.init_from, old.init_from) == (sha256(sample_model), None)
    assert f"started from the weights of model {sha256(sample_model)[:12]}" in new.summary()


def test_a_last_layer_of_another_shape_is_new(run: Run, tmp_path: Path) -> None:
    run(*MOONS, "-o", "old.pkl")
    result = run(*MOONS, *TWO_OUTPUTS, *STILL, "--init-from", "old.pkl", "--freeze", 2)
    assert result.exit_code == 0, result.stderr
    assert "layers 1 to 4 of 5 start from old.pkl, layer 5 is new" in result.stderr
    assert "layers 1 and 2 are frozen" in result.stderr
    old, new = (load_model(tmp_path / name).network for name in ("old.pkl", "model.pkl"))
    theirs = old.named_parameters()
    for name, array in new.named_parameters().items():
        if name.startswith("layer_5"):
            assert array.shape != theirs[name].shape
            assert name.endswith("biases") or array.any()
        else:
            np.testing.assert_array_equal(array, theirs[name])


def test_a_boundary_cannot_be_animated_without_the_starting_weights(run: Run) -> None:
    run(*MOONS, "-o", "old.pkl")
    run(*MOONS, "--init-from", "old.pkl", "-o", "new.pkl")
    result = run("plot", "new.pkl", "--animate")
    assert result.exit_code == 2
    assert "--animate: the model started from the weights of another" in result.stderr


def test_running_averages_come_along(run: Run, tmp_path: Path) -> None:
    norm = ("--set", "network.layers.0.batch_norm=true", "--engine", "numpy")
    run(*SAMPLE, *norm, "-o", "old.pkl")
    run(*SAMPLE, *norm, "--init-from", "old.pkl", "--freeze", 1)
    old, new = (load_model(tmp_path / name).network for name in ("old.pkl", "model.pkl"))
    before, after = old.named_parameters(), new.named_parameters()
    names = [name for name in before if name.startswith("layer_1.")]
    assert any("variance" in name for name in names), names
    for name in names:
        np.testing.assert_array_equal(before[name], after[name])


def test_python_does_what_the_command_does(run: Run, sample_model: Path, tmp_path: Path) -> None:
    run(*SAMPLE, "--init-from", sample_model, "--freeze", 2, "-o", "new.pkl")
    frozen = {"training.frozen_layers": 2}
    model = mnist_nn.train("sample", epochs=1, overrides=frozen, init_from=sample_model)
    written = load_model(tmp_path / "new.pkl")
    np.testing.assert_array_equal(model.network.params, written.network.params)
    assert model.init_from == written.init_from == sha256(sample_model)


def test_every_seed_starts_from_the_model(run: Run, sample_model: Path, tmp_path: Path) -> None:
    result = run(*SAMPLE, *STILL, "--init-from", sample_model, "--seeds", 2, "-o", "new.pkl")
    assert result.exit_code == 0, result.stderr
    weights = load_model(sample_model).network.params
    for seed in (0, 1):
        new = load_model(tmp_path / f"new-seed{seed}.pkl")
        np.testing.assert_array_equal(new.network.params, weights)


@pytest.mark.parametrize("seeds", [1, 2])
def test_an_interrupted_run_is_resumed_without_the_model(
    run: Run, sample_model: Path, tmp_path: Path, seeds: int
) -> None:
    """The runs of the other seeds still need its weights, so the checkpoint has them."""
    options: tuple[object, ...] = ("train", "sample", "--epochs", 3, "--freeze", 1)
    options = (*options, "--set", "data.validation=500", "--set", "training.early_stopping={}")
    series = ("--seeds", 2) if seeds == 2 else ()
    run(*options, *series, "--init-from", sample_model, "-o", tmp_path / "whole.pkl")
    names = ["-seed0", "-seed1"] if seeds == 2 else [""]
    whole = [load_model(tmp_path / f"whole{name}.pkl") for name in names]
    data = load_dataset("mnist-sample")
    config = whole[0].config
    weights = load_starting_weights(sample_model, config, data.info.format)
    output = tmp_path / f"cut{names[0]}.pkl"
    part = TrainingRun(
        config,
        data,
        files=RunFiles(output),
        series=Series(0, 2, []) if seeds == 2 else None,
        init_from=weights,
    )
    while not (metrics := next(part)).complete:
        pass
    assert metrics.epoch == 1
    checkpoint = part.checkpoint_now()
    assert checkpoint.init_from
    assert bool(checkpoint.init_from.parameters) == (seeds == 2)
    save_checkpoint(f"{output}.ckpt", checkpoint)
    sample_model.unlink()
    result = run("train", "--resume", f"{output}.ckpt")
    assert result.exit_code == 0, result.stderr
    for name, model in zip(names, whole, strict=True):
        resumed = load_model(tmp_path / f"cut{name}.pkl")
        np.testing.assert_array_equal(resumed.network.params, model.network.params)
        assert resumed.init_from == model.init_from


def test_what_a_checkpoint_says_of_starting_weights_is_checked(
    sample_model: Path, tmp_path: Path
) -> None:
    data, config = load_dataset("mnist-sample"), load_model(sample_model).config
    weights = load_starting_weights(sample_model, config, data.info.format)
    part = TrainingRun(config, data, series=Series(0, 2, []), init_from=weights)
    checkpoint = part.checkpoint_now()
    for parameters, complaint in (
        ({"layer_1.weights": np.zeros((3, 3), np.float32)}, "'layer_1.weights' are not of its"),
        ({"layer_9.weights": np.zeros((3, 3), np.float32)}, "'layer_9.weights' are not of its"),
        ({"layer_3.biases": np.full(10, np.nan, np.float32)}, "weight is not finite"),
    ):
        damaged = replace(checkpoint, init_from=replace(weights, parameters=parameters))
        save_checkpoint(tmp_path / "c.ckpt", damaged)
        with pytest.raises(ModelError, match=complaint):
            load_checkpoint(tmp_path / "c.ckpt")


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--set", "network.layers.0.units=64"), "layer_1.weights is (784, 128) in the model and"),
        (("--set", "network.bias=false"), "layer_1.biases is (128,) in the model and missing in"),
        (
            ("--set", "network.layers=[{units: 10, activation: softmax}]"),
            "all layers must have the shapes of the model's, or all but the last",
        ),
        (
            ("reference/iris", "--set", "data.dataset=iris"),
            "reads 784 numbers per sample, and iris",
        ),
        (("--freeze", 3), "training.frozen_layers: must be below the number of layers, 3"),
        (("-o", "model.pkl"), "model.pkl itself, which this command reads; name another file"),
        (("--resume", "model.pkl.ckpt"), "--init-from: a run that is resumed has its weights"),
    ],
    ids=["units", "bias", "depth", "inputs", "all frozen", "output", "resume"],
)
def test_what_cannot_be_is_refused_before_the_work(
    run: Run, sample_model: Path, options: tuple[object, ...], complaint: str
) -> None:
    before = sample_model.read_bytes()
    result = run(*SAMPLE, "--init-from", sample_model, "-o", "new.pkl", *options)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert sample_model.read_bytes() == before


def test_a_file_that_is_no_model_is_refused(run: Run, tmp_path: Path) -> None:
    (tmp_path / "broken.pkl").write_bytes(b"no model")
    for name in ("broken.pkl", "missing.pkl"):
        result = run(*SAMPLE, "--init-from", name, "-o", "new.pkl")
        assert result.exit_code == 1
        assert name in result.stderr
        assert not (tmp_path / "new.pkl").exists()


def test_freezing_what_was_drawn_is_noted(run: Run) -> None:
    result = run(*SAMPLE, "--freeze", 1)
    assert "layer 1 is frozen, with weights as drawn; see --init-from" in result.stderr
    shown = run(*SAMPLE, "--freeze", 1, "--dry-run").stdout
    assert "#   layer 1: 784 -> 128 sigmoid, 100,480 parameters, frozen\n" in shown
