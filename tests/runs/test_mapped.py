"""Training on samples that stay in their file is that on the same samples in memory."""

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.config import Config
from mnist_nn.data import Dataset, MappedRows, SampleFormat, Samples, load_dataset, write_dataset
from mnist_nn.errors import DataError
from mnist_nn.nn import InputNormalization
from mnist_nn.runs import Run

DIGITS = SampleFormat((28, 28), tuple("0123456789"))
LAYERS = [
    {"units": 12, "activation": "relu", "dropout": 0.2},
    {"units": 10, "activation": "softmax"},
]
MAPPED = "mnist_nn.data.store.available_memory"


@pytest.fixture
def folder(digits: Samples, tmp_path: Path) -> Path:
    """Data folder with a dataset of 2,500 digits."""
    parts = {"train": digits.take(np.arange(2500))}
    write_dataset(tmp_path / "mine.npz", DIGITS, parts, source=[])
    return tmp_path


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have several chunks in an epoch of either engine."""
    monkeypatch.setattr("mnist_nn.engines.compiled.engine.WORK_PER_CHUNK", 5_000_000)


def load(folder: Path, monkeypatch: pytest.MonkeyPatch, *, mapped: bool) -> Dataset:
    monkeypatch.setattr(MAPPED, lambda: 1000 if mapped else None)
    dataset = load_dataset("mine", folder)
    assert isinstance(dataset.train.x, MappedRows) == mapped
    return dataset


def config(engine: str, **data: Any) -> Config:
    return Config.model_validate(
        {
            "data": {"dataset": "mine", **data},
            "network": {"layers": LAYERS},
            "training": {"engine": engine, "epochs": 2, "batch_size": 50},
        }
    )


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(
    "data",
    [{}, {"validation": 300}, {"validation": 0.1, "augmentation": {"shift": 2, "rotation": 10}}],
    ids=["plain", "validation", "augmentation"],
)
def test_the_model_is_the_same_bit_for_bit(
    engine: str, data: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = []
    for mapped in (False, True):
        run = Run(config(engine, **data), load(folder, monkeypatch, mapped=mapped))
        assert isinstance(run.training.x, MappedRows) == mapped
        assert len([metrics for metrics in run if not metrics.complete]) >= 4
        runs.append(run)
    in_memory, from_file = runs
    np.testing.assert_array_equal(from_file.network.params, in_memory.network.params)
    for ours, expected in zip(from_file.history, in_memory.history, strict=True):
        assert {**vars(ours), "seconds": 0} == {**vars(expected), "seconds": 0}
    assert from_file.model.sha256 == in_memory.model.sha256


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_a_run_is_resumed_within_an_epoch(
    engine: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = config(engine, validation=300, augmentation={"shift": 2})
    expected = Run(settings, load(folder, monkeypatch, mapped=False))
    list(expected)
    dataset = load(folder, monkeypatch, mapped=True)
    interrupted = Run(settings, dataset)
    while interrupted.start().position.samples == 0:
        next(interrupted)
    resumed = Run(settings, dataset, checkpoint=interrupted.checkpoint_now())
    list(resumed)
    np.testing.assert_array_equal(resumed.network.params, expected.network.params)


def test_normalized_measurements_are_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    x = np.random.default_rng(0).normal(5, 3, (4000, 6))
    samples = Samples(x, (x[:, 0] > x[:, 1]).astype(np.uint8))
    format = SampleFormat((6,), ("no", "yes"), InputNormalization.standardize(x))
    write_dataset(tmp_path / "mine.npz", format, {"train": samples}, source=[])
    layers = [{"units": 8, "activation": "relu"}, {"units": 2, "activation": "softmax"}]
    settings = {"data": {"dataset": "mine"}, "network": {"layers": layers}}
    for engine in ("numpy", "numba"):
        training = {"engine": engine, "epochs": 3}
        networks = []
        for mapped in (False, True):
            dataset = load(tmp_path, monkeypatch, mapped=mapped)
            run = Run(Config.model_validate({**settings, "training": training}), dataset)
            list(run)
            networks.append(run.network)
        np.testing.assert_array_equal(networks[0].params, networks[1].params)


def test_damage_ends_a_run_with_what_is_wrong(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = folder / "mine.npz"
    blob = bytearray(path.read_bytes())
    blob[2000 * 784] ^= 1
    path.write_bytes(blob)
    run = Run(config("numba"), load(folder, monkeypatch, mapped=True))
    with pytest.raises(DataError, match=r"mine\.npz is damaged: the rows of x_train from 1,9"):
        list(run)


def test_without_threads_it_is_the_same(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    expected = Run(config("numpy"), load(folder, monkeypatch, mapped=False))
    list(expected)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    run = Run(config("numpy"), load(folder, monkeypatch, mapped=True))
    list(run)
    np.testing.assert_array_equal(run.network.params, expected.network.params)
