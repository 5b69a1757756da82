"""The logs that a run writes as it goes."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_nn.cli.progress import TrainingProgress
from mnist_nn.model import load_model

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = ("-c", CONFIGS / "sample.yaml", "--epochs", 3, "--set", "data.validation=500")


def logged(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_the_logs_say_what_the_model_says(run: Run, tmp_path: Path) -> None:
    assert run("train", *SAMPLE, "--log-dir", "logs/new").exit_code == 0
    history = load_model(tmp_path / "model.pkl").history
    assert logged(tmp_path / "logs" / "new") == history
    with (tmp_path / "logs" / "new" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [{k: float(v) for k, v in row.items()} for row in rows] == history


def test_each_epoch_is_there_as_soon_as_it_is_over(run: Run, monkeypatch, tmp_path) -> None:
    show, lines = TrainingProgress.show, []

    def show_and_look(progress: TrainingProgress, report: Any) -> None:
        show(progress, report)
        if report.complete:
            lines.append(len(logged(tmp_path / "logs")))

    monkeypatch.setattr(TrainingProgress, "show", show_and_look)
    run("train", *SAMPLE, "--log-dir", "logs")
    assert lines == [0, 1, 2]  # the third is written after the third look


def test_a_run_that_goes_on_has_the_whole_history_in_its_logs(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--checkpoint-every", 1)
    run("train", "--resume", "model.pkl.ckpt", "--epochs", 5, "--log-dir", "logs")
    assert [epoch["epoch"] for epoch in logged(tmp_path / "logs")] == [1, 2, 3, 4, 5]


def test_each_seed_has_logs_of_its_own(run: Run, tmp_path: Path) -> None:
    run("train", *SAMPLE, "--seeds", 2, "--log-dir", "logs")
    assert {path.name for path in (tmp_path / "logs").iterdir()} == {"seed0", "seed1"}
    assert len(logged(tmp_path / "logs" / "seed1")) == 3


def test_tensorboard_finds_the_curves(run: Run, tmp_path: Path) -> None:
    pytest.importorskip("tensorboardX")
    run("train", *SAMPLE, "--log-dir", "logs")
    (events,) = (tmp_path / "logs").glob("events.out.tfevents.*")
    blob = events.read_bytes()
    for tag in (b"loss/training", b"loss/validation", b"accuracy/validation", b"learning_rate"):
        assert blob.count(tag) == 3


def test_without_a_writer_for_tensorboard_there_are_the_other_logs(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    assert run("train", *SAMPLE, "--log-dir", "logs").exit_code == 0
    names = {path.name for path in (tmp_path / "logs").iterdir()}
    assert names == {"metrics.jsonl", "metrics.csv"}


def test_a_folder_that_cannot_be_is_refused_before_training(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    result = run("train", *SAMPLE, "--log-dir", "file/logs")
    assert result.exit_code == 2
    assert "--log-dir file/logs: Not a directory" in result.stderr
    assert "epoch" not in result.stderr


def test_a_full_disk_ends_the_logs_and_not_the_run(run: Run, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "metrics.jsonl").symlink_to("/dev/full")
    result = run("train", *SAMPLE, "--log-dir", "logs")
    assert result.exit_code == 0
    assert result.stderr.count("cannot write the logs: No space left on device") == 1
    assert len(load_model(tmp_path / "model.pkl").history) == 3
