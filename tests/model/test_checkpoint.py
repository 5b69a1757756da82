import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.config import Config, Source, resolve
from mnist_nn.data import DATASETS, Samples
from mnist_nn.errors import ModelError
from mnist_nn.model import (
    Checkpoint,
    build_network,
    current_versions,
    load_checkpoint,
    load_model,
    save_checkpoint,
)
from mnist_nn.rngs import make_rngs
from mnist_nn.training import EarlyStopper, Trainer, fit

VALUES = {
    "data": {
        "dataset": "mnist-sample",
        "validation": 0.1,
        "augmentation": {"rotation": 5.0},
    },
    "network": {
        "layers": [
            {"units": 7, "activation": "relu", "dropout": 0.2},
            {"units": 10, "activation": "softmax"},
        ]
    },
    "training": {
        "optimizer": {"name": "adam"},
        "ema_decay": 0.9,
        "epochs": 3,
        "early_stopping": {"patience": 2},
    },
}
CONFIG = resolve([Source("", VALUES)])


def begin(config: Config, samples: Samples, **options: Any) -> Trainer:
    rng = make_rngs(0)
    network = build_network(config, DATASETS["mnist"].format, rng.initialisation)
    return fit(
        network,
        samples,
        config.training.model_copy(update={"engine": "numpy"}),
        rng=rng,
        augmentation=config.data.augmentation,
        validation=samples.take(np.arange(50)),
        running=True,
        **options,
    )


@pytest.fixture
def few(digits: Samples) -> Samples:
    return digits.take(np.arange(0, 5000, 2))


@pytest.fixture
def checkpoint(few: Samples) -> Checkpoint:
    """One of the middle of the second epoch, of a run with everything on."""
    trainer = begin(CONFIG, few)
    assert CONFIG.training.early_stopping is not None
    stopper = EarlyStopper(CONFIG.training.early_stopping, trainer.engine.network)
    for report in islice(trainer, 5):
        if report.complete:
            stopper.watch(report)
    return Checkpoint(
        config=CONFIG,
        engine="numpy",
        state=replace(trainer.snapshot(), best=stopper.best),
        every=5,
        sha256={"x_train": "ab"},
        versions=current_versions(),
    )


@pytest.fixture
def path(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "model.pkl.ckpt", checkpoint)
    return tmp_path / "model.pkl.ckpt"


def test_a_run_resumes_from_the_file_as_from_the_snapshot(
    checkpoint: Checkpoint, path: Path, few: Samples
) -> None:
    runs = [begin(CONFIG, few, state=checkpoint.state)]
    runs.append(begin(CONFIG, few, state=load_checkpoint(path).state))
    histories = [[replace(report, seconds=0) for report in trainer] for trainer in runs]
    assert len(histories[0]) == 4
    assert histories[0] == histories[1]
    first, second = (trainer.engine.network.params for trainer in runs)
    np.testing.assert_array_equal(first, second)


def test_the_rest_comes_back_as_it_went(checkpoint: Checkpoint, path: Path) -> None:
    loaded = load_checkpoint(path)
    assert loaded.config == checkpoint.config
    assert (loaded.engine, loaded.every) == ("numpy", 5)
    assert loaded.state.position == checkpoint.state.position
    assert loaded.state.history == checkpoint.state.history
    assert (loaded.sha256, loaded.versions) == ({"x_train": "ab"}, checkpoint.versions)
    assert loaded.state.best is not None
    assert checkpoint.state.best is not None
    assert (loaded.state.best.epoch, loaded.state.best.value) == (1, checkpoint.state.best.value)
    np.testing.assert_array_equal(loaded.state.best.params, checkpoint.state.best.params)


def test_anyone_can_read_the_file_as_a_plain_dict(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    assert content["format"] == "mnist-nn checkpoint"
    assert content["state"]["engine"]["slots"].shape == (2, 784 * 7 + 7 + 7 * 10 + 10)
    assert content["state"]["position"]["epoch"] == 2


def test_a_model_and_a_checkpoint_are_not_taken_for_each_other(
    path: Path, sample_model: Path
) -> None:
    with pytest.raises(
        ModelError, match=r"it is the checkpoint of an unfinished run.* train --resume"
    ):
        load_model(path)
    with pytest.raises(ModelError, match="it is the model of a finished run"):
        load_checkpoint(sample_model)


def with_layer(content: dict[str, Any], **changes: object) -> None:
    content["config"]["network"]["layers"][0].update(changes)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(format="other"), "was not written by mnist-nn train"),
        (lambda c: c.update(version=1), "version is 1, this program reads 2"),
        (lambda c: c["state"].pop("shuffling"), r"'state\.shuffling' is wrong"),
        (lambda c: c.update(extra=1), "'extra' is wrong"),
        (lambda c: c.update(engine="magic"), "'engine' is wrong"),
        (lambda c: c["state"]["engine"].pop("dropout"), r"'state\.engine\.dropout' is wrong"),
        (
            lambda c: c["state"]["engine"]["dropout"].update(bit_generator="MT19937"),
            r"'state\.engine\.dropout\.bit_generator' is wrong",
        ),
        (
            lambda c: c["state"]["shuffling"]["state"].update(state=-1),
            r"'state\.shuffling\.state\.state' is wrong",
        ),
        (lambda c: c["state"].update(affine=None), "its generators of distortions do not match"),
        (
            lambda c: c["config"]["data"]["augmentation"].update(rotation=0.0),
            "its generators of distortions do not match",
        ),
        (
            lambda c: c["state"]["engine"].update(average=None),
            "parameter average, or lacks one, unlike training.ema_decay",
        ),
        (lambda c: c["state"].update(best=None), "its best epoch does not match"),
        (
            lambda c: c["state"]["best"].update(epoch=2),
            "its position is not where its history ends",
        ),
        (
            lambda c: c["state"]["position"].update(epoch=3),
            "its position is not where its history ends",
        ),
        (
            lambda c: c["state"]["position"].update(samples=-1),
            r"'state\.position\.samples' is wrong",
        ),
        (
            lambda c: c["state"]["position"].update(loss_sum=np.inf),
            r"'state\.position\.loss_sum' is wrong",
        ),
        (lambda c: c["state"]["history"].clear(), "its best epoch does not match"),
        (lambda c: c["state"]["history"][0].pop("loss"), r"'state\.history\.0\.loss' is wrong"),
        (lambda c: c["state"]["engine"].update(steps=1.5), r"'state\.engine\.steps' is wrong"),
        (
            lambda c: c["state"]["engine"].update(slots=c["state"]["engine"]["slots"][:1]),
            r"its slots must be of shape \(2, 5575\), by its config, not \(1, 5575\)",
        ),
        (
            lambda c: c["state"].update(params=c["state"]["params"][1:]),
            r"its params must be of shape \(5575,\), by its config, not \(5574,\)",
        ),
        (
            lambda c: c["state"]["params"].__setitem__(5, np.nan),
            "its params must be finite numbers",
        ),
        (
            lambda c: c["state"].update(params=c["state"]["params"].astype(float)),
            "its params must be float32",
        ),
        (lambda c: c["state"]["best"].update(params=3), r"'state\.best\.params' is wrong"),
        (lambda c: with_layer(c, units=100_000), r"of shape \(79500010,\)"),
        (lambda c: with_layer(c, units=10**9), r"network\.layers\.0\.units: must be"),
        (lambda c: c["sha256"].update(x_train=1), r"'sha256\.x_train' is wrong"),
    ],
)
def test_a_file_whose_parts_disagree_is_refused(change: Change, complaint: str, path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(ModelError, match=complaint) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value)


def test_a_file_cut_off_anywhere_is_refused(path: Path) -> None:
    blob = path.read_bytes()
    for end in [*range(0, 200, 7), *range(200, len(blob), 4999), len(blob) - 1]:
        path.write_bytes(blob[:end])
        with pytest.raises(ModelError):
            load_checkpoint(path)


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.ckpt"
    with path.open("wb") as file:
        file.truncate(7 << 30)  # sparse: takes no room on the disk
    with pytest.raises(ModelError, match="it has 7,516,192,768 bytes, more than"):
        load_checkpoint(path)
