import importlib.util
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

from mnist_nn.data import (
    DATASETS,
    DatasetInfo,
    Preparation,
    SampleFormat,
    load_dataset,
    load_mnist,
    write_dataset,
)
from mnist_nn.errors import ConfigError, DataError
from mnist_nn.model import load_model
from mnist_nn.nn import InputNormalization

CONFIG = Path(__file__).parents[2] / "configs" / "base.yaml"


@pytest.mark.parametrize("name", ["mnist-sample", "iris", "moons"])
def test_what_ships_loads_and_is_as_described(name: str) -> None:
    dataset = load_dataset(name)
    samples_format = DATASETS[name].format
    for samples in filter(None, (dataset.train, dataset.test)):
        assert samples.x.shape == (len(samples.y), samples_format.n_inputs)
        assert samples.y.dtype == np.uint8
        assert set(samples.y) == set(range(len(samples_format.class_names)))
    assert load_dataset(name).sha256 == dataset.sha256


def test_the_sample_is_balanced() -> None:
    dataset = load_dataset("mnist-sample")
    assert dataset.test is not None
    assert np.bincount(dataset.train.y).tolist() == [500] * 10
    assert np.bincount(dataset.test.y).tolist() == [100] * 10


def test_the_sample_is_what_its_script_makes(mnist_files: Path) -> None:
    path = Path(__file__).parents[2] / "scripts" / "make_sample.py"
    spec = importlib.util.spec_from_file_location("make_sample", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    made, shipped = script.sample(mnist_files), np.load(script.TARGET)
    assert set(made) == set(shipped)
    for key, array in made.items():
        np.testing.assert_array_equal(array, shipped[key])


def test_iris_is_the_copy_that_the_figures_were_measured_on() -> None:
    iris, oracle = load_dataset("iris").train, load_iris()
    np.testing.assert_array_equal(iris.x, oracle.data)
    np.testing.assert_array_equal(iris.y, oracle.target)


def test_missing_data_name_the_download_and_the_sample(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"(?s)mnist-nn download.*mnist-sample"):
        load_dataset("mnist", tmp_path)


def test_an_unknown_dataset_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match=r"unknown dataset 'mnst' \(did you mean 'mnist'\?\)"):
        load_dataset("mnst")


def test_images_stay_bytes(data_dir: Path) -> None:
    dataset = load_dataset("mnist", data_dir)
    assert dataset.train.x.dtype == np.uint8
    assert dataset.train.x.shape == (60000, 784)
    assert dataset.sha256["x_train"].startswith("ba891046")


def test_load_mnist_has_the_options_of_write_up_d() -> None:
    (x, t), (x_test, t_test) = load_mnist(name="mnist-sample")
    assert x.dtype == np.float32
    assert x.shape == (5000, 784)
    assert x_test.max() == pytest.approx(1)
    (x, t), (x_test, t_test) = load_mnist(False, False, True, name="mnist-sample")
    assert x.dtype == np.uint8
    assert x_test.shape == (1000, 1, 28, 28)
    assert t.shape == (5000, 10)
    assert (t_test.sum(axis=1) == 1).all()


def test_load_mnist_refuses_what_has_no_images() -> None:
    with pytest.raises(ConfigError, match=r"'iris' holds no images; use mnist, .* or mnist-sample"):
        load_mnist(name="iris")


def test_another_dataset_is_one_record(
    run: Callable[..., Any],
    tiny: tuple[DatasetInfo, dict[str, bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, blob in tiny[1].items():
        (tmp_path / name).write_bytes(blob)
    letters = SampleFormat((28, 28), tuple("abcdefghij"), preparation=Preparation("resize"))
    monkeypatch.setitem(DATASETS, "tiny", replace(tiny[0], licence="CC0", format=letters))
    folder = ("--data-dir", tmp_path / "data")
    assert run("download", "--dataset", "tiny", "--from", tmp_path, *folder).exit_code == 0
    train = (
        "train",
        "-c",
        CONFIG,
        "--set",
        "data.dataset=tiny",
        "--engine",
        "numpy",
        "--epochs",
        1,
    )
    assert "fetch it with: mnist-nn download --dataset tiny" in run(*train).stderr
    assert run(*train, *folder).exit_code == 0
    assert "on 10 test samples of tiny" in run("evaluate", "model.pkl", *folder).stdout
    picture = tmp_path / "0.npy"
    np.save(picture, np.zeros((28, 28), np.uint8))
    assert re.search(r"\b[a-j]  +\d", run("predict", "model.pkl", picture).stdout)
    assert "emnist-mnist, tiny" in run("download", "--dataset", "x").stderr


def test_an_unknown_dataset_is_told_apart_from_those_that_were_imported(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    iris = load_dataset("iris")
    write_dataset(tmp_path / "flowers.npz", iris.info.format, {"train": iris.train}, source=[])
    folder = ("--data-dir", tmp_path)
    for name, guess in (("mnst", "mnist"), ("flower", "flowers")):
        result = run("train", "sample", "--set", f"data.dataset={name}", *folder)
        assert result.exit_code == 2
        assert f"unknown dataset '{name}' (did you mean '{guess}'?)" in result.stderr
    listed = run("datasets", *folder).stdout
    assert re.search(r"flowers +imported +150 +– +3 +4 +–", listed)
    assert re.search(r" mnist +to download +60,000 +10,000 +10 +28×28", listed)


def test_what_was_imported_is_trained_on_and_measured(
    run: Callable[..., Any], tmp_path: Path
) -> None:
    iris, folder = load_dataset("iris"), ("--data-dir", tmp_path)
    format = replace(iris.info.format, normalization=InputNormalization.standardize(iris.train.x))
    parts = {"train": iris.train, "test": iris.train.take(np.arange(0, 150, 7))}
    write_dataset(tmp_path / "flowers.npz", format, parts, source=[])
    config = ("train", "reference/iris", "--set", "data.dataset=flowers", "--epochs", 20)
    assert run(*config, *folder).exit_code == 0
    found = run("evaluate", "model.pkl", *folder)
    assert "on 22 test samples of flowers" in found.stdout
    model = load_model("model.pkl")
    assert model.format.class_names == iris.info.format.class_names
    assert model.network.normalization is not None
    mean = model.network.normalization.offset
    np.testing.assert_array_equal(mean, iris.train.x.mean(axis=0))
    assert model.sha256 == load_dataset("flowers", tmp_path).sha256
    (tmp_path / "flowers.npz").unlink()
    assert "unknown dataset 'flowers'" in run("evaluate", "model.pkl", *folder).stderr
