"""When a run writes checkpoints, and what it does with one that is in the way."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.model import load_checkpoint, load_model

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "sample.yaml", "--set", "training.epochs=5")


def epochs_written(run: Run, monkeypatch: pytest.MonkeyPatch, *options: object) -> list[int]:
    """After which epochs of five a run has written a checkpoint."""
    import mnist_nn.model

    written, save = [], mnist_nn.model.save_checkpoint

    def save_and_tell(path: Path, checkpoint: Any) -> None:
        written.append(len(checkpoint.snapshot.history))
        save(path, checkpoint)

    monkeypatch.setattr("mnist_nn.model.save_checkpoint", save_and_tell)
    assert run("train", *SAMPLE, *options).exit_code == 0
    return written


def test_a_short_run_writes_none(run: Run, monkeypatch, tmp_path: Path) -> None:
    assert epochs_written(run, monkeypatch) == []
    assert not (tmp_path / "model.pkl.ckpt").exists()


def test_a_run_of_more_than_a_minute_writes_one_after_each_epoch(run: Run, monkeypatch) -> None:
    monkeypatch.setattr("mnist_nn.cli.checkpoints.LONG", 0.0)  # as if it were one
    monkeypatch.setattr("mnist_nn.cli.checkpoints.SHARE", 1e9)
    assert epochs_written(run, monkeypatch) == [1, 2, 3, 4, 5]


def test_epochs_too_short_for_that_are_not_held_up(run: Run, monkeypatch) -> None:
    monkeypatch.setattr("mnist_nn.cli.checkpoints.LONG", 0.0)
    monkeypatch.setattr("mnist_nn.cli.checkpoints.SHARE", 1e-9)
    assert epochs_written(run, monkeypatch) == [1, 5]


@pytest.mark.parametrize(("every", "expected"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [])])
def test_every_so_many_epochs_and_at_the_end(run: Run, monkeypatch, every, expected) -> None:
    assert epochs_written(run, monkeypatch, "--checkpoint-every", every) == expected


def test_every_zero_epochs_is_refused(run: Run) -> None:
    result = run("train", *SAMPLE, "--checkpoint-every", 0)
    assert result.exit_code == 2
    assert "--checkpoint-every" in result.stderr


def test_divergence_keeps_the_last_good_checkpoint(run: Run, tmp_path: Path) -> None:
    """The rate rises for ever."""
    options = "--lr", 1e3, "--set", "training.schedule={name: constant, warmup: 1000}"
    loss = "--set", "training.loss=mean_squared_error", "--set"
    layers = "network.layers=[{units: 20, activation: relu}, {units: 10, activation: identity}]"
    command = "train", "-c", CONFIGS / "sample.yaml", "--epochs", 50, *options, *loss, layers
    result = run(*command, "--batch-size", 1000, "--checkpoint-every", 1)
    assert result.exit_code == 1
    checkpoint = load_checkpoint(tmp_path / "model.pkl.ckpt")
    done = len(checkpoint.snapshot.history)
    error = result.stderr[result.stderr.index("error:") :]
    assert f"diverged in epoch {done + 1}: loss" in error
    assert "learning_rate" in error
    assert "try a smaller" in error
    assert f"the checkpoint of epoch {done} is kept: model.pkl.ckpt" in error
    assert not (tmp_path / "model.pkl").exists()


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(
    run: Run, monkeypatch, tmp_path: Path
) -> None:
    show = TrainingProgress.show

    def show_and_block(progress: TrainingProgress, report: Any) -> None:
        (tmp_path / "model.pkl.ckpt").mkdir(exist_ok=True)
        show(progress, report)

    monkeypatch.setattr(TrainingProgress, "show", show_and_block)
    result = run("train", *SAMPLE, "--checkpoint-every", 1)
    assert result.exit_code == 0
    assert result.stderr.count("training goes on without a new checkpoint") == 1
    assert len(load_model(tmp_path / "model.pkl").history) == 5


def test_the_checkpoint_of_an_unfinished_run_is_put_aside(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--checkpoint-every", 1, "--seed", 1)
    (tmp_path / "model.pkl").unlink()  # as if it had not come to a model
    result = run("train", *SAMPLE, "--checkpoint-every", 1, "--seed", 2)
    assert "model.pkl.ckpt was of an unfinished run and is now model.pkl.ckpt.bak" in result.stderr
    assert load_checkpoint(tmp_path / "model.pkl.ckpt.bak").config.seed == 1
    assert load_checkpoint(tmp_path / "model.pkl.ckpt").config.seed == 2
    run("train", *SAMPLE, "--checkpoint-every", 1, "--seed", 3)  # the second did come to one
    assert load_checkpoint(tmp_path / "model.pkl.ckpt.bak").config.seed == 1


def test_two_runs_into_the_same_place_at_once_both_end_well(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mnist_nn", "train", "-q", "--checkpoint-every", "1"]
    command += ["-c", str(CONFIGS / "sample.yaml"), "--set", "training.epochs=30"]
    runs = [
        subprocess.Popen([*command, "--seed", str(seed)], cwd=tmp_path, stderr=subprocess.PIPE)
        for seed in (1, 2)
    ]
    for process in runs:
        process.communicate(timeout=60)
        assert process.returncode == 0
    names = {path.name for path in tmp_path.iterdir()}
    assert names - {"model.pkl.ckpt.bak"} == {"model.pkl", "model.pkl.ckpt"}
    assert len(load_model(tmp_path / "model.pkl").history) == 30
    load_checkpoint(tmp_path / "model.pkl.ckpt")
