import contextlib
import json
import os
import pty
import re
import shlex
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from mnist_nn.config import load_config
from mnist_nn.data import Dataset, load_dataset, stratified_split
from mnist_nn.model import Model, load_model
from mnist_nn.rngs import make_rngs

Run = Callable[..., Any]
CONFIGS = Path(__file__).parents[2] / "configs"
SAMPLE = (
    *("--config", CONFIGS / "base.yaml", "--config", CONFIGS / "sample.yaml"),
    *("--set", "data.validation=0"),
)
COMMAND = [sys.executable, "-m", "mnist_nn", "train", *map(str, SAMPLE)]


def test_train_writes_a_model_and_prints_its_path(run: Run, tmp_path: Path) -> None:
    result = run("train", *SAMPLE, "--epochs", 2, "-o", "m.pkl")
    assert result.exit_code == 0
    assert result.stdout == "m.pkl\n"
    lines = result.stderr.splitlines()
    assert lines[0] == (
        "training 784-128-64-10 (109,386 parameters) on 5,000 samples of mnist-sample"
    )
    assert lines[1] == "engine: numba"
    epochs = [line for line in lines[2:] if not line.startswith("compiling")]
    assert [line[:10] for line in epochs[:2]] == ["epoch 1/2 ", "epoch 2/2 "]
    assert epochs[2:] == ["next: mnist-nn evaluate m.pkl"]
    assert re.search(r"loss \d\.\d{4}  accuracy +[\d.]+%  [\d,]+ samples/s  [\d.]+ s$", epochs[0])
    model = load_model(tmp_path / "m.pkl")
    assert [set(epoch.as_dict()) for epoch in model.history] == [
        {
            *("epoch", "samples", "loss", "accuracy", "seconds", "learning_rate"),
            *("validation_loss", "validation_accuracy"),
        }
    ] * 2


def test_the_engine_can_be_chosen_and_is_on_record(run: Run, tmp_path: Path) -> None:
    versions = {}
    for engine in ("numpy", "numba"):
        result = run("train", *SAMPLE, "--epochs", 1, "--engine", engine, "-o", engine)
        assert f"\nengine: {engine}\n" in result.stderr
        versions[engine] = load_model(tmp_path / engine).versions
    assert versions["numba"].keys() - versions["numpy"].keys() == {"numba"}


@pytest.mark.slow
def test_a_run_that_numba_leaves_to_numpy_is_noted_once_even_when_quiet(
    run: Run, data_dir: Path
) -> None:
    base = ("train", "--config", CONFIGS / "base.yaml", "--data-dir", data_dir, "--epochs", 1)
    handed_over = run(*base, "--engine", "numba", "--batch-size", "full", "-q")
    assert handed_over.exit_code == 0
    assert handed_over.stderr == (
        "engine: numpy (the numba engine takes batches of up to 10,591 samples of 784 inputs, "
        "not of 57,600)\n"
    )
    assert run(*base, "-q").stderr == ""


def test_an_unknown_engine_is_a_usage_error(run: Run) -> None:
    result = run("train", *SAMPLE, "--engine", "cuda")
    assert result.exit_code == 2
    assert "--engine cuda" in result.stderr


def test_validation_is_reported_where_it_is_configured(run: Run, tmp_path: Path) -> None:
    result = run("train", *SAMPLE, "--epochs", 1, "--set", "data.validation=0.1")
    assert "on 4,500 samples of mnist-sample\nvalidating on 500 held-out samples" in result.stderr
    assert re.search(r"  validation \d\.\d{4} +[\d.]+%  ", result.stderr)
    assert (load_model(tmp_path / "model.pkl").history[0].validation_accuracy or 0.0) > 0.5


def test_with_validation_a_line_fits_a_terminal(run: Run) -> None:
    result = run("train", *SAMPLE, "--set", "data.validation=500")
    lines = result.stderr.splitlines()
    assert len([line for line in lines if line.startswith("epoch")]) == 15
    assert max(map(len, lines)) <= 80


def validation_accuracy(model: Model) -> float:
    """That of a model on the samples that were held out from it."""
    samples = load_dataset("mnist-sample").train
    held_out = round(model.config.data.validation * 5000)
    _, held = stratified_split(samples.y, held_out, make_rngs(model.config.seed).validation)
    right = model.network.predict(samples.x[held]).argmax(axis=1) == samples.y[held]
    return float(right.mean())


def test_early_stopping_ends_a_run_and_keeps_its_best_epoch(run: Run, tmp_path: Path) -> None:
    held, stopping = "data.validation=0.2", "training.early_stopping={patience: 2}"
    result = run("train", *SAMPLE, "--epochs", 200, "--set", held, "--set", stopping)
    assert result.exit_code == 0, result.stderr
    model = load_model(tmp_path / "model.pkl")
    losses = [epoch.validation_loss or 0.0 for epoch in model.history]
    best = losses.index(min(losses)) + 1
    assert len(losses) == best + 2 < 200
    assert result.stderr.splitlines()[-2] == (
        f"stopped after epoch {best + 2}; the best validation_loss was in epoch {best}; "
        f"the model is of epoch {best}"
    )
    assert validation_accuracy(model) == model.history[best - 1].validation_accuracy
    assert validation_accuracy(model) != model.history[-1].validation_accuracy


@pytest.mark.parametrize("restored", [True, False])
def test_a_run_that_is_not_stopped_keeps_its_best_epoch_or_its_last(
    restored: bool, run: Run, tmp_path: Path
) -> None:
    keep = {"patience": 50, "restore_best_weights": restored}
    stopping = f"training.early_stopping={json.dumps(keep)}"
    options = ("--epochs", 10, "--set", "data.validation=0.2", "--set", stopping)
    result = run("train", *SAMPLE, *options)
    model = load_model(tmp_path / "model.pkl")
    losses = [epoch.validation_loss or 0.0 for epoch in model.history]
    best = losses.index(min(losses)) + 1
    assert best < 10  # or there is nothing to restore
    kept = best if restored else 10
    assert (f"the model is of epoch {best}" in result.stderr) == restored
    assert validation_accuracy(model) == model.history[kept - 1].validation_accuracy


def test_a_run_with_everything_on_repeats_bit_for_bit(run: Run, tmp_path: Path) -> None:
    everything = (
        "training.optimizer={name: adamw}",
        "training.schedule={name: one_cycle, warmup: 0.5}",
        "training.l2=1e-5",
        "training.label_smoothing=0.1",
        "training.clip_norm=1.0",
        "training.ema_decay=0.99",
        "network.layers.0.dropout=0.2",
        "data.augmentation={shift: 1, rotation: 10, scale: 0.1, shear: 5, elastic_alpha: 34}",
        "data.validation=500",
    )
    sets = [part for text in everything for part in ("--set", text)]
    for name in "ab":
        result = run("train", *SAMPLE, *sets, "--epochs", 2, "-o", name, "-q")
        assert result.exit_code == 0, result.stderr
    a, b = (load_model(tmp_path / name) for name in "ab")
    np.testing.assert_array_equal(a.network.params, b.network.params)
    assert a.config.network.layers[0].dropout == 0.2
    assert (a.history[-1].validation_accuracy or 0.0) > 0.5


def test_training_never_reads_the_test_samples(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only when the network is trained are they hashed, for the model's provenance."""

    def stop(dataset: Dataset) -> None:
        raise KeyboardInterrupt  # what comes after training

    monkeypatch.setattr(Dataset, "test", property(lambda self: pytest.fail("they were read")))
    monkeypatch.setattr(Dataset, "sha256", property(stop))
    result = run("train", *SAMPLE, "--epochs", 1, "--checkpoint-every", 1)
    assert result.exit_code == 130
    assert "epoch 1/1" in result.stderr


def test_the_same_seed_writes_the_same_parameters(run: Run, tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        run("train", *SAMPLE, "--epochs", 1, "--seed", seed, "-o", name, "-q")
    a, b, c = (load_model(tmp_path / name).network.params for name in "abc")
    np.testing.assert_array_equal(a, b)
    assert (a != c).any()


def test_quiet_prints_the_path_and_nothing_else(run: Run) -> None:
    result = run("train", *SAMPLE, "--epochs", 1, "--quiet")
    assert (result.stdout, result.stderr) == ("model.pkl\n", "")


def test_dry_run_prints_a_config_that_resolves_to_itself(run: Run, tmp_path: Path) -> None:
    options = ("--epochs", 3, "--batch-size", 7, "--lr", 0.5, "--seed", 9)
    result = run("train", *SAMPLE, *options, "--set", "network.layers.0.units=300", "--dry-run")
    assert result.exit_code == 0
    resolved = yaml.safe_load(result.stdout)
    optimizer = resolved["training"]["optimizer"]
    assert (optimizer["name"], optimizer["learning_rate"]) == ("sgd", 0.5)
    assert (resolved["seed"], resolved["training"]["batch_size"]) == (9, 7)
    assert "layer 1: 784 -> 300 sigmoid, 235,500 parameters" in result.stdout
    (tmp_path / "c.yaml").write_text(result.stdout)
    assert load_config([tmp_path / "c.yaml"]).model_dump(mode="json") == resolved
    assert not (tmp_path / "model.pkl").exists()


def test_dry_run_needs_no_data(run: Run) -> None:
    result = run("train", "-c", CONFIGS / "base.yaml", "--dry-run")
    assert result.exit_code == 0
    assert "# parameters: 109,386" in result.stdout


def test_many_short_epochs_do_not_flood_the_log(run: Run) -> None:
    result = run("train", "-c", CONFIGS / "reference" / "iris.yaml", "--epochs", 1000)
    epochs = [int(n) for n in re.findall(r"^epoch +(\d+)/1000", result.stderr, re.MULTILINE)]
    assert epochs == [1, *range(10, 1001, 10)]


@pytest.mark.parametrize(
    ("arguments", "code", "complaint"),
    [
        (("-c", "none.yaml"), 2, "cannot read the config none.yaml: No such file"),
        ((*SAMPLE, "--epochs", "x"), 2, "training.epochs: must be a whole number, got 'x'"),
        ((*SAMPLE, "--no-such-option"), 2, "No such option"),
        ((*SAMPLE, "--epochs", 0), 2, "--epochs 0: training.epochs: must be 1 or more, got 0"),
        (
            (*SAMPLE, "--lr", ".nan"),
            2,
            "--lr .nan: training.optimizer.learning_rate: must be a fin",
        ),
        ((*SAMPLE, "--set", "epochs"), 2, "--set epochs: must be key=value"),
        ((*SAMPLE, "-o", "no/model.pkl"), 2, "/no does not exist"),
        ((*SAMPLE, "-o", "."), 2, "is a folder"),
        ((*SAMPLE, "-o", "/dev/null"), 2, "is a device or a pipe"),
        ((*SAMPLE, "-o", "x" * 300), 2, "File name too long"),
        ((*SAMPLE, "-o", "loop"), 2, "--output loop: "),
        ((*SAMPLE, "-o", "dangling"), 2, "the folder /no does not exist"),
        ((*SAMPLE, "--epochs", ""), 2, "got null and null"),
        ((*SAMPLE, "--epochs", 100_001), 2, "100,001 epochs are more than the 100,000"),
        ((*SAMPLE, "--set", "data.validation=1e-9"), 2, "1e-09 of 5,000 samples is less than one"),
        ((*SAMPLE, "--set", "data.validation=5000"), 2, "5,000 of 5,000 samples leaves none"),
        ((*SAMPLE, "--set", "network.layers.2.units=7"), 2, "mnist-sample has 10 classes"),
        (("-c", CONFIGS / "base.yaml"), 1, "mnist-nn download"),
        ((*SAMPLE, "--lr", 1e38), 1, "diverged in epoch 1"),
        (
            (*SAMPLE, "--set", "training.early_stopping={}"),
            2,
            "validation_loss needs validation samples; hold some out with data.validation",
        ),
        (
            ("-c", CONFIGS / "reference" / "iris.yaml", "--set", "data.augmentation.shift=1"),
            2,
            "iris has no images to distort",
        ),
    ],
)
def test_errors_are_short_and_have_the_right_exit_code(
    arguments: tuple[Any, ...], code: int, complaint: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "dangling").symlink_to("/no/model.pkl")
    result = run("train", *arguments)
    assert result.exit_code == code
    assert complaint in result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    assert not (tmp_path / "model.pkl").exists()
    message = result.stderr[result.stderr.index("error:") :]
    assert len(message.splitlines()) <= 2


@pytest.mark.parametrize("arguments", [["--debug", "train"], ["train", "--debug"]])
def test_debug_shows_the_traceback(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "mnist_nn", *arguments, "-c", "none.yaml"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "ConfigError: cannot read the config none.yaml" in done.stderr


def test_batches_may_be_full(run: Run) -> None:
    result = run("train", *SAMPLE, "--batch-size", "full", "--dry-run")
    assert "batch_size: full" in result.stdout


def test_a_link_stays_a_link(run: Run, tmp_path: Path) -> None:
    (tmp_path / "link.pkl").symlink_to("real.pkl")
    run("train", *SAMPLE, "--epochs", 1, "-q", "-o", "link.pkl")
    assert (tmp_path / "link.pkl").is_symlink()
    assert load_model(tmp_path / "real.pkl").config.data.dataset == "mnist-sample"


def start(tmp_path: Path, *options: str, **streams: Any) -> "subprocess.Popen[str]":
    environment = os.environ | {"MNIST_NN_DATA_DIR": str(tmp_path)}
    process: subprocess.Popen[str] = subprocess.Popen(
        [*COMMAND, *options], cwd=tmp_path, env=environment, text=True, **streams
    )
    return process


def test_on_a_terminal_a_bar_redraws_in_place(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (30, 80))
    process = start(tmp_path, "--epochs", "20", stdout=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while piece := os.read(ours, 65536):
            shown += piece
    os.close(ours)
    assert process.wait() == 0
    text = shown.decode()
    bars = re.findall(
        r"\repoch +\d+/20  loss [\d.]+  accuracy +[\d.]+%  \|([^|\r]*)\| [\d:?]+ left", text
    )
    assert len(bars) > 2
    assert all(len(bar) >= 20 for bar in bars)
    assert len(re.findall(r"epoch +\d+/20  loss [^\r\n]* s\r?\n", text)) == 20
    assert text.count("\n") < 30  # the bar itself begins no lines


@pytest.mark.parametrize("redirect", ["2>&-", "2> >(head -1 >/dev/null)", ">&-", ">/dev/full"])
def test_a_broken_stream_does_not_cost_the_model(redirect: str, tmp_path: Path) -> None:
    command = f"{shlex.join(COMMAND)} --epochs 3 -o m.pkl {redirect}"
    subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True)
    assert len(load_model(tmp_path / "m.pkl").history) == 3


def test_a_run_that_learned_nothing_says_so_and_writes_its_model(run: Run, tmp_path: Path) -> None:
    result = run("train", *SAMPLE, "--lr", 50, "--epochs", 2, "--quiet")
    assert result.exit_code == 0
    assert "warning: the network learned nothing: its loss is " in result.stderr
    assert "try a smaller training.optimizer.learning_rate" in result.stderr
    assert (tmp_path / "model.pkl").exists()
