import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import load_dataset
from mnist_nn.evaluation import summary
from mnist_nn.model import load_model

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "base.yaml", "-c", CONFIGS / "sample.yaml", "--epochs", 1)


def accuracies(stdout: str) -> list[str]:
    return re.findall(r"^ \d+ +([\d.]+%)", stdout, re.MULTILINE)


def test_each_seed_has_a_model_and_a_row(run: Run, tmp_path: Path) -> None:
    result = run("train", *SAMPLE, "--seed", 4, "--seeds", 3, "-o", "m.pkl")
    assert result.exit_code == 0, result.stderr
    assert re.findall("^seed .", result.stderr, re.MULTILINE) == ["seed 4", "seed 5", "seed 6"]
    models = [load_model(tmp_path / f"m-seed{seed}.pkl") for seed in (4, 5, 6)]
    assert [model.config.seed for model in models] == [4, 5, 6]
    test = load_dataset("mnist-sample").test
    assert test is not None
    shares = [float(np.mean(m.network.predict(test.x).argmax(1) == test.y)) for m in models]
    assert accuracies(result.stdout) == [f"{share:.2%}" for share in shares]
    found = summary(shares)
    assert f"test accuracy of 3 seeds: mean {found.mean:.2%}" in result.stdout
    assert f"standard deviation {found.deviation:.2%}" in result.stdout
    low, high = found.interval
    assert f"95 % interval of the mean: {low:.2%} to {high:.2%}" in result.stdout


def test_a_seed_is_trained_as_it_is_alone(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--seeds", 2, "-q")
    run("train", *SAMPLE, "--seed", 1, "-q", "-o", "alone.pkl")
    one, alone = (load_model(tmp_path / name) for name in ("model-seed1.pkl", "alone.pkl"))
    np.testing.assert_array_equal(one.network.params, alone.network.params)


def test_where_samples_are_held_out_the_test_samples_are_not_read(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_nn.data.Dataset.test", property(lambda self: 1 / 0))
    monkeypatch.setattr("mnist_nn.data.Dataset.sha256", {})
    held = ("--set", "data.validation=500", "--epochs", 2)
    result = run("train", *SAMPLE, *held, "--seeds", 2)
    assert result.exit_code == 0, result.stderr
    last = re.findall(r"epoch 2/2 .*validation \S+ +([\d.]+%)", result.stderr)
    assert "validation accuracy of 2 seeds" in result.stdout
    assert accuracies(result.stdout) == last


def test_what_is_compared_is_the_epoch_that_was_kept(run: Run, tmp_path: Path) -> None:
    stopping = ("--set", "training.early_stopping={patience: 1, monitor: validation_accuracy}")
    held = ("--set", "data.validation=500", "--epochs", 30)
    result = run("train", *SAMPLE, *held, *stopping, "--seeds", 2)
    best = [
        max(epoch["validation_accuracy"] for epoch in load_model(tmp_path / name).history)
        for name in ("model-seed0.pkl", "model-seed1.pkl")
    ]
    assert accuracies(result.stdout) == [f"{share:.2%}" for share in best]


def test_without_test_samples_it_is_the_training_accuracy(run: Run) -> None:
    result = run("train", "-c", CONFIGS / "reference" / "iris.yaml", "--seeds", 2, "-q")
    assert "training accuracy of 2 seeds" in result.stdout
    assert "legacy_seed all seeds start from the same weights" in result.stderr


@pytest.mark.parametrize(("seeds", "complaint"), [(1, "or equal to 2"), ("x", "valid integer")])
def test_a_number_of_seeds_that_makes_no_sense_is_refused(
    run: Run, seeds: object, complaint: str
) -> None:
    result = run("train", *SAMPLE, "--seeds", seeds)
    assert result.exit_code == 2
    assert complaint in result.stderr


def test_seeds_beyond_the_largest_are_refused(run: Run) -> None:
    result = run("train", *SAMPLE, "--seed", 2**63 - 1, "--seeds", 2)
    assert result.exit_code == 2
    assert "--seeds 2: the last would be 9223372036854775808, not below 2^63" in result.stderr


@pytest.mark.parametrize("output", [".", "/", "..", "models"])
def test_an_output_that_is_a_folder_is_refused(run: Run, tmp_path: Path, output: str) -> None:
    (tmp_path / "models").mkdir()
    result = run("train", *SAMPLE, "--seeds", 2, "-o", output)
    assert result.exit_code == 2
    assert "is a folder; name a file in it" in result.stderr


def test_a_seed_that_diverges_is_named(run: Run) -> None:
    result = run("train", *SAMPLE, "--seed", 7, "--seeds", 2, "--lr", 1e38, "-q")
    assert result.exit_code == 1
    assert "error: seed 7: training diverged in epoch 1" in result.stderr


def test_an_interval_stays_within_what_an_accuracy_can_be(run: Run) -> None:
    few = ("--set", "training.iterations=1", "--set", "data.validation=10", "--lr", 0.01)
    result = run("train", *SAMPLE[:-2], *few, "--seeds", 2, "-q")
    low, high = re.findall(r"interval of the mean: ([\d.]+)% to ([\d.]+)%", result.stdout)[0]
    assert 0 <= float(low) <= float(high) <= 100


def test_no_run_begins_where_a_model_cannot_be_written(run: Run, tmp_path: Path) -> None:
    (tmp_path / "model-seed1.pkl").mkdir()
    result = run("train", *SAMPLE, "--seeds", 2)
    assert result.exit_code == 2
    assert "model-seed1.pkl is a folder" in result.stderr
    assert not (tmp_path / "model-seed0.pkl").exists()
