import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.config import check_config
from mnist_nn.errors import ModelError
from mnist_nn.model import Model, build_network, current_versions, load_model, save_model

CONFIG = check_config(
    {
        "seed": 5,
        "network": {
            "layers": [{"units": 7, "activation": "relu"}, {"units": 10, "activation": "softmax"}]
        },
    }
)


@pytest.fixture
def model() -> Model:
    network = build_network(CONFIG, 784, 1 / 255, np.random.default_rng(0))
    history = [{"epoch": 1, "loss": 0.5, "accuracy": 0.9}]
    return Model(CONFIG, network, history, "mnist", {"x_train": "ab"}, current_versions())


@pytest.fixture
def path(model: Model, tmp_path: Path) -> Path:
    save_model(tmp_path / "model.pkl", model)
    return tmp_path / "model.pkl"


def test_a_model_comes_back_as_it_went(model: Model, path: Path) -> None:
    loaded = load_model(path)
    assert loaded.config == model.config
    assert loaded.history == model.history
    assert (loaded.dataset, loaded.sha256) == ("mnist", {"x_train": "ab"})
    assert loaded.versions == model.versions
    assert loaded.network.dtype == np.float32
    np.testing.assert_array_equal(loaded.network.params, model.network.params)
    x = np.random.default_rng(1).integers(0, 256, (5, 784), dtype=np.uint8)
    np.testing.assert_array_equal(loaded.network.predict(x), model.network.predict(x))


def test_anyone_can_read_the_file_as_a_plain_dict(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    assert content["format"] == "mnist-nn model"
    assert content["seed"] == 5
    assert set(content["versions"]) == {"mnist-nn", "numpy", "python"}
    assert content["parameters"]["layer_1.weights"].shape == (784, 7)
    assert set(content["parameters"]) == {
        f"layer_{n}.{kind}" for n in (1, 2) for kind in ("weights", "biases")
    }


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(format="other"), "was not written by mnist-nn train"),
        (lambda c: c.update(version=2), "version 2, this program reads 1"),
        (lambda c: c.pop("history"), "'history' is missing or no list"),
        (lambda c: c.update(input_scale="1"), "'input_scale' is missing or no float"),
        (lambda c: c["config"].update(epoch=3), r"epoch: unknown key"),
        (
            lambda c: c["config"]["network"]["layers"][0].update(units=8),
            r"wants layer_1.weights of shape \(784, 8\), it has \(784, 7\)",
        ),
        (
            lambda c: c["config"]["network"]["layers"][0].update(units=100_000),
            r"wants layer_1.weights of shape \(784, 100000\)",
        ),
        (lambda c: c["parameters"].pop("layer_2.biases"), "wants layer_2.biases .* it has None"),
        (lambda c: c["parameters"].update(extra=np.ones(1)), r"wants extra of shape None"),
        (lambda c: c["parameters"].update({"layer_1.weights": 3}), "is no array"),
        (lambda c: c["parameters"].clear(), "no layer_1.weights"),
        (
            lambda c: c["parameters"]["layer_2.weights"].__setitem__(0, np.nan),
            "layer_2.weights are not all finite",
        ),
        (lambda c: c["config"]["network"].update(bias=False), "wants layer_1.biases of shape None"),
    ],
)
def test_a_file_whose_parts_disagree_is_refused(change: Change, complaint: str, path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(ModelError, match=complaint) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


def test_a_file_cut_off_anywhere_is_refused(path: Path) -> None:
    blob = path.read_bytes()
    for end in [*range(0, 200, 7), *range(200, len(blob), 997), len(blob) - 1]:
        path.write_bytes(blob[:end])
        with pytest.raises(ModelError):
            load_model(path)


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*nothing\.pkl: No such file"):
        load_model(tmp_path / "nothing.pkl")
    with pytest.raises(ModelError, match="cannot read"):
        load_model(tmp_path)


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pkl"
    with path.open("wb") as file:
        file.truncate(2 << 30)  # sparse: takes no room on the disk
    with pytest.raises(ModelError, match="2,147,483,648 bytes, more than"):
        load_model(path)


def test_a_network_that_diverged_is_not_saved(model: Model, path: Path) -> None:
    before = path.read_bytes()
    model.network.params[3] = np.nan
    with pytest.raises(ModelError, match="a weight is not finite"):
        save_model(path, model)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_written_is_an_error(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot write .*model\.pkl"):
        save_model(tmp_path / "no" / "model.pkl", model)
