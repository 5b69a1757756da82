import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len

from mnist_nn.data import DATASETS, load_dataset
from mnist_nn.model import load_model, save_model

from .terminals import terminal

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"


def test_json_has_the_promised_keys_and_adds_up(run: Run, sample_model: Path) -> None:
    result = run("evaluate", sample_model, "--json")
    assert result.exit_code == 0
    report = json.loads(result.stdout)
    assert set(report) >= {
        *("accuracy", "loss", "samples", "per_class", "confusion_matrix", "model", "dataset")
    }
    matrix = report["confusion_matrix"]
    assert report["samples"] == sum(map(sum, matrix)) == 1000
    assert report["accuracy"] == sum(matrix[k][k] for k in range(10)) / 1000 > 0.8
    assert [row["support"] for row in report["per_class"]] == [100] * 10
    low, high = report["accuracy_interval"]
    assert low < report["accuracy"] < high
    assert (report["model"], report["dataset"]) == (str(sample_model), "mnist-sample")
    assert report["split"] == "test"


def test_calibration_is_told_before_and_after(run: Run, tmp_path: Path) -> None:
    held = ("--set", "data.validation=1000", "--set", "data.dataset=mnist-sample")
    assert run("train", "base", *held, "--epochs", "20", "-q").exit_code == 0
    told = json.loads(run("evaluate", "model.pkl", "--json").stdout)
    measured = told["calibration"]
    model, test = load_model(tmp_path / "model.pkl"), load_dataset("mnist-sample").test
    assert model.calibration is not None
    assert test is not None
    assert measured["temperature"] == model.calibration.temperature > 1  # it was too sure
    assert measured["before"]["error"] > 1.5 * measured["after"]["error"]
    assert measured["before"]["cross_entropy"] == pytest.approx(told["loss"])
    assert measured["after"]["cross_entropy"] < measured["before"]["cross_entropy"]
    answers = model.answers(test.x)
    right = answers.outputs.argmax(axis=1) == test.y
    assert measured["answered"] == answers.known.mean() > 0.97
    assert measured["accuracy_of_answered"] == right[answers.known].mean() > told["accuracy"]
    said = run("evaluate", "model.pkl", "--report", "report.html").stdout
    before, after = measured["before"], measured["after"]
    assert f"calibration error {before['error']:.2%} -> {after['error']:.2%}, cross-e" in said
    assert f"answered  {answers.known.mean():.2%}, {right[answers.known].mean():.2%} of" in said
    page = (tmp_path / "report.html").read_text()
    assert f"{after['error']:.2%}, {before['error']:.2%} before" in page
    assert f"{answers.known.mean():.2%} of the samples are answered" in page
    assert "before calibration</text>" in page


def test_without_validation_samples_there_is_nothing_to_calibrate_on(
    run: Run, sample_model: Path
) -> None:
    measured = json.loads(run("evaluate", sample_model, "--json").stdout)["calibration"]
    assert (measured["temperature"], measured["after"], measured["answered"]) == (None, None, 1.0)
    error = f"calibration error {measured['before']['error']:.2%}; no validation samples"
    assert error in run("evaluate", sample_model).stdout


def test_outputs_that_are_no_probabilities_have_no_calibration(run: Run, tmp_path: Path) -> None:
    overrides = ("training.loss=mean_squared_error", "data.validation=1000", "training.epochs=1")
    last = "network.layers=[{units: 10, activation: tanh}]"
    sets = [part for text in (*overrides, last) for part in ("--set", text)]
    assert run("train", "base", *sets, "--set", "data.dataset=mnist-sample", "-q").exit_code == 0
    assert load_model(tmp_path / "model.pkl").calibration is None
    assert json.loads(run("evaluate", "model.pkl", "--json").stdout)["calibration"] is None
    assert "calibration" not in run("evaluate", "model.pkl").stdout


def test_the_table_says_the_same(run: Run, sample_model: Path) -> None:
    accuracy = json.loads(run("evaluate", sample_model, "--json").stdout)["accuracy"]
    result = run("evaluate", sample_model)
    assert f"accuracy  {accuracy:.2%} (95 % interval" in result.stdout
    assert "confusion matrix" in result.stdout
    assert result.stderr == ""


def test_the_training_split_can_be_asked_for(run: Run, sample_model: Path) -> None:
    report = json.loads(run("evaluate", sample_model, "--split", "train", "--json").stdout)
    assert (report["samples"], report["split"]) == (5000, "train")


@pytest.mark.parametrize(("bar", "code"), [(0.5, 0), (0.9999, 1)])
def test_an_accuracy_below_the_bar_fails(
    bar: float, code: int, run: Run, sample_model: Path
) -> None:
    result = run("evaluate", sample_model, "--min-accuracy", bar, "--json")
    assert result.exit_code == code
    assert json.loads(result.stdout)["samples"] == 1000
    assert ("is below --min-accuracy 0.9999" in result.stderr) == (code == 1)


def test_a_model_can_be_measured_on_other_digits(
    run: Run, sample_model: Path, data_dir: Path
) -> None:
    options = ("--dataset", "mnist", "--data-dir", data_dir, "--json")
    report = json.loads(run("evaluate", sample_model, *options).stdout)
    assert (report["samples"], report["dataset"]) == (10000, "mnist")
    assert report["accuracy"] > 0.8


@pytest.mark.parametrize(
    ("options", "code", "complaint"),
    [
        (("--dataset", "mnist"), 1, "mnist-nn download"),
        (("--dataset", "iris"), 2, "iris has 4 numbers per sample, but the model reads 784"),
        (("--dataset", "cifar"), 2, "unknown dataset 'cifar'"),
        (("--split", "all"), 2, "--split"),
        (("--min-accuracy", 97), 2, "--min-accuracy 97.0: must be between 0 and 1"),
    ],
)
def test_what_cannot_be_measured_is_refused(
    options: tuple[Any, ...], code: int, complaint: str, run: Run, sample_model: Path
) -> None:
    result = run("evaluate", sample_model, *options)
    assert result.exit_code == code
    assert complaint in result.stderr
    assert result.stdout == ""


def test_a_dataset_without_test_samples_names_the_other_split(run: Run, tmp_path: Path) -> None:
    run("train", "-c", CONFIGS / "reference" / "iris.yaml", "-q")
    result = run("evaluate", "model.pkl")
    assert result.exit_code == 2
    assert "iris has no test samples; measure with --split train" in result.stderr
    assert "92.00%" in run("evaluate", "model.pkl", "--split", "train").stdout


@pytest.mark.parametrize("content", [b"", b"\x80\x04}.", b"cos\nsystem\n(S'touch ran'\ntR."])
def test_a_file_that_is_no_model_is_refused(content: bytes, run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.pkl").write_bytes(content)
    result = run("evaluate", "bad.pkl")
    assert result.exit_code == 1
    assert result.stderr.startswith("error: bad.pkl is not a usable model file: ")
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "ran").exists()


def test_a_model_that_overflows_has_no_accuracy(run: Run, sample_model: Path) -> None:
    model = load_model(sample_model)
    model.network.params[:] = 3e38
    save_model(sample_model, model)
    result = run("evaluate", sample_model, "--min-accuracy", 0)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be measured: its loss is nan" in result.stderr


def test_a_model_that_is_not_there(run: Run) -> None:
    result = run("evaluate", "none.pkl")
    assert (result.exit_code, result.stderr) == (
        1,
        "error: cannot read none.pkl: No such file or directory\n",
    )


NAMES = tuple(f"a class of clothes {n}" for n in range(10))  # of 20 characters each


def test_long_names_of_classes_fit_80_columns(
    run: Run, sample_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample = DATASETS["mnist-sample"]
    info = replace(sample, format=replace(sample.format, class_names=NAMES))
    monkeypatch.setitem(DATASETS, "mnist-sample", info)
    lines = run("evaluate", "model.pkl", "--split", "train").stdout.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert [line.split("  ")[0].strip() for line in lines[2:12]] == [
        f"{n} {name}" for n, name in enumerate(NAMES)
    ]
    assert lines[-1].startswith("accuracy  ")
    assert lines[14].split() == list("0123456789")


@pytest.mark.parametrize(
    ("variables", "has_colours"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
    ids=["colours", "NO_COLOR", "dumb"],
)
def test_a_terminal_has_colours_unless_they_are_not_wanted(
    variables: dict[str, str], has_colours: bool, sample_model: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "mnist_nn", "evaluate", "model.pkl", "--min-accuracy", "1"]
    usual = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    with terminal() as (screen, end):
        subprocess.run(
            command,
            cwd=tmp_path,
            env=usual | {"TERM": "xterm"} | variables,
            stdout=end,
            stderr=end,
        )
        end.close()
    assert "error: accuracy" in screen.text.replace("\x1b[0m", "")
    for style in ("\x1b[1m", "\x1b[31m"):  # bold, red
        assert (style in screen.text) == has_colours
