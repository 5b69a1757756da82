import json
import pickle
import re
import shlex
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.data import load_dataset
from mnist_nn.evaluation import summarize
from mnist_nn.model import load_checkpoint, load_model

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = (
    *("-c", CONFIGS / "base.yaml", "-c", CONFIGS / "sample.yaml"),
    *("--set", "data.validation=0", "--epochs", 1),
)


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
    found = summarize(shares)
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
        max(epoch.validation_accuracy or 0.0 for epoch in load_model(tmp_path / name).history)
        for name in ("model-seed0.pkl", "model-seed1.pkl")
    ]
    assert accuracies(result.stdout) == [f"{share:.2%}" for share in best]


def test_without_test_samples_it_is_the_training_accuracy(run: Run) -> None:
    result = run("train", "-c", CONFIGS / "reference" / "iris.yaml", "--seeds", 2, "-q")
    assert "training accuracy of 2 seeds" in result.stdout
    assert "legacy_seed all seeds start from the same weights" in result.stderr


@pytest.mark.parametrize(
    ("seeds", "complaint"), [(1, r"\b2\b"), ("x", "valid integer")], ids=["one", "x"]
)
def test_a_number_of_seeds_that_makes_no_sense_is_refused(
    run: Run, seeds: object, complaint: str
) -> None:
    result = run("train", *SAMPLE, "--seeds", seeds)
    assert result.exit_code == 2
    assert re.search(complaint, result.stderr)


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


SERIES = (*SAMPLE, "--engine", "numpy", "--seeds", 3)


def resume_command(stderr: str) -> list[str]:
    return shlex.split(stderr.partition("resume with: mnist-nn ")[2])


def table_of(stdout: str) -> list[str]:
    """The table without its seconds and folders."""
    return [re.sub(r" +[\d.]+ +\S*(model-seed)", r" \1", line) for line in stdout.splitlines()[2:]]


@pytest.mark.parametrize(
    ("report", "seed"), [(1, 0), (7, 1), (12, 2)], ids=["the first", "a middle one", "the last"]
)
def test_an_interrupted_series_resumes_with_all_its_seeds(
    run: Run,
    interrupt: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    report: int,
    seed: int,
) -> None:
    (tmp_path / "whole").mkdir()
    whole = run("train", *SERIES, "-o", "whole/model.pkl")
    interrupt(report)
    result = run("train", *SERIES, "--log-dir", "logs")
    assert (result.exit_code, result.stdout) == (130, "")
    assert f"interrupted in seed {seed}, epoch 1 of 1; resume with: " in result.stderr
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    resumed = run(*resume_command(result.stderr))
    assert resumed.exit_code == 0, resumed.stderr
    begun = re.findall(r"^seed (\d)", resumed.stderr, re.MULTILINE)
    assert begun == [str(n) for n in range(seed, 3)]
    assert table_of(resumed.stdout) == table_of(whole.stdout)
    assert "test accuracy of 3 seeds" in resumed.stdout
    for n in range(3):
        one, other = (load_model(tmp_path / d / f"model-seed{n}.pkl") for d in ("", "whole"))
        assert one.network.params.tobytes() == other.network.params.tobytes()
        lines = (tmp_path / "logs" / f"seed{n}" / "metrics.jsonl").read_text().splitlines()
        assert [json.loads(line) for line in lines] == [m.as_dict() for m in one.history]


def test_a_series_can_be_interrupted_at_every_report(
    run: Run, interrupt: Callable[..., None], tmp_path: Path
) -> None:
    command = ["train", *map(str, SERIES)]
    for _ in range(30):
        interrupt(1)
        result = run(*command)
        if result.exit_code == 0:
            break
        command = resume_command(result.stderr)
    assert "test accuracy of 3 seeds" in result.stdout
    assert result.stdout.count("model-seed") == 3


@pytest.mark.parametrize("seed", [0, 2])
def test_ctrl_c_while_a_model_of_a_series_is_saved_costs_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, seed: int
) -> None:
    def interrupted_save(path: Path, model: Any) -> None:
        if path.name == f"model-seed{seed}.pkl":
            signal.raise_signal(signal.SIGINT)
        model.save(path)

    with monkeypatch.context() as patch:
        patch.setattr("mnist_nn.runs.run.save_model", interrupted_save)
        result = run("train", *SERIES)
    assert result.exit_code == 130
    assert f"interrupted in seed {seed}, epoch 1 of 1; resume with: " in result.stderr
    resumed = run(*resume_command(result.stderr))
    assert resumed.exit_code == 0, resumed.stderr
    assert "test accuracy of 3 seeds" in resumed.stdout


@pytest.fixture
def interrupted(run: Run, interrupt: Callable[..., None], tmp_path: Path) -> Path:
    """The checkpoint of a series that was interrupted in its second run."""
    interrupt(7)
    assert run("train", *SERIES, "-q").exit_code == 130
    return tmp_path / "model-seed1.pkl.ckpt"


def test_a_model_that_is_missing_is_trained_again(
    run: Run, interrupted: Path, tmp_path: Path
) -> None:
    before = load_model(tmp_path / "model-seed0.pkl").network.params.tobytes()
    (tmp_path / "model-seed0.pkl").unlink()
    result = run("train", "--resume", interrupted)
    assert "model-seed0.pkl is missing, so seed 0 is trained again" in result.stderr
    assert "test accuracy of 3 seeds" in result.stdout
    assert load_model(tmp_path / "model-seed0.pkl").network.params.tobytes() == before


def test_another_model_is_not_taken_for_one_of_the_series(
    run: Run, interrupted: Path, tmp_path: Path
) -> None:
    run("train", *SAMPLE, "--lr", 0.01, "-o", "model-seed0.pkl", "-q")
    before = (tmp_path / "model-seed0.pkl").read_bytes()
    result = run("train", "--resume", interrupted)
    assert result.exit_code == 2
    assert "model-seed0.pkl is not the model that the interrupted run wrote there" in result.stderr
    assert "move it elsewhere, and seed 0 is trained again" in result.stderr
    assert (tmp_path / "model-seed0.pkl").read_bytes() == before


def test_a_series_keeps_its_length_and_its_names(run: Run, interrupted: Path) -> None:
    result = run("train", "--resume", interrupted, "--epochs", 2)
    assert result.exit_code == 2
    assert "--epochs 2: with --seeds all runs are of the same length, 1 epochs" in result.stderr
    renamed = interrupted.rename(interrupted.with_name("other.ckpt"))
    result = run("train", "--resume", renamed)
    assert result.exit_code == 2
    assert "cannot infer the output path" in result.stderr
    result = run("train", "--resume", renamed, "-o", interrupted.with_name("model.pkl"))
    assert "test accuracy of 3 seeds" in result.stdout


def test_a_finished_run_of_a_series_can_be_made_longer_alone(run: Run, tmp_path: Path) -> None:
    run("train", *SERIES, "--checkpoint-every", 1, "-q")
    others = (tmp_path / "model-seed1.pkl").read_bytes()
    result = run("train", "--resume", "model-seed0.pkl.ckpt", "--epochs", 2)
    assert result.stdout == "model-seed0.pkl\n"
    assert len(load_model(tmp_path / "model-seed0.pkl").history) == 2
    assert (tmp_path / "model-seed1.pkl").read_bytes() == others
    assert load_checkpoint(tmp_path / "model-seed1.pkl.ckpt").complete


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda series: series.update(first=5), "its seeds are not those of its series"),
        (lambda series: series.update(count=1), "'series.count' is wrong"),
        (lambda series: series["results"][0].update(seed=1), "its seeds are not those"),
        (lambda series: series["results"][0].update(sha256="x"), "sha256' is wrong"),
        (
            lambda series: series["results"][0]["epoch"].update(validation_accuracy=0.5),
            "the results of its series do not match data.validation",
        ),
    ],
    ids=["first", "count", "seed", "sha256", "epoch"],
)
def test_a_series_that_is_damaged_is_refused(
    run: Run, interrupted: Path, change: Callable[[Any], object], complaint: str
) -> None:
    content = pickle.loads(interrupted.read_bytes())
    change(content["series"])
    interrupted.write_bytes(pickle.dumps(content, 4))
    result = run("train", "--resume", interrupted)
    assert result.exit_code == 1
    assert complaint in result.stderr
