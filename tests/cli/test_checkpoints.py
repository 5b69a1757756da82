"""When a run writes checkpoints, and what it does with one that is in the way."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.model import load_checkpoint, load_model, save_checkpoint

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "sample.yaml", "--set", "training.epochs=5")


def epochs_written(run: Run, monkeypatch: pytest.MonkeyPatch, *options: object) -> list[int]:
    """After which epochs of five a run has written a checkpoint."""
    written: list[int] = []

    def save_and_tell(path: Path, checkpoint: Any) -> None:
        if not checkpoint.complete:  # nor that which is written once the model is
            written.append(len(checkpoint.state.history))
        save_checkpoint(path, checkpoint)

    monkeypatch.setattr("mnist_nn.runs.checkpoints.save_checkpoint", save_and_tell)
    assert run("train", *SAMPLE, *options).exit_code == 0
    return written


def test_a_short_run_writes_none(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert epochs_written(run, monkeypatch) == []
    assert not (tmp_path / "model.pkl.ckpt").exists()


def test_a_run_of_more_than_a_minute_writes_one_after_each_epoch(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_nn.runs.checkpoints.LONG", 0.0)  # as if it were one
    monkeypatch.setattr("mnist_nn.runs.checkpoints.SHARE", 1e9)
    assert epochs_written(run, monkeypatch) == [1, 2, 3, 4, 5]


def test_epochs_too_short_for_that_are_not_held_up(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_nn.runs.checkpoints.LONG", 0.0)
    monkeypatch.setattr("mnist_nn.runs.checkpoints.SHARE", 1e-9)
    assert epochs_written(run, monkeypatch) == [1, 5]


@pytest.mark.parametrize(("every", "expected"), [(1, [1, 2, 3, 4, 5]), (2, [2, 4, 5]), (9, [])])
def test_every_so_many_epochs_and_at_the_end(
    run: Run, monkeypatch: pytest.MonkeyPatch, every: int, expected: Any
) -> None:
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
    done = len(checkpoint.state.history)
    error = result.stderr[result.stderr.index("error:") :]
    assert f"diverged in epoch {done + 1}: loss" in error
    assert "learning_rate" in error
    assert "try a smaller" in error
    assert f"the checkpoint of epoch {done} is kept: model.pkl.ckpt" in error
    assert not (tmp_path / "model.pkl").exists()


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    show = TrainingProgress.show

    def show_and_block(progress: TrainingProgress, report: Any) -> None:
        if not (tmp_path / "model.pkl.ckpt").is_dir():
            (tmp_path / "model.pkl.ckpt").unlink()  # of the first epoch
            (tmp_path / "model.pkl.ckpt").mkdir()
        show(progress, report)

    monkeypatch.setattr(TrainingProgress, "show", show_and_block)
    result = run("train", *SAMPLE, "--checkpoint-every", 1)
    assert result.exit_code == 0
    assert result.stderr.count("training continues without a new checkpoint") == 1
    assert len(load_model(tmp_path / "model.pkl").history) == 5


@pytest.fixture
def unfinished(run: Run, interrupt: Callable[..., None]) -> Callable[[int], str]:
    """Interrupt a run with this seed in its second epoch; return what it says."""

    def leave(seed: int) -> str:
        interrupt(2)
        result = run("train", *SAMPLE, "--engine", "numpy", "--seed", seed, "-o", "m.pkl")
        assert result.exit_code == 130
        said: str = result.stderr
        return said

    return leave


def seed_of(path: Path) -> int:
    return load_checkpoint(path).config.seed


def test_the_checkpoint_of_an_unfinished_run_is_put_aside(
    run: Run, unfinished: Callable[[int], str], tmp_path: Path
) -> None:
    assert " is now " not in unfinished(1)
    assert run("train", *SAMPLE, "--seed", 2, "-o", "m.pkl").exit_code == 0  # writes none
    assert "m.pkl.ckpt was not of a finished run and is now m.pkl.ckpt.bak;" in unfinished(3)
    assert "m.pkl.ckpt was not of a finished run and is now m.pkl.ckpt.bak2;" in unfinished(4)
    names = "m.pkl.ckpt.bak", "m.pkl.ckpt.bak2", "m.pkl.ckpt"
    assert [seed_of(tmp_path / name) for name in names] == [1, 3, 4]


def test_what_was_put_aside_is_resumed_by_the_command_that_the_note_has(
    run: Run, unfinished: Callable[[int], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unfinished(1)
    said = unfinished(2)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (command,) = re.findall("is now .*; resume it with: mnist-nn (.*)", said)
    assert run(*shlex.split(command)).exit_code == 0
    model = load_model(tmp_path / "m-bak.pkl")
    assert (model.config.seed, len(model.history)) == (1, 5)
    assert seed_of(tmp_path / "m.pkl.ckpt") == 2


def test_a_checkpoint_whose_run_is_over_is_replaced(run: Run, tmp_path: Path) -> None:
    for seed in (1, 2):
        result = run("train", *SAMPLE, "--checkpoint-every", 1, "--seed", seed)
        assert " is now " not in result.stderr
    assert seed_of(tmp_path / "model.pkl.ckpt") == 2
    assert not (tmp_path / "model.pkl.ckpt.bak").exists()


def test_a_run_that_is_resumed_replaces_its_own(
    run: Run, unfinished: Callable[[int], str], tmp_path: Path
) -> None:
    unfinished(1)
    assert run("train", "--resume", "m.pkl.ckpt").exit_code == 0
    assert {path.name for path in tmp_path.iterdir()} == {"m.pkl", "m.pkl.ckpt"}


def hostile(path: Path) -> None:
    path.write_bytes(b"cos\nsystem\n(S'touch pwned'\ntR.")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(300 << 20)  # sparse: takes no room on the disk


@pytest.mark.parametrize("make", [hostile, huge])
def test_what_is_no_checkpoint_is_kept_and_not_trusted(
    unfinished: Callable[[int], str], make: Callable[[Path], None], tmp_path: Path
) -> None:
    make(tmp_path / "m.pkl.ckpt")
    size = (tmp_path / "m.pkl.ckpt").stat().st_size
    said = unfinished(1)
    assert "m.pkl.ckpt was not of a finished run and is now m.pkl.ckpt.bak\n" in said
    assert (tmp_path / "m.pkl.ckpt.bak").stat().st_size == size
    assert seed_of(tmp_path / "m.pkl.ckpt") == 1
    assert not (tmp_path / "pwned").exists()


def test_a_name_that_is_taken_is_not_taken_again(
    unfinished: Callable[[int], str], tmp_path: Path
) -> None:
    (tmp_path / "m.pkl.ckpt.bak").mkdir()
    (tmp_path / "m-bak2.pkl").touch()  # of a run that was put aside before, and resumed
    unfinished(1)
    assert "is now m.pkl.ckpt.bak3;" in unfinished(2)
    assert seed_of(tmp_path / "m.pkl.ckpt.bak3") == 1


def test_a_checkpoint_that_cannot_be_moved_is_not_overwritten(
    run: Run, unfinished: Callable[[int], str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unfinished(1)

    def refuse(path: Path, exist_ok: bool) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "touch", refuse)
    result = run("train", *SAMPLE, "--seed", 2, "--checkpoint-every", 1, "-o", "m.pkl")
    assert "m.pkl.ckpt is not of a finished run and cannot be renamed" in result.stderr
    assert seed_of(tmp_path / "m.pkl.ckpt") == 1
    assert load_model(tmp_path / "m.pkl").config.seed == 2


def test_the_command_names_the_refuge_of_a_checkpoint(
    run: Run, interrupt: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    fallback = tmp_path / "a fallback"
    fallback.mkdir()
    monkeypatch.setattr("mnist_nn.runs.saving.FALLBACK_FOLDERS", (lambda: fallback,))
    interrupt(2)
    show = TrainingProgress.show

    def show_and_block(progress: TrainingProgress, report: Any) -> None:
        (tmp_path / "m.pkl.ckpt").mkdir(exist_ok=True)
        show(progress, report)

    monkeypatch.setattr(TrainingProgress, "show", show_and_block)
    said = run("train", *SAMPLE, "-o", "m.pkl").stderr
    monkeypatch.setattr(TrainingProgress, "show", show)  # which interrupts no more
    (tmp_path / "m.pkl.ckpt").rmdir()
    assert run(*shlex.split(said.partition("resume with: mnist-nn ")[2])).exit_code == 0
    assert len(load_model(tmp_path / "m.pkl").history) == 5


def test_two_runs_into_the_same_place_at_once_both_end_well(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mnist_nn", "train", "-q", "--checkpoint-every", "1"]
    command += ["-c", str(CONFIGS / "reference" / "moons.yaml"), "--set", "training.epochs=20"]
    command += ["--set", "training.engine=numpy"]
    runs = [
        subprocess.Popen([*command, "--seed", str(seed)], cwd=tmp_path, stderr=subprocess.PIPE)
        for seed in (1, 2)
    ]
    for process in runs:
        _, stderr = process.communicate()
        assert process.returncode == 0, stderr
    names = {path.name for path in tmp_path.iterdir()}
    assert names - {"model.pkl.ckpt.bak", "model.pkl.ckpt.bak2"} == {"model.pkl", "model.pkl.ckpt"}
    assert len(load_model(tmp_path / "model.pkl").history) == 20
    load_checkpoint(tmp_path / "model.pkl.ckpt")
