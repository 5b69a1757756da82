"""Interrupted runs resumed from their checkpoints, by the command line."""

import pickle
import re
import shlex
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mnist_nn.model import load_checkpoint, load_model
from mnist_nn.training import EpochMetrics

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
EVERYTHING = {
    "seed": 3,
    "data": {
        "dataset": "mnist-sample",
        "validation": 500,
        "augmentation": {"shift": 1.0, "elastic_alpha": 8.0},
    },
    "network": {
        "layers": [
            {"units": 12, "activation": "relu", "dropout": 0.2},
            {"units": 10, "activation": "softmax"},
        ]
    },
    "training": {
        "optimizer": {"name": "adamw", "learning_rate": 0.003},
        "schedule": {"name": "reduce_on_plateau", "patience": 1, "min_delta": 0.05},
        "label_smoothing": 0.1,
        "l2": 1e-5,
        "clip_norm": 1.0,
        "ema_decay": 0.99,
        "epochs": 4,
        "early_stopping": {"monitor": "validation_accuracy", "patience": 2, "min_delta": 0.02},
    },
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "everything.yaml"
    path.write_text(yaml.safe_dump(EVERYTHING))
    return path


def outcome(path: Path) -> tuple[bytes, list[EpochMetrics]]:
    """The parameters of a model and its history, apart from times."""
    model = load_model(path)
    return model.network.params.tobytes(), [replace(m, seconds=0) for m in model.history]


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(
    ("report", "number", "code"),
    [(1, signal.SIGINT, 130), (2, signal.SIGTERM, 143), (3, signal.SIGHUP, 129)],
)
def test_an_interrupted_run_says_how_to_resume_and_ends_as_if_it_had_not_been(
    run: Run,
    config: Path,
    interrupt: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    engine: str,
    report: int,
    number: int,
    code: int,
) -> None:
    command = "train", "-c", config, "--engine", engine
    assert run(*command, "-o", "whole.pkl").exit_code == 0
    interrupt(report, number)
    result = run(*command, "-o", "model.pkl")
    assert result.exit_code == code
    assert result.stdout == ""
    assert not (tmp_path / "model.pkl").exists()
    last = result.stderr.splitlines()[-1]
    assert re.match(r"interrupted in epoch \d of 4; resume with: mnist-nn train --resume /", last)
    config.unlink()  # the checkpoint alone is enough, wherever the command is pasted
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    result = run(*shlex.split(last.partition("mnist-nn ")[2]))
    assert (result.exit_code, result.stdout) == (0, f"{tmp_path}/model.pkl\n")
    assert "resuming" in result.stderr
    assert outcome(tmp_path / "model.pkl") == outcome(tmp_path / "whole.pkl")


def test_a_run_can_be_interrupted_at_every_report(
    run: Run, config: Path, interrupt: Callable[..., None], tmp_path: Path
) -> None:
    run("train", "-c", config, "-o", "whole.pkl", "--engine", "numpy")
    command = ["train", "-c", str(config), "--engine", "numpy"]
    for _ in range(50):
        interrupt(1)
        if run(*command).exit_code == 0:
            break
        command = ["train", "--resume", "model.pkl.ckpt"]
    assert len(load_model(tmp_path / "model.pkl").history) == 4
    assert outcome(tmp_path / "model.pkl") == outcome(tmp_path / "whole.pkl")


def test_a_second_ctrl_c_ends_at_once_and_leaves_the_last_checkpoint(
    run: Run, config: Path, interrupt: Callable[..., None], tmp_path: Path
) -> None:
    interrupt(12, times=2)
    result = run("train", "-c", config, "--engine", "numpy", "--checkpoint-every", 1)
    assert result.exit_code == 130
    assert result.stderr.splitlines()[-1] == "interrupted"
    position = load_checkpoint(tmp_path / "model.pkl.ckpt").state.position
    assert (position.epoch, position.samples) == (3, 0)  # there are five reports per epoch


def test_ctrl_c_while_the_model_is_saved_does_not_cost_it(
    run: Run, config: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted_save(path: Path, model: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        model.save(path)

    monkeypatch.setattr("mnist_nn.runs.run.save_model", interrupted_save)
    result = run("train", "-c", config)
    assert result.exit_code == 130
    assert "interrupted; the run is over, its model: model.pkl" in result.stderr
    assert len(load_model(tmp_path / "model.pkl").history) == 4


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_run_that_is_over_can_be_made_longer(run: Run, tmp_path: Path, engine: str) -> None:
    command = "train", "-c", CONFIGS / "sample.yaml", "--engine", engine
    run(*command, "--epochs", 5, "-o", "whole.pkl")
    run(*command, "--epochs", 2, "--checkpoint-every", 1)
    result = run("train", "--resume", "model.pkl.ckpt", "--epochs", 5)
    assert "epoch 3/5" in result.stderr
    assert "epoch 2/5" not in result.stderr
    assert outcome(tmp_path / "model.pkl") == outcome(tmp_path / "whole.pkl")
    assert load_model(tmp_path / "model.pkl").config.training.epochs == 5
    assert load_checkpoint(tmp_path / "model.pkl.ckpt").state.position.epoch == 6


def test_a_run_that_early_stopping_ended_stays_ended(
    run: Run, config: Path, tmp_path: Path
) -> None:
    command = "train", "-c", config, "--epochs", 50, "--checkpoint-every", 1
    result = run(*command)
    assert "stopped after epoch" in result.stderr
    before = outcome(tmp_path / "model.pkl")
    (tmp_path / "model.pkl").unlink()
    result = run("train", "--resume", "model.pkl.ckpt")
    assert result.exit_code == 0
    assert "stopped after epoch" in result.stderr
    assert outcome(tmp_path / "model.pkl") == before


@pytest.fixture
def checkpoint(run: Run, config: Path, interrupt: Callable[..., None], tmp_path: Path) -> Path:
    """A checkpoint in the third epoch."""
    interrupt(12)
    assert run("train", "-c", config, "--engine", "numpy").exit_code == 130
    return tmp_path / "model.pkl.ckpt"


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (
            ("--lr", 0.1),
            2,
            "training.optimizer.learning_rate cannot be 0.1, the run began with 0.0",
        ),
        (("--seed", 4), 2, "seed cannot be 4, the run began with 3"),
        (("--batch-size", 64), 2, "training.batch_size cannot be 64, the run began with 32"),
        (("--engine", "numba"), 2, "training.engine cannot be 'numba', the run began with 'numpy'"),
        (("--set", "network.layers.0.units=13"), 2, "network.layers.0.units cannot be 13"),
        (("--set", "training.ema_decay=null"), 2, "training.ema_decay cannot be null"),
        (("--set", "training.optimizer={name: sgd}"), 2, "training.optimizer.name cannot be"),
        (("-c", CONFIGS / "base.yaml"), 2, "cannot be"),
        (("--epochs", 2), 2, "--epochs 2: the run is in epoch 3 already"),
        (("--set", "training.iterations=1000"), 2, "training.iterations cannot be 1000"),
        (("--epochs", 0), 2, "training.epochs: must be 1 or more, got 0"),
        (("--seeds", 2), 2, "--seeds: a checkpoint of a run with several seeds knows them"),
        (("-o", "no/model.pkl"), 2, "/no does not exist"),
    ],
)
def test_what_would_change_the_mathematics_is_refused(
    run: Run, checkpoint: Path, arguments: tuple[Any, ...], code: int, complaint: str
) -> None:
    before = checkpoint.read_bytes()
    result = run("train", "--resume", checkpoint, *arguments)
    assert result.exit_code == code
    assert complaint in result.stderr
    assert checkpoint.read_bytes() == before


def test_what_is_as_it_was_may_be_said_again(run: Run, checkpoint: Path, config: Path) -> None:
    options = "-c", config, "--seed", 3, "--epochs", 4, "--engine", "numpy"
    assert run("train", "--resume", checkpoint, *options).exit_code == 0


@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_a_run_whose_schedule_spans_it_keeps_its_length(run: Run, schedule: str) -> None:
    options = "--set", f"training.schedule.name={schedule}", "--checkpoint-every", 1
    run("train", "-c", CONFIGS / "sample.yaml", "--epochs", 2, *options)
    result = run("train", "--resume", "model.pkl.ckpt", "--epochs", 3)
    assert result.exit_code == 2
    assert f"the {schedule} schedule is laid out for the whole run of 2 epochs" in result.stderr
    assert run("train", "--resume", "model.pkl.ckpt").exit_code == 0


def test_the_model_goes_where_it_was_going_or_where_it_is_told(
    run: Run, checkpoint: Path, tmp_path: Path
) -> None:
    checkpoint.rename(tmp_path / "elsewhere")
    result = run("train", "--resume", "elsewhere")
    assert result.exit_code == 2
    assert "--resume: cannot infer the output path from 'elsewhere'; pass -o" in result.stderr
    assert run("train", "--resume", "elsewhere", "-o", "x.pkl").stdout == "x.pkl\n"
    assert len(load_model(tmp_path / "x.pkl").history) == 4


def test_dry_run_shows_what_a_checkpoint_would_resume_with(run: Run, checkpoint: Path) -> None:
    result = run("train", "--resume", checkpoint, "--dry-run", "--epochs", 7)
    assert yaml.safe_load(result.stdout)["training"]["epochs"] == 7
    assert yaml.safe_load(result.stdout)["training"]["optimizer"]["name"] == "adamw"


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content, 4))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c["sha256"].update(x_train="ab"), "is not the same data that the run"),
        (
            lambda c: c["state"]["position"].update(samples=17),
            "the checkpoint is damaged: the snapshot is",
        ),
        (lambda c: c["state"]["position"].update(samples=10**9), "the checkpoint is damaged"),
        (lambda c: c["config"]["training"].update(epochs=10**9), "more than the 100,000 of a run"),
    ],
)
def test_a_checkpoint_that_does_not_fit_is_refused(
    run: Run, checkpoint: Path, change: Callable[[dict[str, Any]], object], complaint: str
) -> None:
    changed(checkpoint, change)
    result = run("train", "--resume", checkpoint)
    assert result.exit_code in (1, 2)
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr


def test_other_versions_are_named(run: Run, checkpoint: Path) -> None:
    changed(checkpoint, lambda c: c["versions"].update(numpy="1.0"))
    result = run("train", "--resume", checkpoint)
    assert result.exit_code == 0
    assert f"the run began with numpy 1.0, this is {np.__version__}" in result.stderr
