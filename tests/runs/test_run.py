"""Runs from Python: metrics, checkpoints and models, without a command line."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from mnist_nn.config import Config, load_config, read_override
from mnist_nn.data import Dataset, load_dataset
from mnist_nn.evaluation import fit_calibration
from mnist_nn.model import load_checkpoint, load_model
from mnist_nn.runs import Run, RunFiles

ADAM = "training.optimizer={name: adam, learning_rate: 0.03}"


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset("iris")


@pytest.fixture(scope="module")
def config() -> Config:
    overrides = ["training.epochs=6", "data.validation=30", "training.engine=numpy", ADAM]
    return load_config(["reference/iris"], list(map(read_override, overrides)))


def test_a_run_prints_nothing_and_ends_with_a_model(
    config: Config, dataset: Dataset, capfd: pytest.CaptureFixture[str]
) -> None:
    with Run(config, dataset) as run:
        metrics = [m for m in run if m.complete]
    assert [m.epoch for m in metrics] == [1, 2, 3, 4, 5, 6]
    assert "test" not in vars(dataset)  # the test samples have not been read
    assert run.model.history == metrics
    assert capfd.readouterr() == ("", "")


def test_a_run_is_resumed_from_its_own_checkpoint(
    config: Config, dataset: Dataset, tmp_path: Path
) -> None:
    whole = Run(config, dataset)
    list(whole)
    files = RunFiles(tmp_path / "model.pkl", checkpoint_every=2)
    with Run(config, dataset, files=files) as run:
        list(islice((m for m in run if m.complete), 5))  # the checkpoint is of epoch 4
    checkpoint = load_checkpoint(tmp_path / "model.pkl.ckpt")
    assert checkpoint.state.position.epoch == 5
    files = RunFiles(tmp_path / "model.pkl", resumed_from=tmp_path / "model.pkl.ckpt")
    with Run(config, dataset, files=files, checkpoint=checkpoint) as resumed:
        assert [m.epoch for m in resumed if m.complete] == [5, 6]
        resumed.save()
    np.testing.assert_array_equal(resumed.network.params, whole.network.params)
    model = load_model(tmp_path / "model.pkl")
    assert len(model.history) == 6
    assert model.calibration is not None
    assert whole.calibration is not None
    assert model.calibration.temperature == whole.calibration.temperature


def test_the_kept_epoch_is_in_the_model(dataset: Dataset, tmp_path: Path) -> None:
    stopping = read_override("training.early_stopping={monitor: validation_loss, patience: 2}")
    overrides = map(
        read_override, ["training.epochs=60", "data.validation=30", "training.engine=numpy", ADAM]
    )
    config = load_config(["reference/iris"], [*overrides, stopping])
    with Run(config, dataset, files=RunFiles(tmp_path / "model.pkl")) as run:
        list(run)
        run.save()
    losses = [m.monitored_loss for m in run.history]
    model = load_model(tmp_path / "model.pkl")
    assert model.kept_epoch == losses.index(min(losses)) + 1
    assert run.validation is not None
    expected = fit_calibration(model.network, run.validation)  # of that epoch
    assert model.calibration is not None
    assert expected is not None
    assert model.calibration.temperature == expected.temperature
