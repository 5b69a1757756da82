"""``mnist-nn convert``: a file of weights becomes a model that every command takes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_nn.export import export_model
from mnist_nn.model import load_model

Run = Callable[..., Any]
LAYERS = "network.layers=[{units: 30, activation: relu}, {units: 10, activation: softmax}]"
SAMPLE = ("--config", "sample")


@pytest.fixture
def weights(sample_model: Path, tmp_path: Path) -> Path:
    """Weights of the model in model.pkl, as PyTorch saves them."""
    arrays: dict[str, Any] = {}
    for number, dense in enumerate(load_model(sample_model).network.dense):
        arrays |= {f"{2 * number}.weight": dense.W.T, f"{2 * number}.bias": dense.b}
    np.savez(tmp_path / "w.npz", **arrays)
    return tmp_path / "w.npz"


def test_a_converted_model_is_measured_and_taken_by_every_command(
    run: Run, weights: Path, sample_model: Path, tmp_path: Path
) -> None:
    evaluated = json.loads(run("evaluate", sample_model, "--json").stdout)
    result = run("convert", weights, *SAMPLE, "-o", "new.pkl")
    assert (result.exit_code, result.stdout) == (0, "new.pkl\n")
    lines = result.stderr.splitlines()
    trained = load_model(sample_model)
    kind, first = trained.config.network.layers[0].activation, trained.network.dense[0].W.T.shape
    assert lines[0] == f"layer 1 ({kind}): '0.weight', transposed from {first}, and '0.bias'"
    accuracy = f"accuracy {evaluated['accuracy']:.2%} on 1,000 test samples of mnist-sample"
    assert lines[-1] == accuracy
    model = load_model(tmp_path / "new.pkl")
    assert "for samples of mnist-sample" in model.summary()
    again = run("evaluate", "new.pkl", "--json")
    assert json.loads(again.stdout)["accuracy"] == evaluated["accuracy"]
    assert again.stderr == ""
    assert run("draw", "new.pkl", "-o", "page.html").exit_code == 0
    more = ("--epochs", "1", "--quiet", "-o", "more.pkl")
    assert run("train", *SAMPLE, "--init-from", "new.pkl", *more).exit_code == 0
    assert load_model(tmp_path / "more.pkl").history[0].accuracy > evaluated["accuracy"] - 0.1


@pytest.mark.parametrize("to", ["npz", "safetensors", "onnx"])
def test_an_export_is_converted_to_the_same_model(run: Run, to: str, sample_model: Path) -> None:
    path = sample_model.with_name(f"w.{to}")
    path.write_bytes(export_model(load_model(sample_model), to)[f".{to}"])
    assert run("convert", path, *SAMPLE, "-o", "new.pkl").exit_code == 0
    networks = [
        load_model(sample_model.with_name(name)).network for name in ("new.pkl", "model.pkl")
    ]
    np.testing.assert_array_equal(networks[0].params, networks[1].params)


def test_weights_for_data_that_are_not_there_are_measured_on_the_sample(
    run: Run, weights: Path
) -> None:
    result = run("convert", weights, *SAMPLE, "--set", "data.dataset=mnist", "-o", "new.pkl")
    assert "on 1,000 test samples of mnist-sample" in result.stderr
    result = run("convert", weights, *SAMPLE, "--set", "data.dataset=fashion-mnist", "-o", "x.pkl")
    assert result.exit_code == 0
    assert "note: it could not be measured: fashion-mnist" in result.stderr


def test_weights_for_data_without_test_samples_are_measured_on_the_others(
    run: Run, tmp_path: Path
) -> None:
    np.savez(tmp_path / "w.npz", np.eye(4, 3), np.zeros(3))
    layers = "network.layers=[{units: 3, activation: softmax}]"
    result = run("convert", "w.npz", "--set", layers, "--set", "data.dataset=iris")
    assert result.exit_code == 0
    assert "accuracy 33.33% on 150 training samples of iris\n" in result.stderr
    assert result.stderr.endswith("and that the weights read the dataset's measurements\n")


def test_weights_that_read_something_else_are_warned_of(run: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    shapes = ((784, 30), (30,), (30, 10), (10,))
    np.savez(tmp_path / "w.npz", *(rng.normal(size=shape) for shape in shapes))
    result = run("convert", "w.npz", "--set", LAYERS, "--set", "data.dataset=mnist-sample")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1].startswith(
        "warning: that is near chance; check the order"
    )


def test_a_file_of_another_network_says_what_the_config_needs(
    run: Run, weights: Path, sample_model: Path
) -> None:
    result = run("convert", weights, "--set", LAYERS, "-o", "new.pkl")
    assert result.exit_code == 2
    assert "error: w.npz cannot be converted: " in result.stderr.replace(str(weights), "w.npz")
    assert not weights.with_name("new.pkl").exists()
    path = weights.with_name("w.onnx")
    path.write_bytes(export_model(load_model(sample_model), "onnx")[".onnx"])
    result = run("convert", path, "--set", LAYERS, "-o", "new.pkl")
    assert result.exit_code == 2
    remedy = result.stderr.splitlines()[-1]
    assert remedy.startswith("--set network.layers.0.activation=") or "--set 'network" in remedy


def hostile() -> dict[str, bytes]:
    """Files that no one should trust, by name."""
    header = json.dumps({"a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 4]}}).encode()
    lie = np.lib.format.magic(1, 0) + b"\xff\xff{'descr': '<f4', 'fortran_order': False, "
    return {
        "empty.npz": b"",
        "empty.safetensors": b"",
        "empty.onnx": b"",
        "huge.safetensors": len(header).to_bytes(8, "little") + header + bytes(4),
        "endless.safetensors": (2**63).to_bytes(8, "little") + b"{}",
        "text.safetensors": b"\x10" + bytes(7) + b"not JSON at all!",
        "lie.npz": lie,
        "pickle.npz": b"\x80\x04cos\nsystem\n",
    }


@pytest.mark.parametrize("name", sorted(hostile()))
def test_hostile_files_end_in_one_line(run: Run, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(hostile()[name])
    result = run("convert", name, *SAMPLE, "-o", "new.pkl")
    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {name} holds no usable weights: ")
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "new.pkl").exists()


def test_an_archive_that_unpacks_to_too_much_is_not_read(
    run: Run, weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_nn.importing.weights.MAX_BYTES", 1000)
    result = run("convert", weights, *SAMPLE, "-o", "new.pkl")
    assert result.exit_code == 1
    assert "bytes, more than the limit of 1,000" in result.stderr


def test_metadata_that_are_null_are_none(run: Run, tmp_path: Path) -> None:
    tensor = {"dtype": "F32", "shape": [784, 10], "data_offsets": [0, 31360]}
    header = {"__metadata__": None, "w": tensor}
    text = json.dumps(header).encode()
    (tmp_path / "w.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(31360))
    layers = "network.layers=[{units: 10, activation: softmax}]"
    result = run("convert", "w.safetensors", *SAMPLE, "--set", layers, "-o", "new.pkl")
    assert "layer 1 (softmax): 'w' and zeros for biases" in result.stderr
    assert result.exit_code == 0


@pytest.mark.parametrize("name", ["w.npz", "w.safetensors", "w.onnx"])
def test_what_is_no_file_is_refused(run: Run, name: str, tmp_path: Path) -> None:
    assert run("convert", name).exit_code == 1
    (tmp_path / name).mkdir()
    result = run("convert", name)
    assert result.exit_code == 1
    assert "Traceback" not in result.stderr


def test_arrays_of_python_objects_are_not_read(run: Run, tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", np.array([{"a": 1}], dtype=object))
    result = run("convert", "w.npz")
    assert result.exit_code == 1
    assert "it holds Python objects, which could run code and are not read" in result.stderr


def test_a_pickle_is_told_how_to_become_safetensors(run: Run, tmp_path: Path) -> None:
    (tmp_path / "w.pt").write_bytes(b"")
    result = run("convert", "w.pt")
    assert result.exit_code == 2
    assert "safetensors.torch.save_file" in result.stderr


def test_the_weights_are_not_replaced_by_the_model(run: Run, weights: Path) -> None:
    before = weights.read_bytes()
    result = run("convert", weights, *SAMPLE, "-o", weights)
    assert result.exit_code == 2
    assert weights.read_bytes() == before
