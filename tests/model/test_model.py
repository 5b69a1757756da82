import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_nn.config import Source, resolve
from mnist_nn.data import DATASETS, load_dataset
from mnist_nn.errors import ModelError
from mnist_nn.evaluation import Calibration, Subspace
from mnist_nn.model import Model, build_network, current_versions, load_model, save_model
from mnist_nn.nn import block
from mnist_nn.training import EpochMetrics

LAYERS = [{"units": 7, "activation": "relu"}, {"units": 10, "activation": "softmax"}]
CONFIG = resolve([Source("", {"seed": 5, "network": {"layers": LAYERS}})])


def subspace(n: int) -> Subspace:
    return Subspace(np.zeros(n, np.float32), np.eye(n, 64, dtype=np.float32))


@pytest.fixture
def model() -> Model:
    network = build_network(CONFIG, DATASETS["mnist"].format, np.random.default_rng(0))
    history = [EpochMetrics(1, 100, 0.5, 0.9, 1.0, 0.1)]
    return Model(
        config=CONFIG,
        network=network,
        format=DATASETS["mnist"].format,
        history=history,
        sha256={"x_train": "ab"},
        versions=current_versions(),
        calibration=Calibration(1.5, 0.6, -2.5, max_score=4.5, subspace=subspace(784)),
    )


@pytest.fixture
def path(model: Model, tmp_path: Path) -> Path:
    save_model(tmp_path / "model.pkl", model)
    return tmp_path / "model.pkl"


def test_a_path_may_be_a_string(model: Model, tmp_path: Path) -> None:
    save_model(str(tmp_path / "model.pkl"), model)
    assert load_model(str(tmp_path / "model.pkl")).config == model.config


def test_a_model_comes_back_as_it_went(model: Model, path: Path) -> None:
    loaded = load_model(path)
    assert loaded.config == model.config
    assert loaded.history == model.history
    assert loaded.sha256 == {"x_train": "ab"}
    assert loaded.versions == model.versions
    assert loaded.network.dtype == np.float32
    np.testing.assert_array_equal(loaded.network.params, model.network.params)
    x = np.random.default_rng(1).integers(0, 256, (5, 784), dtype=np.uint8)
    np.testing.assert_array_equal(loaded.network.predict(x), model.network.predict(x))
    answers, expected = loaded.answers(x), model.answers(x)
    np.testing.assert_array_equal(answers.outputs, expected.outputs)
    assert answers.score is not None
    assert expected.score is not None
    np.testing.assert_array_equal(answers.score, expected.score)
    np.testing.assert_array_equal(answers.known, expected.known)


def test_anyone_can_read_the_file_as_a_plain_dict(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    assert content["format"] == "mnist-nn model"
    assert content["seed"] == 5
    assert set(content["versions"]) == {"mnist-nn", "numpy", "python"}
    assert content["parameters"]["layer_1.weights"].shape == (784, 7)
    assert set(content["parameters"]) == {
        f"layer_{n}.{kind}" for n in (1, 2) for kind in ("weights", "biases")
    }


def test_half_precision_is_widened(model: Model, path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    for arrays in (content["parameters"], content["calibration"]["subspace"]):
        for name, array in arrays.items():
            arrays[name] = array.astype(">f2" if name == "layer_1.weights" else "f2")
    path.write_bytes(pickle.dumps(content, 4))
    loaded = load_model(path)
    assert loaded.network.dtype == np.float32
    np.testing.assert_array_equal(
        loaded.network.params, model.network.params.astype(np.float16).astype(np.float32)
    )
    assert loaded.calibration is not None
    assert loaded.calibration.subspace is not None
    assert loaded.calibration.subspace.components.dtype == np.float32
    loaded.save(path)
    np.testing.assert_array_equal(load_model(path).network.params, loaded.network.params)


@pytest.mark.parametrize("part", ["parameters", "subspace"])
def test_half_precision_is_not_widened_beyond_the_largest_model(
    part: str, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = pickle.loads(path.read_bytes())
    arrays = content["parameters"]
    if part == "subspace":
        arrays = content["calibration"]["subspace"]
    for name, array in arrays.items():
        arrays[name] = array.astype(np.float16)
    blob = pickle.dumps(content, 4)
    path.write_bytes(blob)
    widened = 4 * sum(array.size for array in arrays.values())
    if part == "parameters":  # which are few here, beside the subspace
        content["calibration"] = None
        blob = pickle.dumps(content, 4)
        path.write_bytes(blob)
    monkeypatch.setattr("mnist_nn.model.model.MAX_BYTES", widened - 1)
    with pytest.raises(ModelError, match=f"it has {widened:,} bytes, more than"):
        load_model(path)


def change_output(content: dict[str, Any], activation: str) -> None:
    content["config"]["network"]["layers"][-1]["activation"] = activation
    content["config"]["training"]["loss"] = "mean_squared_error"


def change_subspace(content: dict[str, Any], key: str, array: NDArray[Any]) -> None:
    content["calibration"]["subspace"][key] = array


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda c: c.update(format="other"), "was not written by mnist-nn train"),
        (lambda c: c.update(version=2), "version is 2, this program reads 1"),
        (lambda c: c.update(version=[[[]]]), "version is of another kind"),
        (lambda c: c.update(version=10**5000), "is damaged or not a pickle"),
        (lambda c: c.pop("history"), "'history' is wrong: Field required"),
        (lambda c: c.update(history=[1]), r"'history\.0' is wrong"),
        (lambda c: c.update(extra=1), "'extra' is wrong"),
        (lambda c: c.update(input_scale="1"), "'input_scale' is wrong"),
        (lambda c: c.update(input_scale=float("nan")), "'input_scale' is wrong"),
        (lambda c: c.update(input_scale=-1.0), "'input_scale' is wrong"),
        (lambda c: c["sample_format"].update(class_names=["a", "b"]), "10 outputs and 2 classes"),
        (
            lambda c: c["calibration"].update(temperature=0.0),
            r"'calibration\.temperature' is wrong",
        ),
        (lambda c: c["calibration"].update(temperature=1e300), r"'calibration\.temperature'"),
        (lambda c: c["calibration"].update(temperature=float("nan")), r"'calibration\.temp"),
        (lambda c: c["calibration"].update(min_probability=-0.1), r"'calibration\.min_prob"),
        (lambda c: c["calibration"].update(min_probability="1"), r"'calibration\.min_prob"),
        (lambda c: c["calibration"].update(max_score=float("inf")), r"'calibration\.max_score'"),
        (lambda c: c["calibration"].update(max_score=None), "a score and no limit for it"),
        (lambda c: c["calibration"].update(subspace=None), "a score and no limit for it"),
        (lambda c: c["calibration"].update(subspace=[]), r"'calibration\.subspace' is wrong"),
        (lambda c: change_subspace(c, "centre", np.zeros(3)), "not of samples of 784 numbers"),
        (
            lambda c: change_subspace(c, "centre", np.zeros(784)),
            "subspace.centre must be float32, by its config",
        ),
        (
            lambda c: change_subspace(c, "components", np.ones(7, np.float32)),
            "not of samples of 784",
        ),
        (
            lambda c: change_subspace(c, "centre", np.full(784, np.nan, np.float32)),
            "calibration's subspace is not finite",
        ),
        (lambda c: c["calibration"].update(other=1), r"'calibration\.other' is wrong"),
        (lambda c: c["calibration"].pop("temperature"), r"'calibration\.temperature' is wrong"),
        (lambda c: c.update(calibration=[]), "'calibration' is wrong"),
        (lambda c: change_output(c, "tanh"), "a calibration, but its outputs are no probabilities"),
        (lambda c: c.update(kept_epoch=2), "its kept epoch is not in its history"),
        (lambda c: c.update(seed=6), "its seed or its dataset is not that of its config"),
        (lambda c: c["dataset"].update(name="\x1b[2J"), "its seed or its dataset is not"),
        (lambda c: c["dataset"].update(sha256=5), r"'dataset\.sha256' is wrong"),
        (lambda c: c["versions"].update(numpy=None), r"'versions\.numpy' is wrong"),
        (
            lambda c: c["config"].update(network={"layers": [[], [], []]}),
            r"network\.layers\.0: must be",
        ),
        (lambda c: c["config"].update(epoch=3), r"epoch: unknown key"),
        (
            lambda c: c["config"]["network"]["layers"][0].update(units=8),
            r"wants 'layer_1.weights' of shape \(784, 8\), it has \(784, 7\)",
        ),
        (
            lambda c: c["config"]["network"]["layers"][0].update(units=100_000),
            r"wants 'layer_1.weights' of shape \(784, 100000\)",
        ),
        (lambda c: c["parameters"].pop("layer_2.biases"), "wants 'layer_2.biases' .* it has None"),
        (lambda c: c["parameters"].update(extra=np.ones(1)), r"wants 'extra' of shape None"),
        (
            lambda c: c["parameters"].update({"layer_1.weights": 3}),
            r"'parameters\.layer_1\.weights' is wrong",
        ),
        (lambda c: c["parameters"].clear(), "wants 'layer_1.weights' of shape .* it has None"),
        (
            lambda c: c["parameters"]["layer_2.weights"].__setitem__(0, np.nan),
            "a weight is not finite",
        ),
        (
            lambda c: c["parameters"].update({"layer_2.biases": np.full(10, 1e300)}),
            "layer_2.biases must be float32, by its config",
        ),
        (
            lambda c: c["config"]["network"].update(bias=False),
            "wants 'layer_1.biases' of shape None",
        ),
    ],
)
def test_a_file_whose_parts_disagree_is_refused(change: Change, complaint: str, path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    change(content)
    path.write_bytes(pickle.dumps(content, 4))
    with pytest.raises(ModelError, match=complaint) as caught:
        load_model(path)
    assert str(path) in str(caught.value)


def test_a_file_without_a_kept_epoch_is_read(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    assert content.pop("kept_epoch") is None  # a file of mnist-nn 0.1 has no such key
    path.write_bytes(pickle.dumps(content, 4))
    assert load_model(path).kept_epoch is None


def test_a_file_without_a_calibration_is_read_and_answers_everything(path: Path) -> None:
    content = pickle.loads(path.read_bytes())
    del content["calibration"]
    path.write_bytes(pickle.dumps(content, protocol=4))
    model, x = load_model(path), np.random.default_rng(1).integers(0, 256, (50, 784), np.uint8)
    answers = model.answers(x)
    assert answers.known.all()
    np.testing.assert_array_equal(answers.outputs, model.predict(x))
    assert "calibration: none" in model.summary()


def test_a_file_cut_off_anywhere_is_refused(path: Path) -> None:
    blob = path.read_bytes()
    for end in [*range(0, 200, 7), *range(200, len(blob), 997), len(blob) - 1]:
        path.write_bytes(blob[:end])
        with pytest.raises(ModelError):
            load_model(path)


def test_a_file_that_is_not_there_or_no_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot read .*nothing\.pkl: No such file"):
        load_model(tmp_path / "nothing.pkl")
    for path in (tmp_path, Path("/dev/zero")):
        with pytest.raises(ModelError, match="not a plain file"):
            load_model(path)


def test_a_file_of_absurd_size_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.pkl"
    with path.open("wb") as file:
        file.truncate(2 << 30)  # sparse: takes no room on the disk
    with pytest.raises(ModelError, match="it has 2,147,483,648 bytes, more than"):
        load_model(path)


def test_a_network_that_diverged_is_not_saved(model: Model, path: Path) -> None:
    before = path.read_bytes()
    model.network.params[3] = np.nan
    with pytest.raises(ModelError, match=r"model\.pkl was not written: a weight is not finite"):
        save_model(path, model)
    assert path.read_bytes() == before


def test_what_could_not_be_read_again_is_not_written(model: Model, tmp_path: Path) -> None:
    model.history.append(EpochMetrics(1, 100, np.nan, 0.9, 1.0, 0.1))
    with pytest.raises(ModelError, match="was not written"):
        save_model(tmp_path / "model.pkl", model)
    assert not (tmp_path / "model.pkl").exists()


def test_a_place_that_cannot_be_written_is_an_error(model: Model, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"cannot write .*model\.pkl"):
        save_model(tmp_path / "no" / "model.pkl", model)


def test_a_file_from_before_layers_were_objects_is_read_as_it_was() -> None:
    """Of mnist-nn at its first commit, format 1: committed, with what it answered then."""
    model = load_model(Path(__file__).parent / "format-1.pkl")
    assert str(model.network.layers) == str(
        [
            *block(12, "leaky_relu", dropout=0.05),
            *block(8, "tanh"),
            *block(10, "softmax"),
        ]
    )
    assert model.config.network.layers[0].batch_norm is False
    test = load_dataset("mnist-sample").test
    assert test is not None
    outputs = model.network.predict(test.x)
    answered = [0.00262, 0.000488, 0.018443, 0.002681, 0.002254, 0.000456, 0.00825]
    assert outputs[0, :7] == pytest.approx(answered, abs=1e-5)
    assert (outputs.argmax(axis=1) == test.y).mean() == 0.915


def test_running_statistics_are_saved_with_the_rest(tmp_path: Path) -> None:
    layers = [
        {"units": 6, "activation": "gelu", "batch_norm": True},
        {"units": 10, "activation": "softmax"},
    ]
    settings = resolve([Source("", {"network": {"layers": layers}})])
    network = build_network(settings, DATASETS["mnist"].format, np.random.default_rng(0))
    network.params[:] += np.random.default_rng(1).uniform(0, 1, network.params.size)
    save_model(
        tmp_path / "m.pkl",
        Model(settings, network, DATASETS["mnist"].format, [], {"x_train": "ab"}, {"a": "1"}),
    )
    loaded = load_model(tmp_path / "m.pkl").network
    assert loaded.params.tobytes() == network.params.tobytes()
    assert "layer_1.variance" in loaded.named_parameters()
    loaded.named_parameters()["layer_1.variance"][2] = -1
    with pytest.raises(ModelError, match=r"a number of its layer_1.variance is negative"):
        save_model(tmp_path / "m.pkl", Model(settings, loaded, DATASETS["mnist"].format, []))
