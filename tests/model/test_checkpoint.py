import pickle
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.config import Config, Source, resolve
from mnist_nn.data import Samples
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


def begin(config: Config, samples: Samples, **options) -> Trainer:
    rng = make_rngs(0)
    network = build_network(config, 784, 1 / 255, rng.initialisation)
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
    stopper = EarlyStopper(CONFIG.training.early_stopping, trainer.engine.network)
    for report in islice(trainer, 5):
        if report.complete:
            stopper.watch(report)
    parts = trainer.snapshot(), stopper.best, 5, {"x_train": "ab"}, current_versions()
    return Checkpoint(CONFIG, "numpy", *parts)


@pytest.fixture
def path(checkpoint: Checkpoint, tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "model.pkl.ckpt", checkpoint)
    return tmp_path / "model.pkl.ckpt"


def test_a_run_goes_on_from_the_file_as_from_the_snapshot(
    checkpoint: Checkpoint, path: Path, few: Samples
) -> None:
    runs = [begin(CONFIG, few, snapshot=checkpoint.snapshot)]
    runs.append(begin(CONFIG, few, snapshot=load_checkpoint(path).snapshot))
    histories = [[replace(report, seconds=0) for report in trainer] for trainer in runs]
    assert len(histories[0]) == 4
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(*(trainer.engine.network.params for trainer in runs))


def test_the_rest_comes_back_as_it_went(checkpoint: Checkpoint, path: Path) -> None:
    loaded = load_checkpoint(path)
    assert loaded.config == checkpoint.config
    assert (loaded.engine, loaded.every) == ("numpy", 5)
    assert loaded.snapshot.position == checkpoint.snapshot.position
    assert loaded.snapshot.history == checkpoint.snapshot.history
    assert (loaded.sha256, loaded.versions) == ({"x_train": "ab"}, checkpoint.versions)
    assert (loaded.best.epoch, loaded.best.value) == (1, checkpoint.best.value)
    np.testing.assert_array_equal(loaded.best.params, checkpoint.best.params)


def test_anyone_can_read_the_file_as_a_plain_dict(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    assert content["format"] == "mnist-nn checkpoint"
    assert content["optimizer"]["slots"].shape == (2, 784 * 7 + 7 + 7 * 10 + 10)
    assert content["position"]["epoch"] == 2


def test_a_model_and_a_checkpoint_are_not_taken_for_each_other(path: Path, sample_model) -> None:
    with pytest.raises(ModelError, match=r"it is the checkpoint of a run .* train --resume"):
        load_model(path)
    with pytest.raises(ModelError, match="it is the model of a run that is over"):
        load_checkpoint(sample_model)


def with_layer(content: dict, **changes: object) -> None:
    content["config"]["network"]["layers"][0].update(changes)


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(format="other"), "was not written by mnist-nn train"),
        (lambda c: c.update(version=2), "version is 2, this program reads 1"),
        (lambda c: c.pop("streams"), "'streams' is wrong"),
        (lambda c: c.update(extra=1), "'extra' is wrong"),
        (lambda c: c.update(engine="magic"), "'engine' is wrong"),
        (lambda c: c["streams"].pop("dropout"), r"'streams\.dropout' is wrong"),
        (
            lambda c: c["streams"]["dropout"].update(bit_generator="MT19937"),
            r"'streams\.dropout\.bit_generator' is wrong",
        ),
        (
            lambda c: c["streams"]["shuffling"]["state"].update(state=-1),
            r"'streams\.shuffling\.state\.state' is wrong",
        ),
        (lambda c: c["streams"].update(affine=None), "its random streams are not what its config"),
        (
            lambda c: c["config"]["data"]["augmentation"].update(rotation=0.0),
            "its random streams are not what its config",
        ),
        (lambda c: c.update(average=None), "its average is not what its config asks for"),
        (lambda c: c.update(best=None), "its best epoch is not what its config asks for"),
        (lambda c: c["best"].update(epoch=2), "its position is not where its history ends"),
        (lambda c: c["position"].update(epoch=3), "its position is not where its history ends"),
        (lambda c: c["position"].update(samples=-1), r"'position\.samples' is wrong"),
        (lambda c: c["position"].update(loss_sum=np.inf), r"'position\.loss_sum' is wrong"),
        (lambda c: c["history"].clear(), "its best epoch is not what"),
        (lambda c: c["history"][0].pop("loss"), r"'history\.0\.loss' is wrong"),
        (lambda c: c["optimizer"].update(steps=1.5), r"'optimizer\.steps' is wrong"),
        (
            lambda c: c["optimizer"].update(slots=c["optimizer"]["slots"][:1]),
            r"wants optimizer\.slots of shape \(2, 5575\), it has \(1, 5575\)",
        ),
        (
            lambda c: c.update(parameters=c["parameters"][1:]),
            r"wants parameters of shape \(5575,\), it has \(5574,\)",
        ),
        (lambda c: c["parameters"].__setitem__(5, np.nan), "its parameters are not all finite"),
        (
            lambda c: c.update(parameters=c["parameters"].astype(float)),
            "its parameters are not float32",
        ),
        (lambda c: c["best"].update(parameters=3), r"'best\.parameters' is wrong"),
        (lambda c: with_layer(c, units=100_000), r"of shape \(2, 79500010\)"),
        (lambda c: with_layer(c, units=10**9), r"network\.layers\.0\.units: must be"),
        (lambda c: c["dataset"].update(name="moons"), "its dataset is not that of its config"),
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
