import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from mnist_nn.data import load_dataset
from mnist_nn.export import FORMATS
from mnist_nn.model import load_model

Run = Callable[..., Any]


def test_the_file_is_named_after_the_model_and_its_path_is_printed(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    result = run("export", sample_model, "--to", "npz")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "model.npz\n", "")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as weights:
        assert weights["layer_1.weights"].shape == (784, 128)


def test_an_exported_graph_reads_real_digits_as_the_model_does(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    result = run("export", sample_model, "-o", "my net.onnx")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "my net.onnx\n", "")
    digits = load_dataset("mnist-sample").test
    assert digits is not None
    session = onnxruntime.InferenceSession(tmp_path / "my net.onnx")
    _, label = session.run(None, {"samples": digits.x.reshape(-1, 28, 28)})
    expected = load_model(sample_model).predict(digits.x).argmax(axis=1)
    assert (label == expected).all()


def test_the_type_of_the_input_can_be_chosen(run: Run, sample_model: Path, tmp_path: Path) -> None:
    assert run("export", sample_model, "--to", "onnx", "--input", "float32").exit_code == 0
    (read,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").get_inputs()
    assert read.type == "tensor(float)"


def test_a_script_and_its_weights_lie_side_by_side(
    run: Run, sample_model: Path, tmp_path: Path
) -> None:
    result = run("export", sample_model, "--to", "torch", "-o", "net.py")
    assert (result.exit_code, result.stdout) == (0, "net.py\nnet.npz\n")
    assert "import torch" in (tmp_path / "net.py").read_text("utf-8")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as weights:
        assert weights["layer_1.weights"].shape == (784, 128)


def test_without_a_model_the_one_that_ships_is_exported(run: Run, tmp_path: Path) -> None:
    result = run("export", "--to", "onnx")
    assert (result.exit_code, result.stdout) == (0, "digits.onnx\n")
    onnxruntime.InferenceSession(tmp_path / "digits.onnx")


def test_models_answer_together_in_one_graph(run: Run, sample_model: Path, tmp_path: Path) -> None:
    run("train", "sample", "--epochs", 1, "--seed", 5, "-o", "other.pkl")
    names = "model.pkl", "other.pkl"
    result = run("export", *names, "--together", "--to", "onnx")
    assert (result.exit_code, result.stdout) == (0, "committee.onnx\n")
    digits = load_dataset("mnist-sample").test
    assert digits is not None
    session = onnxruntime.InferenceSession(tmp_path / "committee.onnx")
    probabilities, _ = session.run(None, {"samples": digits.x.reshape(-1, 28, 28)})
    expected = [load_model(tmp_path / name).answers(digits.x).outputs for name in names]
    assert np.abs(probabilities - np.mean(expected, axis=0)).max() <= 1e-6


def test_the_list_and_the_help_say_what_each_format_is_for(run: Run) -> None:
    result = run("export", "--list")
    assert (result.exit_code, result.stderr) == (0, "")
    listed, explained = (
        " ".join(text.split()) for text in (result.stdout, run("export", "--help").stdout)
    )
    for entry in FORMATS.values():
        assert f"{entry.name} {entry.purpose} (*{entry.suffixes[0]}" in listed
        assert f"{entry.name}: {entry.purpose}." in explained
    assert max(map(len, result.stdout.splitlines())) <= 80


@pytest.mark.parametrize(
    ("arguments", "complaint", "code"),
    [
        (("model.pkl",), "pass --to and a format: onnx, ", 2),
        (("model.pkl", "--to", "onx"), "unknown format 'onx' (did you mean 'onnx'?)", 2),
        (("model.pkl", "-o", "net.pb"), "no format has files like *.pb; pass --to: onnx, ", 2),
        (("model.pkl", "-o", "net"), "no suffix; pass --to", 2),
        (("model.pkl", "-o", "net.py"), "pass --to torch or --to keras", 2),
        (("same.npz", "--to", "torch"), "same.npz is same.npz itself, which this command", 2),
        (("model.pkl", "--to", "npz", "-o", "net.onnx"), "npz is written to files like *.npz", 2),
        (
            ("model.pkl", "--to", "torch", "-o", "torch.py"),
            "Python would import this script in the",
            2,
        ),
        (("model.pkl", "--to", "npz", "--input", "uint8"), "npz has no choice of the type", 2),
        (("model.pkl", "--to", "onnx", "--input", "int8"), "(did you mean 'uint8'?)", 2),
        (("model.pkl", "same.onnx", "--to", "onnx"), "with --together, or name one", 2),
        (("model.pkl", "--together", "--to", "npz"), "npz has one model in a file", 2),
        (("model.pkl", "same.onnx", "--together", "-o", "same.onnx"), "is same.onnx itself", 2),
        (("model.pkl", "-o", "no/net.onnx"), "/no does not exist", 2),
        (("model.pkl", "-o", "folder.onnx"), "is a folder", 2),
        (("same.onnx", "--to", "onnx"), "is same.onnx itself, which this command reads", 2),
        (("no.pkl", "--to", "onnx"), "no.pkl", 1),
        (("text.pkl", "--to", "onnx"), "text.pkl", 1),
    ],
)
def test_errors_are_short_and_leave_everything_as_it_is(
    arguments: tuple[Any, ...],
    complaint: str,
    code: int,
    run: Run,
    sample_model: Path,
    tmp_path: Path,
) -> None:
    (tmp_path / "text.pkl").write_text("not a model")
    (tmp_path / "folder.onnx").mkdir()
    for name in ("same.onnx", "same.npz"):
        (tmp_path / name).write_bytes(sample_model.read_bytes())
    before = sorted(tmp_path.iterdir())
    result = run("export", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert complaint in result.stderr
    assert len(result.stderr.splitlines()) <= 2
    assert sorted(tmp_path.iterdir()) == before
    assert load_model(tmp_path / "same.onnx")


def forget(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a library be imported anew."""
    for name in [*sys.modules]:
        if name.partition(".")[0] == library:
            monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize(("to", "library"), [("onnx", "onnx"), ("safetensors", "safetensors")])
def test_a_missing_library_is_named_with_the_command_that_installs_it(
    to: str, library: str, run: Run, sample_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget(library, monkeypatch)
    monkeypatch.setitem(sys.modules, library, None)
    result = run("export", sample_model, "--to", to)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"needs {library}, which is not installed" in result.stderr
    assert "[export]" in result.stderr.splitlines()[1]


def test_a_damaged_library_is_said_to_be_so(
    run: Run, sample_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget("safetensors", monkeypatch)
    (tmp_path / "damaged" / "safetensors").mkdir(parents=True)
    code = "raise OSError('a file is missing')"
    (tmp_path / "damaged" / "safetensors" / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path / "damaged")
    result = run("export", sample_model, "--to", "safetensors")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "safetensors, which cannot be loaded: a file is missing" in result.stderr
