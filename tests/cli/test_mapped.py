"""Every command works on samples that stay in their file, as on those in memory."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mnist_nn
from mnist_nn.data import SampleFormat, Samples, load_dataset, write_dataset

Run = Callable[..., Any]
MAPPED = "mnist_nn.data.store.available_memory"
DIGITS = SampleFormat((28, 28), tuple("0123456789"))
POINTS = SampleFormat((2,), ("upper", "lower"))
FAST = "network.layers=[{units: 16, activation: relu}, {units: 10, activation: softmax}]"


@pytest.fixture
def data(digits: Samples, tmp_path: Path) -> tuple[str, Path]:
    """The option for a data folder with images, ``mine``, and points of the plane, ``points``."""
    order = np.random.default_rng(0).permutation(5000)
    parts = {"train": digits.take(order[:1500]), "test": digits.take(order[1500:1700])}
    write_dataset(tmp_path / "data" / "mine.npz", DIGITS, parts, source=[])
    moons = {"train": load_dataset("moons").train}
    write_dataset(tmp_path / "data" / "points.npz", POINTS, moons, source=[])
    return "--data-dir", tmp_path / "data"


def test_all_commands_read_it(
    data: tuple[str, Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MAPPED, lambda: 1000)
    mine = ("--set", "data.dataset=mine", "--set", FAST, *data)
    for command in (
        ("train", *mine, "--epochs", 2, "--set", "data.validation=0.2", "--quiet"),
        ("evaluate", "model.pkl", *data, "--split", "train"),
        ("evaluate", "--dataset", "mine", *data, "--views", "2"),
        ("plot", "model.pkl", *data),
        ("show", *mine, "--set", "data.augmentation.rotation=9"),
        ("gradcheck", *mine),
    ):
        result = run(*command)
        assert result.exit_code == 0, result.stderr
    assert Path("plots/mistakes.png").exists()


def test_points_of_the_plane_are_drawn_with_their_boundary(
    data: tuple[str, Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MAPPED, lambda: 1000)
    layers = "network.layers=[{units: 9, activation: tanh}, {units: 2, activation: softmax}]"
    points = ("--set", "data.dataset=points", "--set", layers, *data)
    assert run("train", *points, "--epochs", 3, "--quiet").exit_code == 0
    report = ("--split", "train", "--report", "report.html")
    result = run("evaluate", "model.pkl", *data, *report)
    assert result.exit_code == 0, result.stderr
    assert "boundary" in Path("report.html").read_text()


def test_an_interrupted_run_is_resumed_to_the_same_model(
    data: tuple[str, Path],
    run: Run,
    interrupt: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mnist_nn.engines.compiled.engine.WORK_PER_CHUNK", 5_000_000)
    mine = ("--set", "data.dataset=mine", "--set", FAST, *data, "--epochs", 3, "--quiet")
    monkeypatch.setattr(MAPPED, lambda: None)
    assert run("train", *mine, "-o", "memory.pkl").exit_code == 0
    monkeypatch.setattr(MAPPED, lambda: 1000)
    interrupt(5)
    assert run("train", *mine, "-o", "model.pkl").exit_code == 130
    assert run("train", "--resume", "model.pkl.ckpt", *data, "--quiet").exit_code == 0
    networks = [mnist_nn.load_model(f"{name}.pkl").network for name in ("memory", "model")]
    np.testing.assert_array_equal(networks[0].params, networks[1].params)


def test_damage_is_told_in_a_line(
    data: tuple[str, Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(MAPPED, lambda: 1000)
    path = data[1] / "mine.npz"
    blob = bytearray(path.read_bytes())
    blob[1000 * 784] ^= 1
    path.write_bytes(blob)
    result = run("train", "--set", "data.dataset=mine", "--set", FAST, *data)
    assert result.exit_code == 1
    assert "mine.npz is damaged: the rows of x_train from 980 on do not have" in result.stderr
    assert "Traceback" not in result.stderr
